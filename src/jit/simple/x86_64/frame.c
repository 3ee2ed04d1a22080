/* SPDX-License-Identifier: BSD-2-Clause */
/* Prologues and epilogues. */
#include "jit/simple/x86_64/x86_64.h"

/* Callee-saved registers of the C ABI that a BPF register lives in. */
static const u8 saved_bpf_regs[] = {BPF_REG_6, BPF_REG_7, BPF_REG_8, BPF_REG_9};

static u32 saved_regs(const struct jit_frame *frame, u8 regs[static 5])
{
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(saved_bpf_regs); i++) {
		if (frame->regs_used & BIT(saved_bpf_regs[i]))
			regs[n++] = simple_reg_of[saved_bpf_regs[i]];
	}
	if (frame->needs_run)
		regs[n++] = REG_RUN;
	return n;
}

s32 simple_may_goto_slot(struct jit *jit)
{
	return -(s32)jit_subprog(jit)->stack_depth - 8;
}

/* Bytes between rbp and the saved registers. */
static u32 locals_size(struct jit *jit, u32 saved)
{
	const struct jit_frame *frame = jit_frame(jit);
	u32 size = ROUND_UP(jit_subprog(jit)->stack_depth, 8u);

	if (frame->has_may_goto)
		size += 8;
	/* rsp is a multiple of 16 where C functions are called; it is one after rbp is pushed. */
	if (frame->calls && (size + 8 * saved) % 16)
		size += 8;
	return size;
}

void simple_prologue(struct jit *jit)
{
	const struct jit_frame *frame = jit_frame(jit);
	u8 regs[5];
	u32 n = saved_regs(frame, regs);
	u32 size = locals_size(jit, n);

	simple_push(jit, RBP);
	simple_mov(jit, OP_W, RBP, RSP);
	if (size)
		simple_alu_imm(jit, OP_W, ALU_SUB, RSP, (s32)size);
	for (u32 i = 0; i < n; i++)
		simple_push(jit, regs[i]);
	if (frame->needs_run)
		simple_mov(jit, OP_W, REG_RUN, REG_RUN_ARG);
	if (frame->has_may_goto) {
		simple_mem(jit, OP_MOV_IMM | OP_W, 0, RBP, simple_may_goto_slot(jit));
		jit_put(jit, BPF_MAX_LOOPS, 4);
	}
}

void simple_frame_drop(struct jit *jit)
{
	u8 regs[5];
	u32 n = saved_regs(jit_frame(jit), regs);

	while (n--)
		simple_pop(jit, regs[n]);
	jit_put(jit, 0xc9, 1); /* leave */
}

void simple_epilogue(struct jit *jit)
{
	simple_frame_drop(jit);
	jit_put(jit, 0xc3, 1); /* ret */
}
