/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a task, on machines whose probes nobody has described yet. */
#ifndef ANYBPF_KERNEL_TYPES_PT_REGS_H
#define ANYBPF_KERNEL_TYPES_PT_REGS_H

#include "kernel/types/base.h"

struct pt_regs {
	unsigned long regs[21];
};

typedef struct pt_regs bpf_user_pt_regs_t;

#endif
