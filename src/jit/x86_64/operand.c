/* SPDX-License-Identifier: BSD-2-Clause */
/* Where operands are: registers, spill slots, folded memory, the instruction itself. */
#include "jit/x86_64/x86_64.h"

struct x86_rm x86_slot(const struct x86 *e, u16 loc)
{
	return x86_at(RSP, e->frame.slots_at + 8 * (loc - IR_LOC_SLOT));
}

struct x86_rm x86_arg(const struct x86 *e, const struct ir_insn *insn, u32 i)
{
	if (insn->target == (i ? X86_MEM_ARG1 : X86_MEM_ARG0) && i < 2)
		return x86_address(e, insn, x86_folded_at(insn));
	if (insn->aloc[i] >= IR_LOC_SLOT)
		return x86_slot(e, insn->aloc[i]);
	return x86_in_reg((u8)insn->aloc[i]);
}

struct x86_rm x86_address(const struct x86 *e, const struct ir_insn *insn, u32 i)
{
	const struct ir_insn *base = ir_at(e->fn, insn->arg[i]);
	struct x86_rm rm = {
		.mem = true,
		.base = X86_NO_REG,
		.index = X86_NO_REG,
		.scale = insn->scale,
		.disp = insn->disp,
	};

	if (insn->arg[i + 1])
		rm.index = (u8)insn->aloc[i + 1];
	if (base->op == IR_FRAME) {
		rm.base = RSP;
		rm.disp += (s32)base->imm + e->frame.stack_at;
	} else if (ir_is_literal(e->fn, insn->arg[i])) {
		rm.disp += (s32)base->imm;
	} else if (insn->arg[i]) {
		rm.base = (u8)insn->aloc[i];
	}
	return rm;
}

bool x86_literal(const struct x86 *e, const struct ir_insn *insn, u32 i, u8 width, s64 *value)
{
	const struct ir_insn *arg = ir_at(e->fn, insn->arg[i]);

	if (!insn->arg[i] || !ir_is_literal(e->fn, insn->arg[i]))
		return false;
	*value = width == 8 ? arg->imm : (s32)arg->imm;
	return true;
}
