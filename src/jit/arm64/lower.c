/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: what the machine has no instruction for becomes several
 * instructions, and what has a better form gets it.
 */
#include "jit/arm64/arm64.h"

static u64 ones_of(u8 width)
{
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

/* ---- arithmetic ---- */

/* Subtracting a literal is adding another. */
static void expand_sub(struct ir_fn *fn, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1];

	if (ir_is_const(fn, b))
		jit_rewrite(insn, IR_ADD, a, ir_const(fn, 0 - (u64)ir_at(fn, b)->imm));
	else if (ir_is_const_of(fn, a, 0))
		jit_rewrite(insn, IR_NEG, b, 0);
}

static void expand_andn(struct ir_fn *fn, struct ir_insn *insn)
{
	if (ir_is_const(fn, insn->arg[1]))
		jit_rewrite(insn, IR_AND, insn->arg[0],
			    ir_const(fn, ~(u64)ir_at(fn, insn->arg[1])->imm));
}

static void expand_xor(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *b = ir_at(fn, insn->arg[1]);

	if (b->op == IR_CONST && !(~(u64)b->imm & ones_of(insn->width)))
		jit_rewrite(insn, IR_NOT, insn->arg[0], 0);
}

/* One more than a power of two: the number and its multiple in one sum. */
static void expand_mul(struct ir_fn *fn, struct ir_insn *insn)
{
	u64 by;

	if (!ir_is_const(fn, insn->arg[1]) || ir_is_literal(fn, insn->arg[0]))
		return;
	by = (u64)ir_at(fn, insn->arg[1])->imm & ones_of(insn->width);
	if (by < 3 || (by - 1) & (by - 2))
		return;
	jit_rewrite(insn, IR_ADD, insn->arg[0], insn->arg[0]);
	insn->target = A64_ARG1_LSL;
	insn->scale = (u8)__builtin_ctzll(by - 1);
}

/* ---- comparisons ---- */

bool a64_fits_compare(u8 width, u64 value)
{
	return a64_is_add(width == 8 ? (s64)value : (s32)value);
}

/* Another condition that the literal's neighbour takes part in; the neighbour is @step away. */
static u8 with_neighbour(u8 cc, s64 *step)
{
	static const struct {
		u8 cc;
		s8 step;
	} neighbours[IR_CC_CNT] = {
		[IR_ULT] = {IR_ULE, -1}, [IR_ULE] = {IR_ULT, 1},  [IR_UGE] = {IR_UGT, -1},
		[IR_UGT] = {IR_UGE, 1},	 [IR_SLT] = {IR_SLE, -1}, [IR_SLE] = {IR_SLT, 1},
		[IR_SGE] = {IR_SGT, -1}, [IR_SGT] = {IR_SGE, 1},
	};

	*step = neighbours[cc].step;
	return neighbours[cc].cc;
}

/* Whether @value has no neighbour in that direction, of signed or unsigned numbers. */
static bool is_end(u8 cc, u8 width, u64 value, s64 step)
{
	u64 ones = ones_of(width), top = ones ^ ones >> 1;
	bool is_signed = cc >= IR_SLT;

	value &= ones;
	if (step < 0)
		return value == (is_signed ? top : 0);
	return value == (is_signed ? top - 1 : ones);
}

/* Comparisons with 0 are cheap, and of two neighbours one may be encodable. */
static void choose_literal(struct ir_fn *fn, struct ir_insn *insn)
{
	u64 value = (u64)ir_at(fn, insn->arg[1])->imm & ones_of(insn->cmp_width), other;
	s64 step;
	u8 cc = with_neighbour(insn->cc, &step);

	if (step && !is_end(insn->cc, insn->cmp_width, value, step)) {
		other = (value + (u64)step) & ones_of(insn->cmp_width);
		if (!other || (value && !a64_fits_compare(insn->cmp_width, value) &&
			       a64_fits_compare(insn->cmp_width, other))) {
			insn->cc = cc;
			insn->arg[1] = ir_const(fn, other);
			value = other;
		}
	}
	if (!value && insn->cc == IR_ULE)
		insn->cc = IR_EQ;
	if (!value && insn->cc == IR_UGT)
		insn->cc = IR_NE;
}

static void expand_compare(struct ir_fn *fn, struct ir_insn *insn)
{
	if (ir_is_literal(fn, insn->arg[0]) && !ir_is_literal(fn, insn->arg[1])) {
		jit_swap_args(insn);
		insn->cc = (u8)ir_cc_swap(insn->cc);
	}
	if (ir_is_const(fn, insn->arg[1]))
		choose_literal(fn, insn);
}

/* ---- all ---- */

static void expand(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	u16 flags = ir_flags(insn);

	if (flags & IR_OP_COMM && ir_is_literal(fn, insn->arg[0]))
		jit_swap_args(insn);
	if (flags & IR_OP_CC)
		expand_compare(fn, insn);
	switch (insn->op) {
	case IR_SUB:
		expand_sub(fn, insn);
		break;
	case IR_ANDN:
		expand_andn(fn, insn);
		break;
	case IR_XOR:
		expand_xor(fn, insn);
		break;
	case IR_MUL:
		expand_mul(fn, insn);
		break;
	case IR_UDIV:
	case IR_UMOD:
	case IR_SDIV:
	case IR_SMOD:
		jit_narrow_division(fn, insn);
		break;
	case IR_POPCNT:
		if (!a64_has(fn, A64_ASIMD))
			jit_expand_popcnt(fn, ref);
		break;
	default:
		break;
	}
}

void a64_expand(struct ir_fn *fn)
{
	ir_each_block (fn, b) {
		ir_each (fn, b, ref)
			expand(fn, ref);
	}
}

void a64_lower(struct ir_fn *fn)
{
	a64_expand(fn);
	jit_blind(fn);
	a64_fold(fn);
	a64_fold_addresses(fn);
	a64_place_literals(fn);
}
