/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar domain is sound: whatever values are in the operands, the
 * result's values are in the result, a decided branch is decided rightly, and
 * refining never loses a pair of values for which the condition holds. Shown
 * at 4 and 8 bits by trying every value of sampled abstract numbers (what
 * runs at 64 bits is the same code), and at 64 bits on random values. How
 * much is known, not only that it is true, is compared with Linux elsewhere.
 */
#include "isa/uapi.h"
#include "tap.h"
#include "verify/scalar.h"
#include "verify/scalar_num.h"

static u64 seed = 1;

/* xorshift64* */
static u64 rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static u32 rnd_below(u32 n)
{
	return (u32)((rnd() >> 32) * n >> 32);
}

static bool range_has(const struct range *r, u64 v, u8 n)
{
	u64 u = v & width_mask(n);
	s64 s = width_sext(v, n);

	return u >= r->umin && u <= r->umax && s >= r->smin && s <= r->smax;
}

static bool num_has(const struct num *a, u64 v, u8 w)
{
	return !((v ^ a->bits.value) & ~a->bits.mask & width_mask(w)) &&
	       range_has(&a->full, v, w) && range_has(&a->half, v, w / 2);
}

/* ---- what the instructions compute, at any width ---- */

static u64 concrete_div(u8 op, u64 x, u64 y)
{
	if (op == BPF_DIV)
		return y ? x / y : 0;
	return y ? x % y : x;
}

static u64 concrete(u8 op, bool is_full, u64 x, u64 y, u8 w)
{
	u8 n = is_full ? w : w / 2;
	u8 shift = (u8)(y & (u64)(n - 1));
	u64 r = 0;

	x &= width_mask(n);
	y &= width_mask(n);
	switch (op) {
	case BPF_ADD:
		r = x + y;
		break;
	case BPF_SUB:
		r = x - y;
		break;
	case BPF_MUL:
		r = x * y;
		break;
	case BPF_DIV:
	case BPF_MOD:
		r = concrete_div(op, x, y);
		break;
	case BPF_AND:
		r = x & y;
		break;
	case BPF_OR:
		r = x | y;
		break;
	case BPF_XOR:
		r = x ^ y;
		break;
	case BPF_LSH:
		r = x << shift;
		break;
	case BPF_RSH:
		r = x >> shift;
		break;
	case BPF_ARSH:
		r = (u64)(width_sext(x, n) >> shift);
		break;
	}
	return r & width_mask(n);
}

static bool holds(u8 op, bool is_full, u64 x, u64 y, u8 w)
{
	u8 n = is_full ? w : w / 2;
	s64 sx = width_sext(x, n), sy = width_sext(y, n);

	x &= width_mask(n);
	y &= width_mask(n);
	switch (op) {
	case BPF_JEQ:
		return x == y;
	case BPF_JNE:
		return x != y;
	case BPF_JGT:
		return x > y;
	case BPF_JGE:
		return x >= y;
	case BPF_JLT:
		return x < y;
	case BPF_JLE:
		return x <= y;
	case BPF_JSGT:
		return sx > sy;
	case BPF_JSGE:
		return sx >= sy;
	case BPF_JSLT:
		return sx < sy;
	case BPF_JSLE:
		return sx <= sy;
	default:
		return x & y;
	}
}

static const u8 alu_ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND,
			     BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH};
static const u8 jump_ops[] = {BPF_JEQ,	BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
			      BPF_JSET, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};

/* ---- random abstract numbers around a value ---- */

/* Numbers of all magnitudes, and near the ends of the number lines. */
static u64 rnd_value(u8 n)
{
	u64 v = rnd() >> rnd_below(64);

	switch (rnd_below(4)) {
	case 0:
		v = -v;
		break;
	case 1:
		v = (UINT64_C(1) << rnd_below(n)) + (u64)rnd_below(5) - 2;
		break;
	}
	return v & width_mask(n);
}

static void rnd_range(struct range *r, u64 v, u8 n)
{
	u64 u = v & width_mask(n), bound;
	s64 s = width_sext(v, n);
	u32 i;

	*r = range_unknown(n);
	for (i = rnd_below(3); i; i--) {
		bound = rnd_value(n);
		if (bound <= u)
			range_meet_unsigned(r, bound, width_mask(n));
		if (bound >= u)
			range_meet_unsigned(r, 0, bound);
	}
	for (i = rnd_below(3); i; i--) {
		bound = rnd_value(n);
		if (width_sext(bound, n) <= s)
			range_meet_signed(r, width_sext(bound, n), width_smax(n));
		if (width_sext(bound, n) >= s)
			range_meet_signed(r, width_smin(n), width_sext(bound, n));
	}
	if (!rnd_below(6))
		*r = range_const(v, n);
}

/* Before scalar_sync() or, mostly, after. */
static struct num rnd_num(u64 v, u8 w)
{
	struct num a;

	a.bits = (struct tnum){.mask = width_mask(w)};
	if (rnd_below(2)) {
		a.bits.mask = rnd() & (rnd() | rnd()) & width_mask(w);
		a.bits.value = v & ~a.bits.mask & width_mask(w);
	}
	rnd_range(&a.full, v, w);
	rnd_range(&a.half, v, w / 2);
	if (!rnd_below(8))
		a = num_const(v, w);
	if (rnd_below(16))
		num_sync(&a, w);
	return a;
}

static void fail(const char *what, u8 op, bool is_full, u64 x, u64 y, u8 w)
{
	tap_fail("%s: op %#x of %s, %" PRIx64 " and %" PRIx64 " of %u bits", what, op,
		 is_full ? "all" : "half", x, y, w);
}

static void check_num(const char *what, const struct num *a, u64 v, u8 w)
{
	if (!num_valid(a, w) || !num_has(a, v, w))
		fail(what, 0, true, v, v, w);
}

static void check_alu(const struct num *a, const struct num *b, u64 x, u64 y, u8 w)
{
	size_t i;
	int full;

	for (i = 0; i < ARRAY_SIZE(alu_ops); i++) {
		for (full = 0; full <= 1; full++) {
			struct num r = num_alu(alu_ops[i], full, a, b, w);

			if (!num_has(&r, concrete(alu_ops[i], full, x, y, w), w) ||
			    !num_valid(&r, w))
				fail("alu", alu_ops[i], full, x, y, w);
		}
	}
}

static void check_jumps(const struct num *a, const struct num *b, u64 x, u64 y, u8 w)
{
	size_t i;
	int full;

	for (i = 0; i < ARRAY_SIZE(jump_ops); i++) {
		for (full = 0; full <= 1; full++) {
			bool taken = holds(jump_ops[i], full, x, y, w);
			int decided = num_branch(jump_ops[i], full, a, b, w);
			struct num ra = *a, rb = *b;

			if (decided >= 0 && decided != (int)taken)
				fail("decided", jump_ops[i], full, x, y, w);
			if (!num_refine(jump_ops[i], full, taken, &ra, &rb, w))
				fail("impossible", jump_ops[i], full, x, y, w);
			if (!num_has(&ra, x, w) || !num_has(&rb, y, w))
				fail("lost", jump_ops[i], full, x, y, w);
		}
	}
}

static void check_extensions(const struct num *a, u64 x, u8 w)
{
	u8 n;

	for (n = w / 8 ? w / 8 : 1; n <= w / 2; n = (u8)(n * 2)) {
		u64 s = (u64)width_sext(x, n) & width_mask(w);
		struct num z = num_zext(a, n, w);
		struct num full = num_sext(a, n, true, w);
		struct num half = num_sext(a, n, false, w);

		check_num("zext", &z, x & width_mask(n), w);
		check_num("sext", &full, s, w);
		if (n < w / 2)
			check_num("half sext", &half, s & width_mask(w / 2), w);
	}
}

static void check_random(u8 w, u32 rounds)
{
	while (rounds-- && tap.ok) {
		u64 x = rnd_value(w), y = rnd_below(8) ? rnd_value(w) : x;
		struct num a, b;

		if (rnd_below(4) == 0)
			y &= w - 1u;
		a = rnd_num(x, w);
		b = rnd_num(y, w);
		check_num("sync", &a, x, w);
		check_num("sync", &b, y, w);
		check_alu(&a, &b, x, y, w);
		check_jumps(&a, &b, x, y, w);
		check_extensions(&a, x, w);
	}
}

static void test_random_64(void)
{
	check_random(64, 100000);
}

static void test_random_32(void)
{
	check_random(32, 50000);
}

/* Every value of both operands, not only those that they were made around. */
static void check_all_values(u8 w, u32 rounds)
{
	u64 x, y;

	while (rounds-- && tap.ok) {
		struct num a = rnd_num(rnd_value(w), w), b = rnd_num(rnd_value(w), w);

		for (x = 0; x <= width_mask(w); x++) {
			if (!num_has(&a, x, w))
				continue;
			check_extensions(&a, x, w);
			for (y = 0; y <= width_mask(w); y++) {
				if (!num_has(&b, y, w))
					continue;
				check_alu(&a, &b, x, y, w);
				check_jumps(&a, &b, x, y, w);
			}
		}
	}
}

static void test_values_4(void)
{
	check_all_values(4, 2000);
}

static void test_values_8(void)
{
	check_all_values(8, 20);
}

int main(void)
{
	run_test(test_random_64);
	run_test(test_random_32);
	run_test(test_values_4);
	run_test(test_values_8);
	return tap_done();
}
