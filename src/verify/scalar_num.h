/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar domain at any even width w from 4 to 64 bits: how a number's
 * tnum, its range and its lower half's range inform each other, and arithmetic
 * on all of them. How much is deduced, and what is forgotten, is Linux 6.12's:
 * see the note at each place where more could be known. Its rules are about a
 * number and its lower half and hold at any width; written this way there is
 * one rule where there would be two (32 and 64 bit), and the tests prove at 8
 * bits, over all values, what the verifier uses at 64. scalar.c is the only
 * user outside the tests; all is inline, so that the width is a constant
 * there, which doubles the speed.
 */
#ifndef ANYBPF_VERIFY_SCALAR_NUM_H
#define ANYBPF_VERIFY_SCALAR_NUM_H

#include "isa/uapi.h"
#include "verify/scalar_range.h"

/* What is known of a number: its bits, its range and that of its lower half. */
struct num {
	struct tnum bits;
	struct range full, half;
};

/* @w below is the width of the whole number; its half has w / 2 bits. */
static inline struct num num_unknown(u8 w)
{
	return (struct num){
		.bits = {.mask = width_mask(w)},
		.full = range_unknown(w),
		.half = range_unknown(w / 2),
	};
}

static inline struct num num_const(u64 v, u8 w)
{
	return (struct num){
		.bits = tnum_const(v & width_mask(w)),
		.full = range_const(v, w),
		.half = range_const(v, w / 2),
	};
}

/*
 * The lower halves of an arc of full numbers, @first up to @last, are an arc
 * too when they do not go once round: when the upper half stays or changes
 * once. Where it changes the arc passes zero, and only the signed line can hold it.
 */
static inline void half_meet_arc(struct range *half, u64 first, u64 last, u8 w)
{
	u8 h = w / 2;
	u64 tops = ((last >> h) - (first >> h)) & width_mask(h);
	s64 sfirst = width_sext(first, h), slast = width_sext(last, h);

	if (tops == 0)
		range_meet_unsigned(half, first & width_mask(h), last & width_mask(h));
	if (tops == 0 ? sfirst <= slast : tops == 1 && sfirst < 0 && slast >= 0)
		range_meet_signed(half, sfirst, slast);
}

/*
 * Each bound of the full number can be moved inwards to the nearest one whose
 * lower half is possible. The half's signed range has given what it knows to
 * its unsigned range already (range_meet_signs).
 */
static inline void full_meet_half(struct num *a, u8 w)
{
	u8 h = w / 2;
	u64 high = width_mask(w) & ~width_mask(h);
	struct range *full = &a->full, *half = &a->half;

	range_meet_unsigned(full, (full->umin & high) | half->umin,
			    (full->umax & high) | half->umax);
	range_meet_signed(full, (s64)(((u64)full->smin & ~width_mask(h)) | half->umin),
			  (s64)(((u64)full->smax & ~width_mask(h)) | half->umax));

	/* A sign-extended half that is not negative is the number. */
	if (half->smin >= 0 && full->smin >= width_smin(h) && full->smax <= width_smax(h)) {
		full->smin = half->smin;
		full->smax = half->smax;
		full->umin = (u64)half->smin;
		full->umax = (u64)half->smax;
	}
}

static inline void meet_tnum(struct num *a, u8 w)
{
	range_meet_tnum(&a->half, a->bits, w / 2);
	range_meet_tnum(&a->full, a->bits, w);
}

/* Replaces the lower half's bits. */
static inline struct tnum tnum_with_low(struct tnum a, struct tnum low, u8 h)
{
	return (struct tnum){
		.value = (a.value & ~width_mask(h)) | low.value,
		.mask = (a.mask & ~width_mask(h)) | low.mask,
	};
}

static inline void tnum_meet_ranges(struct num *a, u8 w)
{
	u8 h = w / 2;
	struct tnum half;

	a->bits = tnum_intersect(a->bits, tnum_range(a->full.umin, a->full.umax));
	half = tnum_intersect(tnum_low(a->bits, h), tnum_range(a->half.umin, a->half.umax));
	a->bits = tnum_with_low(a->bits, half, h);
}

/* Nothing can be added to what is known of a constant. */
static inline bool num_is_settled(const struct num *a, u8 w)
{
	u64 v = a->bits.value;

	return !a->bits.mask && a->full.umin == v && a->full.umax == v &&
	       a->full.smin == a->full.smax && a->full.smin == width_sext(v, w) &&
	       a->half.umin == a->half.umax && a->half.umin == (v & width_mask(w / 2)) &&
	       a->half.smin == a->half.smax && a->half.smin == width_sext(v, w / 2);
}

static inline void sync_round(struct num *a, u8 w)
{
	u64 whole = width_mask(w);

	half_meet_arc(&a->half, a->full.umin, a->full.umax, w);
	half_meet_arc(&a->half, (u64)a->full.smin & whole, (u64)a->full.smax & whole, w);
	range_meet_signs(&a->half, w / 2);
	range_meet_signs(&a->full, w);
	full_meet_half(a, w);
}

static inline bool range_same(const struct range *a, const struct range *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin && a->smax == b->smax;
}

/*
 * Three rounds, as Linux does; two at times miss what the third finds. Where
 * one finds nothing the next finds nothing either.
 */
static inline void num_sync(struct num *a, u8 w)
{
	struct range full, half;
	int round = 0;

	if (num_is_settled(a, w))
		return;
	meet_tnum(a, w);
	do {
		full = a->full;
		half = a->half;
		sync_round(a, w);
	} while (++round < 3 && !(range_same(&a->full, &full) && range_same(&a->half, &half)));
	tnum_meet_ranges(a, w);
	meet_tnum(a, w);
}

static inline bool num_valid(const struct num *a, u8 w)
{
	struct num met = *a;

	if (num_is_settled(a, w))
		return true;
	if ((a->bits.value & a->bits.mask) || !range_valid(&a->full) || !range_valid(&a->half))
		return false;
	meet_tnum(&met, w);
	return range_valid(&met.full) && range_valid(&met.half);
}

/* The result of an operation on the halves: all that is known is what the half knows. */
static inline void widen_half(struct num *a, u8 w)
{
	u8 h = w / 2;

	a->bits = tnum_low(a->bits, h);
	range_meet_tnum(&a->half, a->bits, h);
	a->full = range_unsigned(a->half.umin, a->half.umax, w);
	if (a->half.smin >= 0) {
		a->full.smin = a->half.smin;
		a->full.smax = a->half.smax;
	}
}

/* Sums, differences and products of the halves are the halves of those. */
static inline struct num num_arith(u8 op, const struct num *a, const struct num *b, u8 w)
{
	struct num r;

	switch (op) {
	case BPF_ADD:
		r.bits = tnum_add(a->bits, b->bits);
		r.full = range_add(a->full, b->full, w);
		r.half = range_add(a->half, b->half, w / 2);
		break;
	case BPF_SUB:
		r.bits = tnum_sub(a->bits, b->bits);
		r.full = range_sub(a->full, b->full, w);
		r.half = range_sub(a->half, b->half, w / 2);
		break;
	default: /* BPF_MUL */
		r.bits = tnum_mul(a->bits, b->bits);
		r.full = range_mul(a->full, b->full, w);
		r.half = range_mul(a->half, b->half, w / 2);
		break;
	}
	r.bits = tnum_low(r.bits, w);
	return r;
}

/*
 * The bits tell both bounds, except that x & y is at most each of them and
 * x | y at least.
 */
static inline struct range range_bitwise(u8 op, struct range a, struct range b, struct tnum bits,
					 u8 n)
{
	u64 umin = bits.value & width_mask(n);
	u64 umax = (bits.value | bits.mask) & width_mask(n);

	if (op == BPF_AND)
		umax = u64_min(a.umax, b.umax);
	else if (op == BPF_OR)
		umin = u64_max(a.umin, b.umin);
	return range_unsigned(umin, umax, n);
}

static inline struct num num_bitwise(u8 op, const struct num *a, const struct num *b, u8 w)
{
	struct num r;

	if (op == BPF_AND)
		r.bits = tnum_and(a->bits, b->bits);
	else if (op == BPF_OR)
		r.bits = tnum_or(a->bits, b->bits);
	else
		r.bits = tnum_xor(a->bits, b->bits);
	r.full = range_bitwise(op, a->full, b->full, r.bits, w);
	r.half = range_bitwise(op, a->half, b->half, r.bits, w / 2);
	return r;
}

/*
 * Shifts of the whole number by a known distance. Bits that cross from the
 * upper to the lower half are left to the tnum to know.
 */
static inline struct num num_shift(u8 op, const struct num *a, u8 shift, u8 w)
{
	struct num r = num_unknown(w);

	switch (op) {
	case BPF_LSH:
		r.bits = tnum_low(tnum_lsh(a->bits, shift), w);
		r.full = range_lsh(a->full, shift, w);
		r.half = range_lsh(a->half, shift, w / 2);
		if (shift == w / 2) { /* the first step of sign extension by two shifts */
			r.full.smin = (s64)((u64)a->half.smin << shift);
			r.full.smax = (s64)((u64)a->half.smax << shift);
		}
		break;
	case BPF_RSH:
		r.bits = tnum_rsh(a->bits, shift);
		r.full = range_rsh(a->full, shift, w);
		break;
	default: /* BPF_ARSH */
		r.bits = tnum_arsh(a->bits, shift, w);
		r.full = range_arsh(a->full, shift, w);
		break;
	}
	return r;
}

static inline struct num half_shift(u8 op, const struct num *a, u8 shift, u8 w)
{
	u8 h = w / 2;
	struct tnum bits = tnum_low(a->bits, h);
	struct num r = num_unknown(w);

	switch (op) {
	case BPF_LSH:
		r.bits = tnum_low(tnum_lsh(bits, shift), h);
		r.half = range_lsh(a->half, shift, h);
		break;
	case BPF_RSH:
		r.bits = tnum_rsh(bits, shift);
		r.half = range_rsh(a->half, shift, h);
		break;
	default: /* BPF_ARSH */
		r.bits = tnum_arsh(bits, shift, h);
		r.half = range_arsh(a->half, shift, h);
		break;
	}
	return r;
}

/* Also for an operation on halves the whole distance must be within reach. */
static inline bool shift_known(const struct num *b, bool is_full, u8 w)
{
	u8 n = is_full ? w : w / 2;

	return tnum_is_const(tnum_low(b->bits, n)) &&
	       range_is_const(is_full ? &b->full : &b->half) && b->full.umax < n;
}

/*
 * @is_full: an operation on the whole number, else on the lower halves, zero-extended.
 * Division, modulo and shifts by what is not known are not followed: Linux has no rule
 * for them.
 */
static inline struct num num_alu(u8 op, bool is_full, const struct num *a, const struct num *b,
				 u8 w)
{
	struct num r;
	u8 shift;

	switch (op) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
		r = num_arith(op, a, b, w);
		break;
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		r = num_bitwise(op, a, b, w);
		break;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		if (!shift_known(b, is_full, w))
			return num_unknown(w);
		shift = (u8)(is_full ? b->full.umin : b->half.umin);
		r = is_full ? num_shift(op, a, shift, w) : half_shift(op, a, shift, w);
		break;
	default:
		return num_unknown(w);
	}
	if (!is_full)
		widen_half(&r, w);
	num_sync(&r, w);
	return r;
}

static inline bool is_sign_mask(const struct range *r)
{
	return r->smin == -1 && r->smax == 0;
}

/* The number with its lower half known; the range of the whole stays behind, as in Linux. */
static inline struct num num_with_half(const struct num *a, u64 v, u8 w)
{
	struct num r = *a;

	r.bits = tnum_with_low(a->bits, tnum_const(v & width_mask(w / 2)), w / 2);
	r.half = range_const(v, w / 2);
	return r;
}

/* See scalar_split(). */
static inline bool num_split(u8 op, const struct num *a, const struct num *b, struct num *zero,
			     struct num *ones, u8 w)
{
	if ((op != BPF_AND && op != BPF_OR) || !tnum_is_const(b->bits))
		return false;
	if (is_sign_mask(&a->full)) {
		*zero = num_const(0, w);
		*ones = num_const(UINT64_MAX, w);
		return true;
	}
	if (is_sign_mask(&a->half)) {
		*zero = num_with_half(a, 0, w);
		*ones = num_with_half(a, UINT64_MAX, w);
		return true;
	}
	return false;
}

/* A move of the lower half, zero-extended. */
static inline struct num num_mov_half(const struct num *a, u8 w)
{
	struct num r = *a;

	widen_half(&r, w);
	num_sync(&r, w);
	return r;
}

/* From the low @n bits of the number, at most half of them; of the half's if not @is_full. */
static inline struct num num_zext(const struct num *a, u8 n, u8 w)
{
	u64 mask = width_mask(n);
	struct num r = {.bits = tnum_low(a->bits, n), .half = a->half};

	if ((a->full.umin & ~mask) == (a->full.umax & ~mask))
		r.full = range_unsigned(a->full.umin & mask, a->full.umax & mask, w);
	else
		r.full = range_unsigned(0, mask, w);
	if (n < w / 2)
		r.half = range_unknown(w / 2);
	num_sync(&r, w);
	return r;
}

/*
 * Sign extension from n to m bits of a number that is an arc from @smin to
 * @smax. Only the signed range is looked at, and kept only when the result
 * has one sign: Linux forgets the known bits.
 */
static inline struct range range_sext(struct range a, u8 n, u8 m)
{
	u64 top = ~width_mask(n);
	s64 first = width_sext((u64)a.smin, n), last = width_sext((u64)a.smax, n);
	struct range r = range_unknown(m);

	if (((u64)a.smin & top) == ((u64)a.smax & top) && (first < 0) == (last < 0))
		return range_unsigned((u64)first & width_mask(m), (u64)last & width_mask(m), m);
	range_meet_signed(&r, width_smin(n), width_smax(n));
	return r;
}

static inline struct tnum tnum_of_range(const struct range *r, u8 n)
{
	return tnum_low(tnum_range(r->umin, r->umax), n);
}

static inline struct num num_sext(const struct num *a, u8 n, bool is_full, u8 w)
{
	u8 h = w / 2;
	struct num r;

	if (tnum_is_const(a->bits))
		return num_const((u64)width_sext(a->bits.value, n) & width_mask(is_full ? w : h),
				 w);
	if (is_full) {
		r.full = range_sext(a->full, n, w);
		r.half.smin = r.full.smin;
		r.half.smax = r.full.smax;
		r.half.umin = r.full.umin & width_mask(h);
		r.half.umax = r.full.umax & width_mask(h);
		r.bits = tnum_of_range(&r.full, w);
		return r;
	}
	r.half = range_sext(a->half, n, h);
	r.bits = tnum_of_range(&r.half, h);
	widen_half(&r, w);
	num_sync(&r, w);
	return r;
}

#endif
