/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a task as probes see them, on arm64. */
#ifndef ANYBPF_KERNEL_TYPES_PT_REGS_H
#define ANYBPF_KERNEL_TYPES_PT_REGS_H

#include "kernel/types/base.h"

struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
};

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			u64 regs[31];
			u64 sp, pc, pstate;
		};
	};
	u64 orig_x0;
	s32 syscallno;
	u32 unused2;
};

typedef struct user_pt_regs bpf_user_pt_regs_t;

#endif
