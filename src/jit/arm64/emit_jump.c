/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparisons and what follows from them: jumps, selections, truth values; ends of blocks. */
#include "jit/arm64/arm64.h"

/* ---- comparisons ---- */

static const u8 cc_of[IR_CC_CNT] = {
	[IR_EQ] = CC_EQ,  [IR_NE] = CC_NE,  [IR_ULT] = CC_LO,  [IR_UGE] = CC_HS,
	[IR_ULE] = CC_LS, [IR_UGT] = CC_HI, [IR_SLT] = CC_LT,  [IR_SGE] = CC_GE,
	[IR_SLE] = CC_LE, [IR_SGT] = CC_GT, [IR_TEST] = CC_NE, [IR_NTEST] = CC_EQ,
};

static bool is_test(const struct ir_insn *insn)
{
	return insn->cc == IR_TEST || insn->cc == IR_NTEST;
}

/* Sets the flags; the condition. */
static enum a64_cc compare(struct a64 *e, const struct ir_insn *insn)
{
	u32 w = a64_w(insn->cmp_width);
	u8 a = a64_reg(e, insn, 0);
	s64 value;

	if (!a64_literal(e, insn, 1, insn->cmp_width, &value))
		a64_rrr(e->code, (is_test(insn) ? A64_ANDS : A64_SUBS) | w, A64_ZR, a,
			a64_reg(e, insn, 1));
	else if (is_test(insn))
		a64_logical_imm(e->code, A64_ANDS_IMM | w, A64_ZR, a, (u64)value);
	else
		a64_add_imm(e->code, A64_SUBS_IMM | w, A64_ZR, a, value);
	return cc_of[insn->cc];
}

/* ---- values of comparisons ---- */

int a64_emit_set(struct a64 *e, const struct ir_insn *insn)
{
	enum a64_cc cc = compare(e, insn);

	a64_csel(e->code, A64_CSINC, (u8)insn->loc, A64_ZR, A64_ZR, cc ^ 1);
	return 0;
}

/* What is taken when the condition does not hold may be made of the zero register. */
static u32 select_op(struct a64 *e, const struct ir_insn *insn, u32 i)
{
	s64 value;

	if (!a64_literal(e, insn, i, 8, &value) || !value)
		return A64_CSEL;
	return value == 1 ? A64_CSINC : A64_CSINV;
}

int a64_emit_select(struct a64 *e, const struct ir_insn *insn)
{
	enum a64_cc cc = compare(e, insn);
	u32 yes = 2, no = 3, op;

	if (select_op(e, insn, 2) != A64_CSEL) {
		yes = 3;
		no = 2;
		cc ^= 1;
	}
	op = select_op(e, insn, no);
	a64_csel(e->code, op | A64_X, (u8)insn->loc, a64_reg(e, insn, yes), a64_reg(e, insn, no),
		 cc);
	return 0;
}

/* ---- ends of blocks ---- */

static void jump_unless_next(struct a64 *e, u32 label)
{
	if (label != e->next)
		a64_jump(e, label);
}

/* The bit that alone decides; 64: there is none. .on: the condition holds when it is set. */
static u8 deciding_bit(struct a64 *e, const struct ir_insn *insn, bool *on)
{
	u64 ones = insn->cmp_width == 8 ? UINT64_MAX : UINT32_MAX;
	s64 value;

	if (!a64_literal(e, insn, 1, 8, &value))
		return 64;
	value &= (s64)ones;
	*on = insn->cc == IR_TEST || insn->cc == IR_SLT;
	if (is_test(insn) && value && !(value & (value - 1)))
		return (u8)__builtin_ctzll((u64)value);
	if ((insn->cc == IR_SLT || insn->cc == IR_SGE) && !value)
		return (u8)(8 * insn->cmp_width - 1);
	return 64;
}

static bool is_zero_test(struct a64 *e, const struct ir_insn *insn)
{
	s64 value;

	return (insn->cc == IR_EQ || insn->cc == IR_NE) &&
	       a64_literal(e, insn, 1, insn->cmp_width, &value) && !value;
}

/* To @label if the condition holds, or if it does not. */
static void branch(struct a64 *e, const struct ir_insn *insn, bool holds, u32 label)
{
	bool on;
	u8 bit = deciding_bit(e, insn, &on);

	if (bit < 64)
		a64_jump_bit(e, on == holds ? A64_TBNZ : A64_TBZ, a64_reg(e, insn, 0), bit, label);
	else if (is_zero_test(e, insn))
		a64_jump_zero(e,
			      ((insn->cc == IR_EQ) == holds ? A64_CBZ : A64_CBNZ) |
				      a64_w(insn->cmp_width),
			      a64_reg(e, insn, 0), label);
	else
		a64_jump_if(e, compare(e, insn) ^ !holds, label);
}

int a64_emit_br(struct a64 *e, const struct ir_insn *insn)
{
	const struct ir_block *block = ir_block(e->fn, insn->block);
	u32 yes = e->landing[block->succ[0]], no = e->landing[block->succ[1]];

	if (yes != no) {
		if (yes == e->next) {
			branch(e, insn, false, no);
			return 0;
		}
		branch(e, insn, true, yes);
	}
	jump_unless_next(e, no);
	return 0;
}

int a64_emit_jmp(struct a64 *e, const struct ir_insn *insn)
{
	jump_unless_next(e, e->landing[ir_block(e->fn, insn->block)->succ[0]]);
	return 0;
}

int a64_emit_ret(struct a64 *e, const struct ir_insn *insn)
{
	if (ir_is_literal(e->fn, insn->arg[0]))
		a64_materialise(e, jit_arm64.ret_reg, ir_at(e->fn, insn->arg[0]));
	a64_return(e);
	return 0;
}

int a64_emit_trap(struct a64 *e, const struct ir_insn *insn __unused)
{
	a64_put(e->code, A64_UDF);
	return 0;
}
