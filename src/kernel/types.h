/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's small types that the kernel types of several families are made of. */
#ifndef ANYBPF_KERNEL_TYPES_H
#define ANYBPF_KERNEL_TYPES_H

#include "kernel/types/base.h"

#endif
