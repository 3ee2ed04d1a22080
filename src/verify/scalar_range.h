/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed and unsigned intervals of a number of n bits, and arithmetic on
 * them. An interval that would wrap becomes unknown, as in Linux 6.12: no
 * interval here ever runs over the end of its number line.
 *
 * Bit patterns (umin, umax, tnum) are zero-extended to 64 bits from the width
 * that they describe, signed bounds sign-extended.
 */
#ifndef ANYBPF_VERIFY_SCALAR_RANGE_H
#define ANYBPF_VERIFY_SCALAR_RANGE_H

#include "verify/tnum.h"

/* What is known of a number of n bits, as unsigned and as signed. */
struct range {
	u64 umin, umax;
	s64 smin, smax;
};

static inline u64 width_mask(u8 n)
{
	return UINT64_MAX >> (64 - n);
}

static inline s64 width_smin(u8 n)
{
	return INT64_MIN >> (64 - n);
}

static inline s64 width_smax(u8 n)
{
	return INT64_MAX >> (64 - n);
}

/* The low @n bits as a signed number. */
static inline s64 width_sext(u64 v, u8 n)
{
	return (s64)(v << (64 - n)) >> (64 - n);
}

static inline struct tnum tnum_low(struct tnum a, u8 n)
{
	return (struct tnum){.value = a.value & width_mask(n), .mask = a.mask & width_mask(n)};
}

static inline void forget_signed(struct range *r, u8 n)
{
	r->smin = width_smin(n);
	r->smax = width_smax(n);
}

static inline void forget_unsigned(struct range *r, u8 n)
{
	r->umin = 0;
	r->umax = width_mask(n);
}

static inline struct range range_unknown(u8 n)
{
	struct range r;

	forget_signed(&r, n);
	forget_unsigned(&r, n);
	return r;
}

static inline struct range range_const(u64 v, u8 n)
{
	u64 u = v & width_mask(n);
	s64 s = width_sext(v, n);

	return (struct range){.umin = u, .umax = u, .smin = s, .smax = s};
}

/* Both signed and unsigned, from a range of bit patterns; unknown as signed if it has both signs.
 */
static inline struct range range_unsigned(u64 umin, u64 umax, u8 n)
{
	struct range r = {
		.umin = umin,
		.umax = umax,
		.smin = width_sext(umin, n),
		.smax = width_sext(umax, n),
	};

	if (r.smin > r.smax)
		forget_signed(&r, n);
	return r;
}

/* Narrowing: what holds of @r and of the argument. */
static inline void range_meet_unsigned(struct range *r, u64 umin, u64 umax)
{
	r->umin = u64_max(r->umin, umin);
	r->umax = u64_min(r->umax, umax);
}

static inline void range_meet_signed(struct range *r, s64 smin, s64 smax)
{
	r->smin = s64_max(r->smin, smin);
	r->smax = s64_min(r->smax, smax);
}

/* An unknown sign bit is one in the least signed number and zero in the greatest. */
static inline void range_meet_tnum(struct range *r, struct tnum bits, u8 n)
{
	struct tnum t = tnum_low(bits, n);
	u64 sign = t.mask & (UINT64_C(1) << (n - 1));
	u64 most = t.value | t.mask;

	range_meet_unsigned(r, t.value, most);
	range_meet_signed(r, width_sext(t.value | sign, n), width_sext(most ^ sign, n));
}

/*
 * On the circle of bit patterns both intervals are arcs. An arc that does not
 * cross the other line's seam is an interval of the other line as well. A
 * signed arc that crosses from -1 to 0 has a part at each end of the unsigned
 * line; where the unsigned interval misses one part, the other is left.
 */
static inline void range_meet_signs(struct range *r, u8 n)
{
	u64 first, last;

	if (width_sext(r->umin, n) <= width_sext(r->umax, n))
		range_meet_signed(r, width_sext(r->umin, n), width_sext(r->umax, n));

	first = (u64)r->smin & width_mask(n);
	last = (u64)r->smax & width_mask(n);
	if (first <= last) {
		range_meet_unsigned(r, first, last);
	} else if (r->umax < first) {
		r->smin = width_sext(r->umin, n);
		r->umax = u64_min(r->umax, last);
	} else if (r->umin > last) {
		r->smax = width_sext(r->umax, n);
		r->umin = u64_max(r->umin, first);
	}
}

static inline bool range_is_const(const struct range *r)
{
	return r->umin == r->umax && r->smin == r->smax;
}

static inline bool range_valid(const struct range *r)
{
	return r->umin <= r->umax && r->smin <= r->smax;
}

static inline bool range_contains(const struct range *a, const struct range *b)
{
	return a->umin <= b->umin && a->umax >= b->umax && a->smin <= b->smin && a->smax >= b->smax;
}

/* The bounds lo..hi, computed with or without @overflow in 64 bits, if they fit n bits. */
static inline void set_signed(struct range *r, s64 lo, s64 hi, bool overflow, u8 n)
{
	if (overflow || lo < width_smin(n) || hi > width_smax(n)) {
		forget_signed(r, n);
		return;
	}
	r->smin = lo;
	r->smax = hi;
}

static inline struct range range_add(struct range a, struct range b, u8 n)
{
	struct range r;
	bool overflow;
	s64 lo, hi;

	overflow = __builtin_add_overflow(a.smin, b.smin, &lo);
	overflow |= __builtin_add_overflow(a.smax, b.smax, &hi);
	set_signed(&r, lo, hi, overflow, n);

	r.umin = a.umin + b.umin;
	if (__builtin_add_overflow(a.umax, b.umax, &r.umax) || r.umax > width_mask(n))
		forget_unsigned(&r, n);
	return r;
}

static inline struct range range_sub(struct range a, struct range b, u8 n)
{
	struct range r;
	bool overflow;
	s64 lo, hi;

	overflow = __builtin_sub_overflow(a.smin, b.smax, &lo);
	overflow |= __builtin_sub_overflow(a.smax, b.smin, &hi);
	set_signed(&r, lo, hi, overflow, n);

	if (a.umin < b.umax) {
		forget_unsigned(&r, n);
	} else {
		r.umin = a.umin - b.umax;
		r.umax = a.umax - b.umin;
	}
	return r;
}

/* Only of numbers that are not negative and whose product cannot wrap. */
static inline struct range range_mul(struct range a, struct range b, u8 n)
{
	u64 limit = width_mask(n / 2);

	if (a.smin < 0 || b.smin < 0 || a.umax > limit || b.umax > limit)
		return range_unknown(n);
	return range_unsigned(a.umin * b.umin, a.umax * b.umax, n);
}

static inline struct range range_lsh(struct range a, u8 shift, u8 n)
{
	struct range r = range_unknown(n);

	if (shift < n && a.umax <= UINT64_C(1) << (n - 1 - shift)) {
		r.umin = a.umin << shift;
		r.umax = a.umax << shift;
	}
	return r;
}

static inline struct range range_rsh(struct range a, u8 shift, u8 n)
{
	struct range r = range_unknown(n);

	r.umin = a.umin >> shift;
	r.umax = a.umax >> shift;
	return r;
}

static inline struct range range_arsh(struct range a, u8 shift, u8 n)
{
	struct range r = range_unknown(n);

	r.smin = a.smin >> shift;
	r.smax = a.smax >> shift;
	return r;
}

#endif
