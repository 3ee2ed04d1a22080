/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where operands and results have to be, of each operation after lowering:
 * nearly always any register.
 */
#include "jit/arm64/arm64.h"

static void arg_fixed(struct jit_constraints *c, u32 i, u8 reg)
{
	if (c->arg[i].place != PLACE_NONE)
		c->arg[i] = (struct jit_operand){.place = PLACE_FIXED, .reg = reg};
}

/* The base of an access that is made from the stack pointer. */
static bool is_on_stack(const struct ir_fn *fn, const struct ir_insn *insn)
{
	if (!(ir_flags(insn) & IR_OP_MEM) || ir_at(fn, insn->arg[0])->op != IR_FRAME)
		return false;
	return insn->op == IR_LEA || (insn->op != IR_ATOMIC && !insn->arg[1]);
}

/* Everything in registers, where there is something. */
static void start(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c)
{
	u32 n = ir_nargs(fn, insn);

	for (u32 i = 0; i < n; i++) {
		bool none = !insn->arg[i] || ir_is_literal(fn, insn->arg[i]);

		c->arg[i].place = none ? PLACE_NONE : PLACE_REG;
	}
	if (is_on_stack(fn, insn))
		c->arg[0].place = PLACE_NONE;
	if (!(ir_flags(insn) & IR_OP_VOID))
		c->result.place = PLACE_REG;
}

/* Loops read their operands again after the old value has come. */
static void constrain_atomic(const struct ir_fn *fn, const struct ir_insn *insn,
			     struct jit_constraints *c)
{
	bool plain = insn->imm != BPF_XCHG && insn->imm != BPF_CMPXCHG && !(insn->imm & BPF_FETCH);

	if (plain)
		c->result.place = PLACE_NONE;
	else if (!a64_has(fn, A64_LSE))
		c->late_args = BIT(0) | BIT(2) | BIT(3);
	else if (insn->imm == BPF_CMPXCHG)
		c->result = (struct jit_operand){.place = PLACE_SAME, .reg = 3};
}

static void constrain_call(const struct ir_insn *insn, struct jit_constraints *c)
{
	for (u8 i = 0; i < insn->nargs; i++)
		arg_fixed(c, i, jit_arm64.arg_regs[i]);
	c->result = (struct jit_operand){.place = PLACE_FIXED, .reg = jit_arm64.ret_reg};
	c->clobbers = A64_CALLER_SAVED;
}

void a64_constrain(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c)
{
	if (insn->op == IR_PHI || insn->op == IR_MOVE)
		return;
	start(fn, insn, c);
	switch (insn->op) {
	case IR_PARAM:
		c->result = (struct jit_operand){.place = PLACE_FIXED,
						 .reg = jit_arm64.arg_regs[insn->imm]};
		break;
	case IR_HIDE:
		c->result = (struct jit_operand){.place = PLACE_SAME, .reg = 0};
		break;
	case IR_ATOMIC:
		constrain_atomic(fn, insn, c);
		break;
	case IR_CALL:
	case IR_CALL_SUB:
		constrain_call(insn, c);
		break;
	case IR_RET:
		arg_fixed(c, 0, jit_arm64.ret_reg);
		break;
	default:
		break;
	}
}
