/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scalars in the verifier's log, to the letter of Linux 6.12. Bounds that say
 * nothing are left out, and bounds of one kind (least or greatest) with the
 * same value are printed together: "smin=umin=5". Numbers beyond 16 bits are
 * hexadecimal, in which a negative 32-bit bound shows its own eight digits
 * and so never equals a 64-bit one.
 */
#include <inttypes.h>

#include "verify/scalar.h"

struct bound {
	const char *name;
	u64 shown; /* as a 64-bit pattern */
	bool is_signed, trivial;
};

static bool signed_is_short(s64 v)
{
	return v >= INT16_MIN && v <= INT16_MAX;
}

void scalar_print_s64(s64 v, struct buf *out)
{
	buf_printf(out, signed_is_short(v) ? "%" PRId64 : "0x%" PRIx64, v);
}

void scalar_print_u64(u64 v, struct buf *out)
{
	buf_printf(out, v <= UINT16_MAX ? "%" PRIu64 : "0x%" PRIx64, v);
}

void scalar_print_tnum(struct tnum a, struct buf *out)
{
	if (tnum_is_const(a))
		scalar_print_u64(a.value, out);
	else
		buf_printf(out, "(0x%" PRIx64 "; 0x%" PRIx64 ")", a.value, a.mask);
}

static u64 shown_s32(s32 v)
{
	return signed_is_short(v) ? (u64)(s64)v : (u32)v;
}

/* Least and greatest alternate. */
static void list_bounds(const struct scalar *a, struct bound bounds[8])
{
	bounds[0] = (struct bound){"smin", (u64)a->smin, true, a->smin == INT64_MIN};
	bounds[1] = (struct bound){"smax", (u64)a->smax, true, a->smax == INT64_MAX};
	bounds[2] = (struct bound){"umin", a->umin, false, a->umin == 0};
	bounds[3] = (struct bound){"umax", a->umax, false, a->umax == UINT64_MAX};
	bounds[4] = (struct bound){"smin32", shown_s32(a->s32_min), true, a->s32_min == INT32_MIN};
	bounds[5] = (struct bound){"smax32", shown_s32(a->s32_max), true, a->s32_max == INT32_MAX};
	bounds[6] = (struct bound){"umin32", a->u32_min, false, a->u32_min == 0};
	bounds[7] = (struct bound){"umax32", a->u32_max, false, a->u32_max == UINT32_MAX};
}

static bool is_negative(const struct bound *b)
{
	return b->is_signed && (s64)b->shown < 0;
}

static void print_bound(struct bound *b, const struct bound *end, const char *sep, struct buf *out)
{
	struct bound *other;

	buf_printf(out, "%s%s=", sep, b->name);
	for (other = b + 2; other < end; other += 2) {
		if (other->trivial || other->shown != b->shown ||
		    is_negative(other) != is_negative(b))
			continue;
		buf_printf(out, "%s=", other->name);
		other->trivial = true; /* has been said */
	}
	if (b->is_signed)
		scalar_print_s64((s64)b->shown, out);
	else
		scalar_print_u64(b->shown, out);
}

void scalar_print(const struct scalar *a, const char *sep, struct buf *out)
{
	struct bound bounds[8], *b, *end = bounds + ARRAY_SIZE(bounds);

	if (scalar_is_const(a)) {
		if (!a->var_off.value)
			return;
		buf_printf(out, "%simm=", sep);
		scalar_print_s64((s64)a->var_off.value, out);
		return;
	}
	list_bounds(a, bounds);
	for (b = bounds; b < end; b++) {
		if (b->trivial)
			continue;
		print_bound(b, end, sep, out);
		sep = ",";
	}
	if (a->var_off.mask != UINT64_MAX) {
		buf_printf(out, "%svar_off=", sep);
		scalar_print_tnum(a->var_off, out);
	}
}
