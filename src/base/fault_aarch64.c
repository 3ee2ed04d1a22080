/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal contexts of arm64 Linux. */
#define _GNU_SOURCE
#include "base/fault_context.h"

#include <ucontext.h>

uintptr_t fault_context_pc(const void *context)
{
	const ucontext_t *uc = context;

	return (uintptr_t)uc->uc_mcontext.pc;
}

void fault_context_resume(void *context, uintptr_t pc, u8 zero_reg)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.pc = pc;
	if (zero_reg < 31)
		uc->uc_mcontext.regs[zero_reg] = 0;
}
