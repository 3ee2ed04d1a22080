/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scalars: the numeric domain of scalar_num.h at 64 bits. Called by the
 * verifier for every instruction that computes or compares.
 */
#include "isa/uapi.h"
#include "verify/scalar.h"
#include "verify/scalar_branch.h"

#define WIDTH 64

static struct num num_of(const struct scalar *a)
{
	return (struct num){
		.bits = a->var_off,
		.full = {.umin = a->umin, .umax = a->umax, .smin = a->smin, .smax = a->smax},
		.half = {.umin = a->u32_min,
			 .umax = a->u32_max,
			 .smin = a->s32_min,
			 .smax = a->s32_max},
	};
}

static struct scalar scalar_of(struct num a)
{
	return (struct scalar){
		.var_off = a.bits,
		.smin = a.full.smin,
		.smax = a.full.smax,
		.umin = a.full.umin,
		.umax = a.full.umax,
		.s32_min = (s32)a.half.smin,
		.s32_max = (s32)a.half.smax,
		.u32_min = (u32)a.half.umin,
		.u32_max = (u32)a.half.umax,
	};
}

struct scalar scalar_unknown(void)
{
	return scalar_of(num_unknown(WIDTH));
}

struct scalar scalar_const(u64 value)
{
	return scalar_of(num_const(value, WIDTH));
}

bool scalar_is_const(const struct scalar *a)
{
	return tnum_is_const(a->var_off);
}

void scalar_sync(struct scalar *a)
{
	struct num n = num_of(a);

	num_sync(&n, WIDTH);
	*a = scalar_of(n);
}

bool scalar_valid(const struct scalar *a)
{
	struct num n = num_of(a);

	return num_valid(&n, WIDTH);
}

const char *scalar_contradiction(const struct scalar *a)
{
	u64 value = a->var_off.value;

	if (a->umin > a->umax || a->smin > a->smax || a->u32_min > a->u32_max ||
	    a->s32_min > a->s32_max)
		return "range bounds violation";
	if (!a->var_off.mask && (a->umin != value || a->umax != value || a->smin != (s64)value ||
				 a->smax != (s64)value))
		return "const tnum out of sync with range bounds";
	if (!(u32)a->var_off.mask && (a->u32_min != (u32)value || a->u32_max != (u32)value ||
				      a->s32_min != (s32)value || a->s32_max != (s32)value))
		return "const subreg tnum out of sync with range bounds";
	return NULL;
}

bool scalar_contains(const struct scalar *a, const struct scalar *b)
{
	struct num x = num_of(a), y = num_of(b);

	return range_contains(&x.full, &y.full) && range_contains(&x.half, &y.half) &&
	       tnum_in(x.bits, y.bits);
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return a->var_off.value == b->var_off.value && a->var_off.mask == b->var_off.mask &&
	       a->smin == b->smin && a->smax == b->smax && a->umin == b->umin &&
	       a->umax == b->umax && a->s32_min == b->s32_min && a->s32_max == b->s32_max &&
	       a->u32_min == b->u32_min && a->u32_max == b->u32_max;
}

struct scalar scalar_alu(u8 op, bool is64, s16 off, struct scalar dst, struct scalar src)
{
	struct num a = num_of(&dst), b = num_of(&src);

	(void)off; /* signed or not, divisions are not followed */
	return scalar_of(num_alu(op, is64, &a, &b, WIDTH));
}

bool scalar_split(u8 op, const struct scalar *dst, const struct scalar *src, struct scalar *zero,
		  struct scalar *ones)
{
	struct num a = num_of(dst), b = num_of(src), z, o;

	if (!num_split(op, &a, &b, &z, &o, WIDTH))
		return false;
	*zero = scalar_of(z);
	*ones = scalar_of(o);
	return true;
}

struct scalar scalar_at_distance(const struct scalar *a, s32 distance)
{
	struct num n = num_of(a), d = num_const((u64)(s64)distance, WIDTH);

	return scalar_of(num_arith(BPF_ADD, &n, &d, WIDTH));
}

struct scalar scalar_neg(bool is64, struct scalar a)
{
	(void)is64;
	(void)a;
	return scalar_unknown();
}

struct scalar scalar_mov32(struct scalar a)
{
	struct num n = num_of(&a);

	return scalar_of(num_mov_half(&n, WIDTH));
}

struct scalar scalar_zext(struct scalar a, u8 size)
{
	struct num n = num_of(&a);

	return size >= 8 ? a : scalar_of(num_zext(&n, (u8)(size * 8), WIDTH));
}

struct scalar scalar_sext(struct scalar a, u8 size, bool is64)
{
	struct num n = num_of(&a);

	return size >= 8 ? a : scalar_of(num_sext(&n, (u8)(size * 8), is64, WIDTH));
}

struct scalar scalar_bswap(struct scalar a, u8 bits, bool swaps)
{
	(void)a;
	(void)bits;
	(void)swaps;
	return scalar_unknown();
}

int scalar_branch(u8 op, bool is64, const struct scalar *dst, const struct scalar *src)
{
	struct num a = num_of(dst), b = num_of(src);

	return num_branch(op, is64, &a, &b, WIDTH);
}

bool scalar_refine(u8 op, bool is64, bool taken, struct scalar *dst, struct scalar *src)
{
	bool same = dst == src;
	struct num a = num_of(dst), b = num_of(src);
	bool possible = num_refine(op, is64, taken, &a, same ? &a : &b, WIDTH);

	*dst = scalar_of(a);
	if (!same)
		*src = scalar_of(b);
	return possible;
}

void scalar_forget_ranges(struct scalar *a)
{
	struct tnum bits = a->var_off;

	*a = scalar_unknown();
	a->var_off = bits;
}
