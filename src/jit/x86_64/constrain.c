/* SPDX-License-Identifier: BSD-2-Clause */
/* Where operands and results have to be, of each operation after lowering. */
#include "jit/x86_64/x86_64.h"

static void arg_fixed(struct jit_constraints *c, u32 i, u8 reg)
{
	if (c->arg[i].place != PLACE_NONE)
		c->arg[i] = (struct jit_operand){.place = PLACE_FIXED, .reg = reg};
}

static void arg_any(struct jit_constraints *c, u32 i)
{
	if (c->arg[i].place == PLACE_REG)
		c->arg[i].place = PLACE_ANY;
}

static void result_fixed(struct jit_constraints *c, u8 reg)
{
	c->result = (struct jit_operand){.place = PLACE_FIXED, .reg = reg};
}

static void result_same(struct jit_constraints *c, u8 arg)
{
	c->result = (struct jit_operand){.place = PLACE_SAME, .reg = arg};
}

/* Everything in registers, where there is something. */
static void start(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c)
{
	bool mem = ir_flags(insn) & IR_OP_MEM;
	u32 n = ir_nargs(fn, insn), base = mem ? 0 : x86_is_folded(insn) ? x86_folded_at(insn) : n;

	for (u32 i = 0; i < n; i++) {
		bool none = !insn->arg[i] || ir_is_literal(fn, insn->arg[i]) ||
			    (i == base && ir_at(fn, insn->arg[i])->op == IR_FRAME);

		c->arg[i].place = none ? PLACE_NONE : PLACE_REG;
	}
	if (!(ir_flags(insn) & IR_OP_VOID))
		c->result.place = PLACE_REG;
}

static bool has_literal(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	return insn->arg[i] && ir_is_literal(fn, insn->arg[i]);
}

static void constrain_mul(const struct ir_fn *fn, const struct ir_insn *insn,
			  struct jit_constraints *c)
{
	if (!has_literal(fn, insn, 1)) {
		arg_any(c, 1);
		result_same(c, 0);
	} else if (!x86_lea_scale(fn, insn)) {
		arg_any(c, 0);
	}
}

static void constrain_umulh(const struct ir_fn *fn, struct jit_constraints *c)
{
	arg_any(c, 1);
	if (x86_has(fn, X86_BMI2)) {
		arg_fixed(c, 0, RDX);
		return;
	}
	arg_fixed(c, 0, RAX);
	result_fixed(c, RDX);
	c->clobbers = BIT(RAX);
}

static void constrain_shift(const struct ir_fn *fn, const struct ir_insn *insn,
			    struct jit_constraints *c)
{
	bool bmi2 = x86_has(fn, X86_BMI2), rotate = insn->op == IR_ROL;

	if (has_literal(fn, insn, 1)) {
		if (!rotate || !bmi2)
			result_same(c, 0);
	} else if (bmi2 && !rotate) {
		arg_any(c, 0);
	} else {
		arg_fixed(c, 1, RCX);
		result_same(c, 0);
	}
}

static void constrain_division(struct jit_constraints *c, u8 result, u8 other)
{
	arg_fixed(c, 0, RAX);
	arg_any(c, 1);
	result_fixed(c, result);
	c->clobbers = BIT(other);
	c->late_args = BIT(1);
}

static void constrain_compare(const struct ir_fn *fn, const struct ir_insn *insn,
			      struct jit_constraints *c)
{
	if (has_literal(fn, insn, 1))
		arg_any(c, 0);
	else if (!x86_is_folded(insn))
		arg_any(c, 1);
}

/* The result takes the place of the one that ends here, mostly that which stays. */
static void constrain_select(const struct ir_fn *fn, const struct ir_insn *insn,
			     struct jit_constraints *c)
{
	bool yes = has_literal(fn, insn, 2), no = has_literal(fn, insn, 3);

	constrain_compare(fn, insn, c);
	if (no)
		c->late_args = BIT(2);
	else if (yes)
		c->late_args = BIT(3);
	else if (ir_at(fn, insn->arg[3])->uses > 1 && ir_at(fn, insn->arg[2])->uses == 1)
		result_same(c, 2);
	else
		result_same(c, 3);
}

static void constrain_atomic(const struct ir_insn *insn, struct jit_constraints *c)
{
	switch (insn->imm) {
	case BPF_CMPXCHG:
		arg_fixed(c, 3, RAX);
		result_fixed(c, RAX);
		break;
	case BPF_AND | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
		result_fixed(c, RAX);
		c->late_args = BIT(0) | BIT(1) | BIT(2);
		break;
	case BPF_XCHG:
	case BPF_ADD | BPF_FETCH:
		break;
	default:
		c->result.place = PLACE_NONE;
		break;
	}
}

static void constrain_call(const struct ir_insn *insn, struct jit_constraints *c)
{
	for (u8 i = 0; i < insn->nargs; i++)
		arg_fixed(c, i, jit_x86_64.arg_regs[i]);
	result_fixed(c, RAX);
	c->clobbers = X86_CALLER_SAVED;
}

/* Of arithmetic; false: it is none. */
static bool constrain_arithmetic(const struct ir_fn *fn, const struct ir_insn *insn,
				 struct jit_constraints *c)
{
	switch (insn->op) {
	case IR_ADD:
		arg_any(c, 1);
		if (x86_is_folded(insn))
			result_same(c, 0);
		return true;
	case IR_SUB:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
		arg_any(c, 1);
		result_same(c, 0);
		return true;
	case IR_MUL:
		constrain_mul(fn, insn, c);
		return true;
	case IR_UMULH:
		constrain_umulh(fn, c);
		return true;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_ROL:
		constrain_shift(fn, insn, c);
		return true;
	case IR_UDIV:
	case IR_SDIV:
		constrain_division(c, RAX, RDX);
		return true;
	case IR_UMOD:
	case IR_SMOD:
		constrain_division(c, RDX, RAX);
		return true;
	default:
		return false;
	}
}

void x86_constrain(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c)
{
	if (insn->op == IR_PHI || insn->op == IR_MOVE)
		return;
	start(fn, insn, c);
	if (constrain_arithmetic(fn, insn, c))
		return;
	switch (insn->op) {
	case IR_PARAM:
		result_fixed(c, jit_x86_64.arg_regs[insn->imm]);
		break;
	case IR_HIDE:
	case IR_NEG:
	case IR_NOT:
	case IR_BSWAP16:
	case IR_BSWAP32:
	case IR_BSWAP64:
		result_same(c, 0);
		break;
	case IR_ANDN:
	case IR_ZEXT8:
	case IR_ZEXT16:
	case IR_ZEXT32:
	case IR_SEXT8:
	case IR_SEXT16:
	case IR_SEXT32:
	case IR_POPCNT:
		arg_any(c, 0);
		break;
	case IR_SET:
	case IR_BR:
		constrain_compare(fn, insn, c);
		break;
	case IR_SELECT:
		constrain_select(fn, insn, c);
		break;
	case IR_ATOMIC:
		constrain_atomic(insn, c);
		break;
	case IR_CALL:
	case IR_CALL_SUB:
		constrain_call(insn, c);
		break;
	case IR_RET:
		arg_fixed(c, 0, RAX);
		break;
	default:
		break;
	}
}
