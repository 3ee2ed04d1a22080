/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shapes that machines have one instruction for: rotations made of two shifts,
 * counts of bits as compilers spell them out for BPF, and-not. They are looked
 * for as pass_fold leaves them: constants on the right.
 */
#include "jit/pass/make.h"
#include "jit/pass/pass.h"

/* Whether @ref is `x op c`; then *x. */
static bool is_by(const struct ir_fn *fn, ir_ref ref, enum ir_op op, u8 width, u64 c, ir_ref *x)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	if (insn->op != op || insn->width != width || !ir_is_const_of(fn, insn->arg[1], c))
		return false;
	*x = insn->arg[0];
	return true;
}

/* ---- rotations ---- */

/* Past extensions that leave the low half. */
static ir_ref low_half(const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	return insn->op == IR_ZEXT32 || insn->op == IR_SEXT32 ? insn->arg[0] : ref;
}

static bool same_operand(const struct ir_fn *fn, ir_ref a, ir_ref b, u8 width)
{
	return a == b || (width == 4 && low_half(fn, a) == low_half(fn, b));
}

/* Whether the counts, which are taken modulo the width, always add up to it. */
static bool complementary(const struct ir_fn *fn, ir_ref a, ir_ref b, u8 width)
{
	const struct ir_insn *count = ir_at(fn, b);
	u64 mask = width * 8u - 1;

	if (ir_is_const(fn, a) && ir_is_const(fn, b)) {
		u64 sum = (u64)ir_at(fn, a)->imm + (u64)ir_at(fn, b)->imm;

		return !(sum & mask);
	}
	if (count->op == IR_NEG)
		return low_half(fn, count->arg[0]) == low_half(fn, a);
	return count->op == IR_SUB && low_half(fn, count->arg[1]) == low_half(fn, a) &&
	       ir_is_const(fn, count->arg[0]) && !((u64)ir_at(fn, count->arg[0])->imm & mask);
}

/* A count that is known, and no multiple of the width. */
static bool known_count(const struct ir_fn *fn, ir_ref ref, u8 width)
{
	return ir_is_const(fn, ref) && (u64)ir_at(fn, ref)->imm & (width * 8u - 1);
}

/*
 * x << n | x >> (w - n). With a count of 0 both are x, which only `or` may have
 * twice.
 */
static ir_ref rotation(struct ir_fn *fn, ir_ref at, ir_ref left, ir_ref right, u8 width)
{
	const struct ir_insn *shl = ir_at(fn, left), *shr = ir_at(fn, right);
	struct make m = {fn, at};
	bool known;

	if (shl->op != IR_SHL || shr->op != IR_SHR || shr->width != width || shl->width < width ||
	    !same_operand(fn, shl->arg[0], shr->arg[0], width))
		return 0;
	known = known_count(fn, shl->arg[1], width) && known_count(fn, shr->arg[1], width);
	if (shl->width != width && (!known || (u64)ir_at(fn, shl->arg[1])->imm >= width * 8u))
		return 0;
	if (!known && ir_at(fn, at)->op != IR_OR)
		return 0;
	if (complementary(fn, shl->arg[1], shr->arg[1], width) ||
	    complementary(fn, shr->arg[1], shl->arg[1], width))
		return make_binary(&m, IR_ROL, width, shl->arg[0], shl->arg[1]);
	return 0;
}

static ir_ref find_rotation(struct ir_fn *fn, ir_ref at)
{
	const struct ir_insn *insn = ir_at(fn, at);
	ir_ref a = insn->arg[0], b = insn->arg[1], value;
	u8 width = insn->width;

	/* Two halves without upper ones may be joined by a 64-bit operation. */
	if (width == 8 && ir_at(fn, a)->width == 4 && ir_at(fn, b)->width == 4)
		width = 4;
	value = rotation(fn, at, a, b, width);
	return value ? value : rotation(fn, at, b, a, width);
}

/* ---- counts of bits ---- */

/* @ref is a sum whose operands are found by @is_left and @is_right, either way round. */
static bool is_sum_with(const struct ir_fn *fn, ir_ref ref, u8 width, u64 mask, u64 shift,
			ir_ref *y)
{
	const struct ir_insn *sum = ir_at(fn, ref);

	if (sum->op != IR_ADD || sum->width != width)
		return false;
	for (u32 i = 0; i < 2; i++) {
		ir_ref plain = sum->arg[i], shifted = sum->arg[!i], of, moved;

		if (mask && (!is_by(fn, plain, IR_AND, width, mask, &plain) ||
			     !is_by(fn, shifted, IR_AND, width, mask, &shifted)))
			return false;
		of = plain;
		if (is_by(fn, shifted, IR_SHR, width, shift, &moved) && moved == of) {
			*y = of;
			return true;
		}
	}
	return false;
}

/*
 *	y = x - (x >> 1 & 0x55..)
 *	z = (y & 0x33..) + (y >> 2 & 0x33..)
 *	((z + (z >> 4) & 0x0f..) * 0x01..) >> w - 8
 */
static ir_ref find_popcount(struct ir_fn *fn, ir_ref at)
{
	u8 width = ir_at(fn, at)->width;
	u64 all = width_mask(width);
	const struct ir_insn *diff;
	struct make m = {fn, at};
	ir_ref ref, x;

	if (!is_by(fn, at, IR_SHR, width, width * 8u - 8, &ref) ||
	    !is_by(fn, ref, IR_MUL, width, all / 0xff, &ref) ||
	    !is_by(fn, ref, IR_AND, width, all / 0xff * 0x0f, &ref) ||
	    !is_sum_with(fn, ref, width, 0, 4, &ref) ||
	    !is_sum_with(fn, ref, width, all / 0xff * 0x33, 2, &ref))
		return 0;
	diff = ir_at(fn, ref);
	if (diff->op != IR_SUB || diff->width != width ||
	    !is_by(fn, diff->arg[1], IR_AND, width, all / 0xff * 0x55, &x) ||
	    !is_by(fn, x, IR_SHR, width, 1, &x) || x != diff->arg[0])
		return 0;
	return make_unary(&m, IR_POPCNT, width, x);
}

/* ---- and-not ---- */

static ir_ref find_andn(struct ir_fn *fn, ir_ref at)
{
	const struct ir_insn *insn = ir_at(fn, at);
	struct make m = {fn, at};

	for (u32 i = 0; i < 2; i++) {
		const struct ir_insn *not = ir_at(fn, insn->arg[i]);

		if (not ->op == IR_NOT && not ->width >= insn->width && not ->uses == 1)
			return make_binary(&m, IR_ANDN, insn->width, insn->arg[!i], not ->arg[0]);
	}
	return 0;
}

/* ---- the pass ---- */

typedef ir_ref (*finder)(struct ir_fn *fn, ir_ref at);

static const finder finders[IR_OP_CNT] = {
	[IR_OR] = find_rotation,  [IR_XOR] = find_rotation, [IR_ADD] = find_rotation,
	[IR_SHR] = find_popcount, [IR_AND] = find_andn,
};

bool pass_idiom(struct ir_fn *fn)
{
	bool changed = false;

	ir_count_uses(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			finder find = finders[ir_at(fn, ref)->op];
			ir_ref value = find ? find(fn, ref) : 0;

			if (!value)
				continue;
			ir_replace(fn, ref, value);
			changed = true;
		}
	}
	return changed;
}
