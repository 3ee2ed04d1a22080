/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules for masks, shifts, extensions and byte swaps. Masks of whole bytes
 * become extensions; an extension or mask of bits that are zero anyway goes.
 */
#include "jit/pass/fold.h"

/* ---- what extensions keep ---- */

struct extension {
	u8 bits; /* that count of the operand; 0: it is none */
	bool sign;
};

static struct extension extension_of(const struct ir_insn *insn)
{
	static const struct extension table[IR_OP_CNT] = {
		[IR_ZEXT8] = {8, false}, [IR_ZEXT16] = {16, false}, [IR_ZEXT32] = {32, false},
		[IR_SEXT8] = {8, true},	 [IR_SEXT16] = {16, true},  [IR_SEXT32] = {32, true},
	};

	return table[insn->op];
}

static u64 low_mask(u32 bits)
{
	return bits >= 64 ? UINT64_MAX : BIT_ULL(bits) - 1;
}

/* Past what only changes bits above the low @bits ones. */
static ir_ref strip(const struct fold *f, ir_ref ref, u32 bits)
{
	for (;;) {
		const struct ir_insn *insn = fold_def(f, ref);
		u64 c;

		if (extension_of(insn).bits >= bits ||
		    (insn->op == IR_AND && insn->width * 8u >= bits &&
		     fold_const(f, insn->arg[1], &c) && (c & low_mask(bits)) == low_mask(bits)))
			ref = insn->arg[0];
		else
			return ref;
	}
}

/* The value modulo 2 to the power of @bits, or 0 when no single operation does it. */
static ir_ref low_bits(struct fold *f, ir_ref ref, u32 bits)
{
	if (bits == 8)
		return fold_unary(f, IR_ZEXT8, 8, ref);
	if (bits == 16)
		return fold_unary(f, IR_ZEXT16, 8, ref);
	if (bits == 32)
		return fold_unary(f, IR_ZEXT32, 8, ref);
	if (bits < 32)
		return fold_by(f, IR_AND, 4, ref, low_mask(bits));
	return !(fold_ones(f, ref) & ~low_mask(bits)) ? ref : 0;
}

/* ---- masks ---- */

static ir_ref and_of(struct fold *f, struct ir_insn *insn, u64 c)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	u8 width = insn->width;
	struct extension ext = extension_of(a);
	u64 by;

	if (a->op == IR_AND && fold_const(f, a->arg[1], &by))
		return fold_become_by(f, insn, IR_AND, width, a->arg[0],
				      by & c & width_mask(a->width));
	if (ext.bits && !ext.sign)
		return fold_become_by(f, insn, IR_AND, 8, a->arg[0], c & low_mask(ext.bits));
	if (ext.bits && c <= low_mask(ext.bits))
		return fold_become_by(f, insn, IR_AND, 8, a->arg[0], c);
	if ((a->op == IR_OR || a->op == IR_XOR) && !(fold_ones(f, a->arg[1]) & c))
		return fold_become_by(f, insn, IR_AND, width, a->arg[0], c & width_mask(a->width));
	if ((a->op == IR_OR || a->op == IR_XOR) && !(fold_ones(f, a->arg[0]) & c))
		return fold_become_by(f, insn, IR_AND, width, a->arg[1], c & width_mask(a->width));
	return 0;
}

static ir_ref fold_and(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1];
	u8 width = insn->width;
	u64 c, ones;

	if (a == b)
		return fold_low(f, a, width);
	if (!fold_const(f, b, &c)) {
		if (!(fold_ones(f, a) & fold_ones(f, b) & width_mask(width)))
			return fold_number(f, 0);
		return 0;
	}
	ones = fold_ones(f, a);
	if (!(ones & c))
		return fold_number(f, 0);
	if (!(ones & ~c))
		return a;
	if (c == UINT8_MAX)
		return fold_become(f, insn, IR_ZEXT8, 8, a, 0);
	if (c == UINT16_MAX)
		return fold_become(f, insn, IR_ZEXT16, 8, a, 0);
	if (c == UINT32_MAX)
		return fold_become(f, insn, IR_ZEXT32, 8, a, 0);
	if (width == 8 && c <= UINT32_MAX)
		return fold_become_by(f, insn, IR_AND, 4, a, c);
	return and_of(f, insn, c);
}

static ir_ref fold_or(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0];
	u8 width = insn->width;
	u64 c, by;

	if (a == insn->arg[1])
		return fold_low(f, a, width);
	if (!fold_const(f, insn->arg[1], &c))
		return 0;
	if (!c)
		return fold_low(f, a, width);
	if (c == width_mask(width))
		return fold_number(f, c);
	if (fold_is_by(f, a, IR_OR, width, &by))
		return fold_become_by(f, insn, IR_OR, width, fold_def(f, a)->arg[0], by | c);
	return 0;
}

static ir_ref fold_xor(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1];
	const struct ir_insn *left = fold_def(f, a);
	u8 width = insn->width;
	u64 c, by;

	if (a == b)
		return fold_number(f, 0);
	if (left->op == IR_XOR && left->width >= width && left->arg[1] == b)
		return fold_low(f, left->arg[0], width);
	if (left->op == IR_XOR && left->width >= width && left->arg[0] == b)
		return fold_low(f, left->arg[1], width);
	if (!fold_const(f, b, &c))
		return 0;
	if (!c)
		return fold_low(f, a, width);
	if (c == width_mask(width))
		return fold_become(f, insn, IR_NOT, width, a, 0);
	if (fold_is_by(f, a, IR_XOR, width, &by))
		return fold_become_by(f, insn, IR_XOR, width, left->arg[0], by ^ c);
	if (left->op == IR_SET && c == 1) {
		struct ir_insn set = *left;

		set.cc = (u8)ir_cc_not(set.cc);
		return fold_make(f, set);
	}
	return 0;
}

static ir_ref fold_not(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);

	if (a->op == IR_NOT && a->width >= insn->width)
		return fold_low(f, a->arg[0], insn->width);
	return 0;
}

/* ---- shifts ---- */

/* Counts are taken modulo the width; what changes only higher bits of them is for nothing. */
static bool fold_count(struct fold *f, struct ir_insn *insn, u64 *n)
{
	u64 mask = insn->width * 8u - 1;
	ir_ref count = strip(f, insn->arg[1], insn->width == 8 ? 6 : 5);

	if (count != insn->arg[1]) {
		insn->arg[1] = count;
		fold_again(f);
	}
	if (!fold_const(f, count, n))
		return false;
	if (*n & ~mask) {
		insn->arg[1] = fold_number(f, *n & mask);
		fold_again(f);
	}
	*n &= mask;
	return true;
}

static ir_ref fold_shl(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], inner;
	u8 width = insn->width;
	u32 bits = width * 8u;
	u64 n, by;

	if (!fold_count(f, insn, &n) || f->again)
		return 0;
	if (!n)
		return fold_low(f, a, width);
	if (!(fold_ones(f, a) << n & width_mask(width)))
		return fold_number(f, 0);
	if (fold_is_by(f, a, IR_SHL, width, &by)) {
		by = (by & (bits - 1)) + n;
		if (by >= bits)
			return fold_number(f, 0);
		return fold_become_by(f, insn, IR_SHL, width, fold_def(f, a)->arg[0], by);
	}
	inner = strip(f, a, bits - (u32)n);
	if (inner != a)
		return fold_become_by(f, insn, IR_SHL, width, inner, n);
	if (fold_is_by(f, a, IR_SHR, width, &by) && (by & (bits - 1)) == n && n < 32)
		return fold_become_by(f, insn, IR_AND, width, fold_def(f, a)->arg[0],
				      width_mask(width) << n);
	return 0;
}

/* (x << by) >> n */
static ir_ref shr_of_shl(struct fold *f, struct ir_insn *insn, ir_ref x, u64 by, u64 n)
{
	u8 width = insn->width;
	u32 bits = width * 8u;
	ir_ref low;

	if (by == 32 && n > by)
		return fold_become_by(f, insn, IR_SHR, 4, x, n - by);
	if (n >= by && bits - n < 32) { /* a field of bits */
		ir_ref moved = fold_by(f, IR_SHR, width, x, n - by);

		return n == by ? low_bits(f, x, bits - (u32)n) : low_bits(f, moved, bits - (u32)n);
	}
	low = low_bits(f, x, bits - (u32)by);
	if (!low)
		return 0;
	if (n == by)
		return low;
	return n > by ? fold_become_by(f, insn, IR_SHR, width, low, n - by)
		      : fold_become_by(f, insn, IR_SHL, width, low, by - n);
}

/* Of swapped bytes the upper ones are the lower ones swapped. */
static ir_ref shr_of_bswap(struct fold *f, struct ir_insn *insn, const struct ir_insn *a, u64 n)
{
	if (a->op == IR_BSWAP64 && n == 48)
		return fold_become(f, insn, IR_BSWAP16, 8, a->arg[0], 0);
	if (a->op == IR_BSWAP64 && n == 32)
		return fold_become(f, insn, IR_BSWAP32, 8, a->arg[0], 0);
	if (a->op == IR_BSWAP32 && n == 16)
		return fold_become(f, insn, IR_BSWAP16, 8, a->arg[0], 0);
	return 0;
}

static ir_ref fold_shr(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	u8 width = insn->width;
	u32 bits = width * 8u;
	u64 n, by;

	if (!fold_count(f, insn, &n) || f->again)
		return 0;
	if (!n)
		return fold_low(f, insn->arg[0], width);
	if (!((fold_ones(f, insn->arg[0]) & width_mask(width)) >> n))
		return fold_number(f, 0);
	if (width == 8 && !(fold_ones(f, insn->arg[0]) >> 32))
		return fold_become_by(f, insn, IR_SHR, 4, insn->arg[0], n);
	if (width == 4 && a->op == IR_ZEXT32)
		return fold_become_by(f, insn, IR_SHR, 4, a->arg[0], n);
	if (a->op == IR_SHR && a->width <= width && fold_const(f, a->arg[1], &by)) {
		by = (by & (a->width * 8u - 1)) + n;
		if (by >= a->width * 8u)
			return fold_number(f, 0);
		return fold_become_by(f, insn, IR_SHR, a->width, a->arg[0], by);
	}
	if (fold_is_by(f, insn->arg[0], IR_SHL, width, &by)) {
		ir_ref value = shr_of_shl(f, insn, a->arg[0], by & (bits - 1), n);

		if (value || f->again)
			return value;
	}
	if (fold_is_by(f, insn->arg[0], IR_AND, width, &by) &&
	    !((fold_ones(f, a->arg[0]) & width_mask(width) & ~by) >> n))
		return fold_become_by(f, insn, IR_SHR, width, a->arg[0], n);
	return shr_of_bswap(f, insn, a, n);
}

/* (x << by) >> n with the sign */
static ir_ref sar_of_shl(struct fold *f, struct ir_insn *insn, ir_ref x, u64 by, u64 n)
{
	static const u8 ops[] = {[8] = IR_SEXT8, [16] = IR_SEXT16, [32] = IR_SEXT32};
	u8 width = insn->width;
	u32 kept = width * 8u - (u32)by;
	ir_ref value;

	if (by != n && kept != 32)
		return 0;
	if (kept != 8 && kept != 16 && kept != 32)
		return 0;
	value = fold_unary(f, ops[kept], width, x);
	if (by == n)
		return value;
	return n > by ? fold_become_by(f, insn, IR_SAR, width, value, n - by)
		      : fold_become_by(f, insn, IR_SHL, width, value, by - n);
}

static ir_ref fold_sar(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0];
	u8 width = insn->width;
	u32 bits = width * 8u;
	u64 n, by;

	if (range_of_low(f->fn, a, width).max <= width_smax(width))
		return fold_become(f, insn, IR_SHR, width, a, insn->arg[1]);
	if (!fold_count(f, insn, &n) || f->again)
		return 0;
	if (!n)
		return fold_low(f, a, width);
	if (fold_is_by(f, a, IR_SAR, width, &by)) {
		by = (by & (bits - 1)) + n;
		return fold_become_by(f, insn, IR_SAR, width, fold_def(f, a)->arg[0],
				      u64_min(by, bits - 1));
	}
	if (fold_is_by(f, a, IR_SHL, width, &by))
		return sar_of_shl(f, insn, fold_def(f, a)->arg[0], by & (bits - 1), n);
	return 0;
}

static ir_ref fold_rol(struct fold *f, struct ir_insn *insn)
{
	u64 n;

	if (!fold_count(f, insn, &n) || f->again)
		return 0;
	return n ? 0 : fold_low(f, insn->arg[0], insn->width);
}

/* ---- extensions ---- */

/* Whether the low half of the result comes from those of the operands alone. */
static bool works_on_halves(const struct fold *f, const struct ir_insn *insn)
{
	u64 n;

	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_MUL:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
	case IR_NOT:
	case IR_NEG:
		return true;
	case IR_SHL:
		return fold_const(f, insn->arg[1], &n) && (n & 63) < 32;
	default:
		return false;
	}
}

static ir_ref fold_zext(struct fold *f, struct ir_insn *insn)
{
	u32 bits = extension_of(insn).bits;
	ir_ref a = strip(f, insn->arg[0], bits);
	const struct ir_insn *from = fold_def(f, a);

	if (!(fold_ones(f, insn->arg[0]) & ~low_mask(bits)))
		return insn->arg[0];
	if (a != insn->arg[0]) {
		insn->arg[0] = a;
		return fold_again(f);
	}
	if (extension_of(from).bits && !extension_of(from).sign)
		return a; /* of fewer bits */
	if (from->op == IR_AND && ir_is_const(f->fn, from->arg[1]))
		return fold_become_by(f, insn, IR_AND, 4, from->arg[0],
				      (u64)fold_def(f, from->arg[1])->imm & low_mask(bits));
	if (bits == 32 && from->width == 8 && works_on_halves(f, from))
		return fold_become(f, insn, from->op, 4, from->arg[0], from->arg[1]);
	return 0;
}

static ir_ref fold_sext(struct fold *f, struct ir_insn *insn)
{
	u32 bits = extension_of(insn).bits;
	ir_ref a = strip(f, insn->arg[0], bits);
	struct extension from = extension_of(fold_def(f, a));
	u8 width = insn->op == IR_SEXT32 ? 8 : insn->width;

	if (range_of(f->fn, insn->arg[0]).max <= low_mask(bits - 1))
		return insn->arg[0];
	if (a != insn->arg[0]) {
		insn->arg[0] = a;
		return fold_again(f);
	}
	if (from.bits && from.sign) /* of fewer bits */
		return fold_become(f, insn, fold_def(f, a)->op, width, fold_def(f, a)->arg[0], 0);
	return 0;
}

/* ---- byte swaps ---- */

static ir_ref fold_bswap(struct fold *f, struct ir_insn *insn)
{
	static const u8 bits_of[IR_OP_CNT] = {
		[IR_BSWAP16] = 16, [IR_BSWAP32] = 32, [IR_BSWAP64] = 64};
	u32 bits = bits_of[insn->op];
	ir_ref a = strip(f, insn->arg[0], bits);
	const struct ir_insn *from = fold_def(f, a);

	if (from->op == insn->op)
		return bits == 64 ? from->arg[0] : low_bits(f, from->arg[0], bits);
	if (a != insn->arg[0]) {
		insn->arg[0] = a;
		return fold_again(f);
	}
	return 0;
}

const fold_rule fold_bits_rules[IR_OP_CNT] = {
	[IR_AND] = fold_and,	   [IR_OR] = fold_or,	      [IR_XOR] = fold_xor,
	[IR_NOT] = fold_not,	   [IR_SHL] = fold_shl,	      [IR_SHR] = fold_shr,
	[IR_SAR] = fold_sar,	   [IR_ROL] = fold_rol,	      [IR_ZEXT8] = fold_zext,
	[IR_ZEXT16] = fold_zext,   [IR_ZEXT32] = fold_zext,   [IR_SEXT8] = fold_sext,
	[IR_SEXT16] = fold_sext,   [IR_SEXT32] = fold_sext,   [IR_BSWAP16] = fold_bswap,
	[IR_BSWAP32] = fold_bswap, [IR_BSWAP64] = fold_bswap,
};
