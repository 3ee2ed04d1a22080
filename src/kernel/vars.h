/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables of the host's kernel, those of protos/vars.def: one copy for each
 * CPU, made when somebody first asks, and found as the copies of an object
 * that a program has allocated so (object/owned.h).
 */
#ifndef ANYBPF_KERNEL_VARS_H
#define ANYBPF_KERNEL_VARS_H

#include "kernel/kernel.h"

/* NULL when there is none of that name, or no memory. */
void *kernel_var(struct host *host, const char *name);

#endif
