/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers: 64 bits, each 0, 1 or unknown. A value; all functions are
 * pure and sound: the result contains op(x, y) for all x in a and y in b.
 *
 * Each operation names the least value that the known bits allow (all unknown
 * bits 0) and the greatest (all 1), and works out which bits of the result can
 * differ. The precision of every operation is that of Linux 6.12, as are the
 * algorithms' published descriptions: Vishwanathan et al., "Sound, Precise,
 * and Fast Abstract Interpretation with Tristate Numbers", CGO 2022
 * (arXiv:2105.05398). They are inline because every instruction that is
 * verified goes through several of them.
 */
#ifndef ANYBPF_VERIFY_TNUM_H
#define ANYBPF_VERIFY_TNUM_H

#include "base/types.h"

struct tnum {
	u64 value; /* the known ones; zero where mask is one */
	u64 mask;  /* the unknown bits */
};

#define TNUM_UNKNOWN ((struct tnum){.value = 0, .mask = UINT64_MAX})

/* From bits that may be one and a mask of those that are not sure. */
static inline struct tnum tnum_make(u64 bits, u64 unsure)
{
	return (struct tnum){.value = bits & ~unsure, .mask = unsure};
}

static inline u64 tnum_low_bits(unsigned int n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static inline s64 tnum_sign_extend(u64 v, unsigned int bits)
{
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

static inline struct tnum tnum_const(u64 value)
{
	return tnum_make(value, 0);
}

/*
 * The smallest tnum that contains min..max, or both numbers when min > max. All
 * numbers of a range share the leading bits that its ends share.
 */
static inline struct tnum tnum_range(u64 min, u64 max)
{
	u64 differ = min ^ max;

	if (!differ)
		return tnum_const(min);
	return tnum_make(min, tnum_low_bits(64 - (unsigned int)__builtin_clzll(differ)));
}

static inline struct tnum tnum_lsh(struct tnum a, u8 shift)
{
	return (struct tnum){.value = a.value << shift, .mask = a.mask << shift};
}

static inline struct tnum tnum_rsh(struct tnum a, u8 shift)
{
	return (struct tnum){.value = a.value >> shift, .mask = a.mask >> shift};
}

/*
 * Arithmetic, of the low @bits (32 or 64) bits. An unknown sign bit spreads as
 * unknown bits, a known one as itself.
 */
static inline struct tnum tnum_arsh(struct tnum a, u8 shift, u8 bits)
{
	u64 within = tnum_low_bits(bits);

	return (struct tnum){
		.value = (u64)(tnum_sign_extend(a.value, bits) >> shift) & within,
		.mask = (u64)(tnum_sign_extend(a.mask, bits) >> shift) & within,
	};
}

/*
 * The carry into a bit grows with the operands, so that it is certain where
 * the least and the greatest sum agree on it.
 */
static inline struct tnum tnum_add(struct tnum a, struct tnum b)
{
	u64 least = a.value + b.value;
	u64 greatest = least + a.mask + b.mask;

	return tnum_make(least, (least ^ greatest) | a.mask | b.mask);
}

/* Likewise for the borrow: the least difference takes away the most. */
static inline struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	u64 known = a.value - b.value;
	u64 least = known - b.mask;
	u64 greatest = known + a.mask;

	return tnum_make(known, (least ^ greatest) | a.mask | b.mask);
}

static inline struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

static inline struct tnum tnum_and(struct tnum a, struct tnum b)
{
	u64 ones = a.value & b.value;
	u64 maybe = (a.value | a.mask) & (b.value | b.mask);

	return tnum_make(ones, maybe & ~ones);
}

static inline struct tnum tnum_or(struct tnum a, struct tnum b)
{
	u64 ones = a.value | b.value;

	return tnum_make(ones, (a.mask | b.mask) & ~ones);
}

static inline struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return tnum_make(a.value ^ b.value, a.mask | b.mask);
}

/* Both hold; meaningless when they share no value. */
static inline struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return tnum_make(a.value | b.value, a.mask & b.mask);
}

/* Either holds. */
static inline struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return tnum_make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

/* Zero-extended from the low @size bytes. */
static inline struct tnum tnum_cast(struct tnum a, u8 size)
{
	u64 kept = tnum_low_bits(size * 8u);

	return (struct tnum){.value = a.value & kept, .mask = a.mask & kept};
}

static inline struct tnum tnum_subreg(struct tnum a)
{
	return tnum_cast(a, 4);
}

/* @reg with its low 32 bits replaced by those of @subreg. */
static inline struct tnum tnum_with_subreg(struct tnum reg, struct tnum subreg)
{
	u64 high = ~tnum_low_bits(32);

	return (struct tnum){
		.value = (reg.value & high) | (subreg.value & ~high),
		.mask = (reg.mask & high) | (subreg.mask & ~high),
	};
}

static inline bool tnum_is_const(struct tnum a)
{
	return !a.mask;
}

static inline bool tnum_is_aligned(struct tnum a, u64 size)
{
	return !size || !((a.value | a.mask) & (size - 1));
}

/* Whether every value of @b is one of @a. */
static inline bool tnum_in(struct tnum a, struct tnum b)
{
	return !(b.mask & ~a.mask) && (b.value & ~a.mask) == a.value;
}

static inline bool tnum_overlap(struct tnum a, struct tnum b)
{
	return !((a.value ^ b.value) & ~a.mask & ~b.mask);
}

struct tnum tnum_mul(struct tnum a, struct tnum b);

#endif
