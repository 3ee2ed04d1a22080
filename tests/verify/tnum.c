/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers, proven exhaustively at small widths: for all pairs of
 * tnums of a few bits, every result contains op(x, y) for all x and y. The
 * low bits of these operations do not depend on higher ones, so that 64-bit
 * arithmetic can be checked modulo 2^BITS; right shifts start from zeros.
 */
#include "tap.h"
#include "verify/tnum.h"

#define BITS 5
#define SIZE BIT(BITS)
#define LOW  (SIZE - 1)

static struct tnum low(struct tnum a)
{
	return (struct tnum){.value = a.value & LOW, .mask = a.mask & LOW};
}

static bool has(struct tnum a, u64 v)
{
	return !((v ^ a.value) & ~a.mask);
}

static bool well_formed(struct tnum a)
{
	return !(a.value & a.mask);
}

/* All tnums of BITS bits: each bit is 0, 1 or unknown. */
static struct tnum all[3 * 3 * 3 * 3 * 3];
static u32 all_cnt;

static void list_all(void)
{
	struct tnum a;

	for (a.mask = 0; a.mask < SIZE; a.mask++)
		for (a.value = 0; a.value < SIZE; a.value++)
			if (well_formed(a))
				all[all_cnt++] = a;
}

enum exact { SOUND, EXACT };

struct binary {
	const char *name;
	struct tnum (*abstract)(struct tnum a, struct tnum b);
	u64 (*concrete)(u64 x, u64 y);
	enum exact exact; /* no smaller tnum would do */
};

/* The union of op(x, y) over all x, y must be within the result; equal to it where exact. */
static void check_pair(const struct binary *op, struct tnum a, struct tnum b)
{
	struct tnum r = low(op->abstract(a, b));
	u64 ones = LOW, zeros = LOW, x, y, v;

	for (x = 0; x < SIZE; x++) {
		if (!has(a, x))
			continue;
		for (y = 0; y < SIZE; y++) {
			if (!has(b, y))
				continue;
			v = op->concrete(x, y) & LOW;
			ones &= v;
			zeros &= ~v;
			if (!has(r, v))
				tap_fail("%s: %" PRIu64 " and %" PRIu64 " of (%#" PRIx64
					 "; %#" PRIx64 ") and (%#" PRIx64 "; %#" PRIx64 ")",
					 op->name, x, y, a.value, a.mask, b.value, b.mask);
		}
	}
	check(well_formed(r));
	if (op->exact == EXACT) {
		check_eq(r.value, ones);
		check_eq(r.mask, LOW & ~(ones | zeros));
	}
}

static u64 op_add(u64 x, u64 y)
{
	return x + y;
}

static u64 op_sub(u64 x, u64 y)
{
	return x - y;
}

static u64 op_mul(u64 x, u64 y)
{
	return x * y;
}

static u64 op_and(u64 x, u64 y)
{
	return x & y;
}

static u64 op_or(u64 x, u64 y)
{
	return x | y;
}

static u64 op_xor(u64 x, u64 y)
{
	return x ^ y;
}

static const struct binary binaries[] = {
	{"add", tnum_add, op_add, EXACT}, {"sub", tnum_sub, op_sub, EXACT},
	{"mul", tnum_mul, op_mul, SOUND}, {"and", tnum_and, op_and, EXACT},
	{"or", tnum_or, op_or, EXACT},	  {"xor", tnum_xor, op_xor, EXACT},
};

static void test_binary(void)
{
	const struct binary *op;
	u32 i, j;

	for (op = binaries; op < binaries + ARRAY_SIZE(binaries); op++) {
		tap_begin(op->name);
		for (i = 0; i < all_cnt; i++)
			for (j = 0; j < all_cnt; j++)
				check_pair(op, all[i], all[j]);
		tap_end();
	}
}

static s64 sext(u64 v, u8 bits)
{
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

static void check_shifts(struct tnum a, u64 x)
{
	u8 n;

	for (n = 0; n < BITS; n++) {
		check(has(tnum_lsh(a, n), x << n));
		check(has(tnum_rsh(a, n), x >> n));
		check(has(tnum_arsh(a, n, BITS), (u64)(sext(x, BITS) >> n) & LOW));
	}
}

static void test_unary(void)
{
	u64 x;
	u32 i;

	for (i = 0; i < all_cnt; i++) {
		for (x = 0; x < SIZE; x++) {
			if (!has(all[i], x))
				continue;
			check_shifts(all[i], x);
			check(has(low(tnum_neg(all[i])), -x & LOW));
		}
	}
	check_eq(tnum_arsh(tnum_const(0x80000000), 4, 32).value, 0xf8000000);
	check_eq(tnum_arsh(tnum_const(0x80000000), 4, 64).value, 0x08000000);
	check_eq(tnum_arsh(TNUM_UNKNOWN, 63, 64).mask, UINT64_MAX);
}

/* Intersection and union are the lattice's meet and join; tnum_in its order. */
static void check_lattice(struct tnum a, struct tnum b)
{
	struct tnum both = tnum_intersect(a, b), either = tnum_union(a, b);
	bool within = true, shared = false;
	u64 x;

	for (x = 0; x < SIZE; x++) {
		within &= !has(b, x) || has(a, x);
		shared |= has(a, x) && has(b, x);
		check(!has(a, x) || !has(b, x) || has(both, x));
		check((!has(a, x) && !has(b, x)) || has(either, x));
	}
	check_eq(tnum_in(a, b), within);
	check_eq(tnum_overlap(a, b), shared);
	check(tnum_in(either, a) && tnum_in(either, b));
	if (shared)
		check(tnum_in(a, both) && tnum_in(b, both));
}

static void test_lattice(void)
{
	u32 i, j;

	for (i = 0; i < all_cnt; i++)
		for (j = 0; j < all_cnt; j++)
			check_lattice(all[i], all[j]);
}

/* The least tnum around all of a range. */
static void test_range(void)
{
	u64 min, max, x;

	for (min = 0; min < SIZE; min++) {
		for (max = min; max < SIZE; max++) {
			struct tnum t = tnum_range(min, max), least = tnum_const(min);

			for (x = min; x <= max; x++)
				least = tnum_union(least, tnum_const(x));
			check_eq(t.value, least.value);
			check_eq(t.mask, least.mask);
		}
	}
	check_eq(tnum_range(0, UINT64_MAX).mask, UINT64_MAX);
	check_eq(tnum_range(5, 4).value, 4);
	check_eq(tnum_range(5, 4).mask, 1);
	check_eq(tnum_range(INT64_MAX, (u64)INT64_MAX + 1).mask, UINT64_MAX);
	check_eq(tnum_range(UINT64_MAX - 1, UINT64_MAX).mask, 1);
}

static void test_cast(void)
{
	struct tnum a = {.value = 0x1122334400000000, .mask = 0x00000000ffffff0f};
	struct tnum r;

	check_eq(tnum_cast(a, 1).mask, 0x0f);
	check_eq(tnum_cast(a, 8).value, a.value);
	check_eq(tnum_subreg(a).value, 0);
	r = tnum_with_subreg(a, tnum_const(0xffffffff00000007));
	check_eq(r.value, 0x1122334400000007);
	check_eq(r.mask, 0);
	check(tnum_is_const(r) && !tnum_is_const(a));
	check(tnum_is_aligned(tnum_const(24), 8) && !tnum_is_aligned(tnum_const(24), 16));
	check(tnum_is_aligned((struct tnum){.mask = 0xf8}, 8));
	check(!tnum_is_aligned((struct tnum){.mask = 0xfc}, 8));
	check(tnum_is_aligned(TNUM_UNKNOWN, 1) && tnum_is_aligned(TNUM_UNKNOWN, 0));
}

int main(void)
{
	list_all();
	test_binary();
	run_test(test_unary);
	run_test(test_lattice);
	run_test(test_range);
	run_test(test_cast);
	return tap_done();
}
