/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers. Each operation names the least value that the known bits
 * allow (all unknown bits 0) and the greatest (all 1), and works out which
 * bits of the result can differ. The precision of every operation is that of
 * Linux 6.12, as are the algorithms' published descriptions: Vishwanathan et
 * al., "Sound, Precise, and Fast Abstract Interpretation with Tristate
 * Numbers", CGO 2022 (arXiv:2105.05398).
 */
#include "verify/tnum.h"

/* From bits that may be one and a mask of those that are not sure. */
static struct tnum tnum_make(u64 bits, u64 unsure)
{
	return (struct tnum){.value = bits & ~unsure, .mask = unsure};
}

static u64 low_bits(unsigned int n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static s64 sign_extend(u64 v, unsigned int bits)
{
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

struct tnum tnum_const(u64 value)
{
	return tnum_make(value, 0);
}

/* All numbers of a range share the leading bits that its ends share. */
struct tnum tnum_range(u64 min, u64 max)
{
	u64 differ = min ^ max;

	if (!differ)
		return tnum_const(min);
	return tnum_make(min, low_bits(64 - (unsigned int)__builtin_clzll(differ)));
}

struct tnum tnum_lsh(struct tnum a, u8 shift)
{
	return (struct tnum){.value = a.value << shift, .mask = a.mask << shift};
}

struct tnum tnum_rsh(struct tnum a, u8 shift)
{
	return (struct tnum){.value = a.value >> shift, .mask = a.mask >> shift};
}

/* An unknown sign bit spreads as unknown bits, a known one as itself. */
struct tnum tnum_arsh(struct tnum a, u8 shift, u8 bits)
{
	u64 within = low_bits(bits);

	return (struct tnum){
		.value = (u64)(sign_extend(a.value, bits) >> shift) & within,
		.mask = (u64)(sign_extend(a.mask, bits) >> shift) & within,
	};
}

/*
 * The carry into a bit grows with the operands, so that it is certain where
 * the least and the greatest sum agree on it.
 */
struct tnum tnum_add(struct tnum a, struct tnum b)
{
	u64 least = a.value + b.value;
	u64 greatest = least + a.mask + b.mask;

	return tnum_make(least, (least ^ greatest) | a.mask | b.mask);
}

/* Likewise for the borrow: the least difference takes away the most. */
struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	u64 known = a.value - b.value;
	u64 least = known - b.mask;
	u64 greatest = known + a.mask;

	return tnum_make(known, (least ^ greatest) | a.mask | b.mask);
}

struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	u64 ones = a.value & b.value;
	u64 maybe = (a.value | a.mask) & (b.value | b.mask);

	return tnum_make(ones, maybe & ~ones);
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	u64 ones = a.value | b.value;

	return tnum_make(ones, (a.mask | b.mask) & ~ones);
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return tnum_make(a.value ^ b.value, a.mask | b.mask);
}

/*
 * Long multiplication: the known bits of both multiply to a number; every bit
 * of @a that can be one adds to it what is not sure about its row: the unknown
 * bits of @b, or all of @b where the bit of @a is itself unknown.
 */
struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum unsure = tnum_const(0);
	u64 rows = a.value | a.mask;

	while (rows) {
		u64 row = rows & -rows;
		u64 bits = (a.value & row) ? b.mask : b.value | b.mask;

		unsure = tnum_add(unsure, (struct tnum){.mask = bits * row});
		rows ^= row;
	}
	return tnum_add(tnum_const(a.value * b.value), unsure);
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return tnum_make(a.value | b.value, a.mask & b.mask);
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return tnum_make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

struct tnum tnum_cast(struct tnum a, u8 size)
{
	u64 kept = low_bits(size * 8u);

	return (struct tnum){.value = a.value & kept, .mask = a.mask & kept};
}

struct tnum tnum_subreg(struct tnum a)
{
	return tnum_cast(a, 4);
}

struct tnum tnum_with_subreg(struct tnum reg, struct tnum subreg)
{
	u64 high = ~low_bits(32);

	return (struct tnum){
		.value = (reg.value & high) | (subreg.value & ~high),
		.mask = (reg.mask & high) | (subreg.mask & ~high),
	};
}

bool tnum_is_const(struct tnum a)
{
	return !a.mask;
}

bool tnum_is_aligned(struct tnum a, u64 size)
{
	return !size || !((a.value | a.mask) & (size - 1));
}

bool tnum_in(struct tnum a, struct tnum b)
{
	return !(b.mask & ~a.mask) && (b.value & ~a.mask) == a.value;
}

bool tnum_overlap(struct tnum a, struct tnum b)
{
	return !((a.value ^ b.value) & ~a.mask & ~b.mask);
}
