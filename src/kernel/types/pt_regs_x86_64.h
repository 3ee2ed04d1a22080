/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a task as probes see them, on x86_64. */
#ifndef ANYBPF_KERNEL_TYPES_PT_REGS_H
#define ANYBPF_KERNEL_TYPES_PT_REGS_H

#include "kernel/types/base.h"

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

typedef struct pt_regs bpf_user_pt_regs_t;

#endif
