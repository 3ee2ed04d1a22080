/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional jumps on two numbers: whether the condition is decided, and
 * what either outcome tells about both sides. Every comparison is brought to
 * one of `a == b`, `a < b`, `a <= b` (signed or not) and `a & b`, and their
 * opposites; see relations[].
 */
#ifndef ANYBPF_VERIFY_SCALAR_BRANCH_H
#define ANYBPF_VERIFY_SCALAR_BRANCH_H

#include "base/types.h"
#include "isa/uapi.h"
#include "verify/scalar_num.h"

enum relation_kind { REL_NONE, REL_EQUAL, REL_LESS, REL_LESS_EQUAL, REL_BITS };

/* The jump holds when `a kind b` does, with sides swapped and outcome negated as marked. */
struct relation {
	u8 kind;
	bool is_signed, swapped, negated;
};

static const struct relation relations[16] = {
	[BPF_JEQ >> 4] = {REL_EQUAL},
	[BPF_JNE >> 4] = {REL_EQUAL, .negated = true},
	[BPF_JSET >> 4] = {REL_BITS},
	[BPF_JLT >> 4] = {REL_LESS},
	[BPF_JLE >> 4] = {REL_LESS_EQUAL},
	[BPF_JGT >> 4] = {REL_LESS, .swapped = true},
	[BPF_JGE >> 4] = {REL_LESS_EQUAL, .swapped = true},
	[BPF_JSLT >> 4] = {REL_LESS, .is_signed = true},
	[BPF_JSLE >> 4] = {REL_LESS_EQUAL, .is_signed = true},
	[BPF_JSGT >> 4] = {REL_LESS, .is_signed = true, .swapped = true},
	[BPF_JSGE >> 4] = {REL_LESS_EQUAL, .is_signed = true, .swapped = true},
};

static inline bool ranges_disjoint(const struct range *a, const struct range *b)
{
	return a->umin > b->umax || a->umax < b->umin || a->smin > b->smax || a->smax < b->smin;
}

static inline const struct range *num_range(const struct num *a, bool is_full)
{
	return is_full ? &a->full : &a->half;
}

static inline struct tnum num_bits(const struct num *a, bool is_full, u8 w)
{
	return tnum_low(a->bits, is_full ? w : w / 2);
}

static inline int decide_equal(const struct num *a, const struct num *b, bool is_full, u8 w)
{
	struct tnum abits = num_bits(a, is_full, w), bbits = num_bits(b, is_full, w);

	if (tnum_is_const(abits) && tnum_is_const(bbits))
		return abits.value == bbits.value;
	if (!tnum_overlap(abits, bbits) || ranges_disjoint(&a->half, &b->half) ||
	    (is_full && ranges_disjoint(&a->full, &b->full)))
		return 0;
	return -1;
}

/* Only against a constant, as in Linux. */
static inline int decide_bits(const struct num *a, const struct num *b, bool is_full, u8 w)
{
	struct tnum abits = num_bits(a, is_full, w), bbits = num_bits(b, is_full, w);

	if (!tnum_is_const(abits) && !tnum_is_const(bbits))
		return -1;
	if (abits.value & bbits.value)
		return 1;
	if (!((abits.value | abits.mask) & (bbits.value | bbits.mask)))
		return 0;
	return -1;
}

/* a < b, or with @or_equal a <= b. */
static inline int decide_less(const struct range *a, const struct range *b, bool is_signed,
			      bool or_equal)
{
	if (is_signed) {
		if (a->smax < b->smin || (or_equal && a->smax == b->smin))
			return 1;
		if (a->smin > b->smax || (!or_equal && a->smin == b->smax))
			return 0;
	} else {
		if (a->umax < b->umin || (or_equal && a->umax == b->umin))
			return 1;
		if (a->umin > b->umax || (!or_equal && a->umin == b->umax))
			return 0;
	}
	return -1;
}

static inline int num_branch(u8 op, bool is_full, const struct num *a, const struct num *b, u8 w)
{
	struct relation rel = relations[op >> 4];
	const struct num *left = rel.swapped ? b : a, *right = rel.swapped ? a : b;
	int decided;

	switch (rel.kind) {
	case REL_EQUAL:
		decided = decide_equal(left, right, is_full, w);
		break;
	case REL_BITS:
		decided = decide_bits(left, right, is_full, w);
		break;
	case REL_LESS:
	case REL_LESS_EQUAL:
		decided = decide_less(num_range(left, is_full), num_range(right, is_full),
				      rel.is_signed, rel.kind == REL_LESS_EQUAL);
		break;
	default:
		return -1;
	}
	return decided < 0 ? -1 : decided ^ (int)rel.negated;
}

static inline void refine_equal(struct num *a, struct num *b, bool is_full, u8 w)
{
	struct range *ra = is_full ? &a->full : &a->half, *rb = is_full ? &b->full : &b->half;
	u64 within = width_mask(is_full ? w : w / 2);
	struct tnum both = tnum_intersect(tnum_low(a->bits, is_full ? w : w / 2),
					  tnum_low(b->bits, is_full ? w : w / 2));

	range_meet_unsigned(ra, rb->umin, rb->umax);
	range_meet_signed(ra, rb->smin, rb->smax);
	*rb = *ra;
	a->bits.value = (a->bits.value & ~within) | both.value;
	a->bits.mask = (a->bits.mask & ~within) | both.mask;
	b->bits.value = (b->bits.value & ~within) | both.value;
	b->bits.mask = (b->bits.mask & ~within) | both.mask;
}

/* A bound that is known not to be the value moves by one. */
static inline void range_exclude(struct range *r, u64 v, u8 n)
{
	s64 s = width_sext(v, n);

	if (r->umin == v)
		r->umin++;
	if (r->umax == v)
		r->umax--;
	if (r->smin == s)
		r->smin = (s64)((u64)s + 1);
	if (r->smax == s)
		r->smax = (s64)((u64)s - 1);
}

static inline void refine_unequal(struct num *a, struct num *b, bool is_full, u8 w)
{
	u8 n = is_full ? w : w / 2;

	if (tnum_is_const(tnum_low(b->bits, n)))
		range_exclude(is_full ? &a->full : &a->half, b->bits.value & width_mask(n), n);
	else if (tnum_is_const(tnum_low(a->bits, n)))
		range_exclude(is_full ? &b->full : &b->half, a->bits.value & width_mask(n), n);
}

/* Some bit of the constant is set: which one is known when it has but one. */
static inline void refine_bits_set(struct num *a, u64 v)
{
	if (v && !(v & (v - 1)))
		a->bits = tnum_or(a->bits, tnum_const(v));
}

/* No bit of the constant is set. Linux forgets the ranges here and keeps the bits alone. */
static inline void refine_bits_clear(struct num *a, u64 v, u8 w)
{
	a->full = range_unknown(w);
	a->half = range_unknown(w / 2);
	a->bits = tnum_and(a->bits, tnum_const(~v));
}

static inline void refine_bits(struct num *a, struct num *b, bool is_full, bool set, u8 w)
{
	u8 n = is_full ? w : w / 2;
	struct num *var = a;
	u64 v = b->bits.value;

	if (!tnum_is_const(tnum_low(b->bits, n))) {
		if (!tnum_is_const(tnum_low(a->bits, n)))
			return;
		var = b;
		v = a->bits.value;
	}
	if (set)
		refine_bits_set(var, v & width_mask(n));
	else
		refine_bits_clear(var, v & width_mask(n), w);
}

/* a < b, or a <= b with @gap 0. The condition is possible, so that no bound wraps. */
static inline void refine_less(struct range *a, struct range *b, bool is_signed, u8 gap)
{
	if (is_signed) {
		a->smax = s64_min(a->smax, b->smax - gap);
		b->smin = s64_max(b->smin, a->smin + gap);
	} else {
		a->umax = u64_min(a->umax, b->umax - gap);
		b->umin = u64_max(b->umin, a->umin + gap);
	}
}

/* What is not less is greater or equal. */
static inline void refine_order(struct relation rel, bool holds, struct range *a, struct range *b)
{
	bool less = (rel.kind == REL_LESS) == holds;

	if (holds)
		refine_less(a, b, rel.is_signed, less);
	else
		refine_less(b, a, rel.is_signed, less);
}

static inline bool num_refine(u8 op, bool is_full, bool taken, struct num *a, struct num *b, u8 w)
{
	struct relation rel = relations[op >> 4];
	struct num *left = rel.swapped ? b : a, *right = rel.swapped ? a : b;
	int decided = num_branch(op, is_full, a, b, w);
	bool holds = taken != rel.negated;

	if (decided >= 0 && decided != (int)taken)
		return false;
	switch (rel.kind) {
	case REL_EQUAL:
		if (holds)
			refine_equal(left, right, is_full, w);
		else
			refine_unequal(left, right, is_full, w);
		break;
	case REL_BITS:
		refine_bits(left, right, is_full, holds, w);
		break;
	case REL_LESS:
	case REL_LESS_EQUAL:
		refine_order(rel, holds, is_full ? &left->full : &left->half,
			     is_full ? &right->full : &right->half);
		break;
	default:
		return true;
	}
	num_sync(a, w);
	num_sync(b, w);
	return num_valid(a, w) && num_valid(b, w);
}

#endif
