/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folding: instructions that do two things. What is folded stands in the same
 * block and is used nowhere else, so that nothing is computed more often; it
 * is dropped as unused.
 */
#include "jit/arm64/arm64.h"

/* Operand @i if it is @op, of which nobody else asks, in the same block. */
static const struct ir_insn *foldable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i,
				      enum ir_op op)
{
	const struct ir_insn *arg = ir_at(fn, insn->arg[i]);

	return arg->op == op && arg->uses == 1 && arg->block == insn->block && !arg->target ? arg
											    : NULL;
}

/* A literal that the instruction holds as it is. */
static bool holds_literal(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	return ir_is_literal(fn, insn->arg[i]) && a64_encodable(fn, insn, i);
}

/* ---- a shifted operand ---- */

/* Whether a wider shift gives @insn the same. */
static bool is_wide_enough(const struct ir_fn *fn, const struct ir_insn *insn,
			   const struct ir_insn *shift)
{
	if (shift->width == insn->width)
		return true;
	return shift->op == IR_SHR && shift->width == 4 && ir_upper_zero(fn, shift->arg[0]);
}

/* Shifted by a number, as wide as @insn looks at it. */
static const struct ir_insn *shifted(const struct ir_fn *fn, const struct ir_insn *insn, u32 i,
				     u8 *mark)
{
	static const struct {
		u8 op, mark;
	} shifts[] = {{IR_SHL, A64_ARG1_LSL}, {IR_SHR, A64_ARG1_LSR}, {IR_SAR, A64_ARG1_ASR}};

	for (u32 k = 0; k < ARRAY_SIZE(shifts); k++) {
		const struct ir_insn *shift = foldable(fn, insn, i, shifts[k].op);

		*mark = shifts[k].mark;
		if (shift && is_wide_enough(fn, insn, shift) && ir_is_const(fn, shift->arg[1]) &&
		    !ir_is_literal(fn, shift->arg[0]))
			return shift;
	}
	return NULL;
}

static void fold_shift(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *shift;
	u8 mark;

	if (insn->target || holds_literal(fn, insn, 1))
		return;
	shift = shifted(fn, insn, 1, &mark);
	if (!shift && ir_flags(insn) & IR_OP_COMM) {
		shift = shifted(fn, insn, 0, &mark);
		if (shift)
			insn->arg[0] = insn->arg[1];
	}
	if (!shift)
		return;
	insn->arg[1] = shift->arg[0];
	insn->target = mark;
	insn->scale = (u8)(ir_at(fn, shift->arg[1])->imm & (8 * shift->width - 1));
}

/* ---- fields ---- */

static u64 low_mask(struct ir_fn *fn, const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_ZEXT8:
		return UINT8_MAX;
	case IR_ZEXT16:
		return UINT16_MAX;
	case IR_ZEXT32:
		return UINT32_MAX;
	default:
		if (!ir_is_const(fn, insn->arg[1]))
			return 0;
		return (u64)ir_at(fn, insn->arg[1])->imm &
		       (insn->width == 8 ? UINT64_MAX : UINT32_MAX);
	}
}

/* A mask of low bits after a shift to the right; .size is the width of the shift. */
static void fold_field(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *shift = foldable(fn, insn, 0, IR_SHR);
	u64 mask = low_mask(fn, insn);
	u32 by;

	if (!shift || !mask || mask & (mask + 1) || !ir_is_const(fn, shift->arg[1]) ||
	    ir_is_literal(fn, shift->arg[0]))
		return;
	by = (u32)(ir_at(fn, shift->arg[1])->imm & (8 * shift->width - 1));
	if (by + (u32)__builtin_popcountll(mask) > 8u * shift->width)
		return;
	insn->op = IR_AND;
	insn->width = 8;
	insn->size = shift->width;
	insn->arg[0] = shift->arg[0];
	insn->arg[1] = ir_const(fn, mask);
	insn->scale = (u8)by;
	insn->target = A64_FIELD;
}

/* ---- products in sums ---- */

static bool fold_product(const struct ir_fn *fn, struct ir_insn *insn, u32 i)
{
	const struct ir_insn *mul = foldable(fn, insn, i, IR_MUL);

	if (!mul || (mul->width < insn->width) || holds_literal(fn, insn, 1 - i))
		return false;
	insn->target = insn->op == IR_ADD ? A64_MUL_ADD : A64_MUL_SUB;
	insn->op = IR_MUL;
	insn->nargs = 3;
	insn->arg[2] = insn->arg[1 - i];
	insn->arg[0] = mul->arg[0];
	insn->arg[1] = mul->arg[1];
	return true;
}

static void fold(struct ir_fn *fn, struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_ADD:
		if (!insn->target && !fold_product(fn, insn, 1) && !fold_product(fn, insn, 0))
			fold_shift(fn, insn);
		break;
	case IR_SUB:
		if (!fold_product(fn, insn, 1))
			fold_shift(fn, insn);
		break;
	case IR_AND:
	case IR_ZEXT8:
	case IR_ZEXT16:
	case IR_ZEXT32:
		fold_field(fn, insn);
		if (insn->op == IR_AND)
			fold_shift(fn, insn);
		break;
	case IR_OR:
	case IR_XOR:
	case IR_ANDN:
		fold_shift(fn, insn);
		break;
	default:
		break;
	}
}

void a64_fold(struct ir_fn *fn)
{
	ir_count_uses(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref)
			fold(fn, ir_at(fn, ref));
	}
}
