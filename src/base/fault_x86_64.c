/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal contexts of x86-64 Linux. */
#define _GNU_SOURCE
#include "base/fault_context.h"

#include <ucontext.h>

/* The place in gregs[] of each register, by its number in instruction encodings. */
static const u8 greg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

uintptr_t fault_context_pc(const void *context)
{
	const ucontext_t *uc = context;

	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}

void fault_context_resume(void *context, uintptr_t pc, u8 zero_reg)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
	if (zero_reg < ARRAY_SIZE(greg_of))
		uc->uc_mcontext.gregs[greg_of[zero_reg]] = 0;
}
