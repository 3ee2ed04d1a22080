/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar domain is sound: whatever values are in the operands, the
 * result's values are in the result, a decided branch is decided rightly, and
 * refining never loses a pair of values for which the condition holds. Shown
 * at 4 bits for all intervals and tnums, at 8 bits for sampled ones with every
 * value in them (what runs at 64 bits is the same code), and at 64 bits on
 * random values. How much is known, not only that it is true, is compared with
 * Linux in scalar_kernel.c.
 */
#include "isa/uapi.h"
#include "tap.h"
#include "verify/scalar.h"
#include "verify/scalar_branch.h"

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
	u32 bits = rnd_below(64), near = rnd_below(5);
	u64 v = rnd() >> bits;

	switch (rnd_below(4)) {
	case 0:
		v = -v;
		break;
	case 1:
		v = (UINT64_C(1) << bits % n) + near - 2;
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
		a.bits.mask = rnd() & width_mask(w);
		a.bits.mask &= rnd() | v;
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

/* The values that an operand is tried with: all that are in it, or one. */
struct values {
	u64 v[256];
	u32 cnt;
};

static void values_of(struct values *values, const struct num *a, u8 w)
{
	u64 x;

	values->cnt = 0;
	for (x = 0; x <= width_mask(w); x++)
		if (num_has(a, x, w))
			values->v[values->cnt++] = x;
}

#define each_pair(x, y, xs, ys)                                                                    \
	for (const u64 *x = (xs)->v; x < (xs)->v + (xs)->cnt; x++)                                 \
		for (const u64 *y = (ys)->v; y < (ys)->v + (ys)->cnt; y++)

static void check_alu(u8 op, bool is_full, const struct num *a, const struct num *b,
		      const struct values *xs, const struct values *ys, u8 w)
{
	struct num r = num_alu(op, is_full, a, b, w);

	each_pair(x, y, xs, ys)
	{
		if (!num_has(&r, concrete(op, is_full, *x, *y, w), w))
			fail("alu", op, is_full, *x, *y, w);
	}
	check(num_valid(&r, w));
}

static void check_jump(u8 op, bool is_full, const struct num *a, const struct num *b,
		       const struct values *xs, const struct values *ys, u8 w)
{
	struct num ra[2] = {*a, *a}, rb[2] = {*b, *b};
	int decided = num_branch(op, is_full, a, b, w);
	bool possible[2];

	possible[0] = num_refine(op, is_full, false, &ra[0], &rb[0], w);
	possible[1] = num_refine(op, is_full, true, &ra[1], &rb[1], w);
	each_pair(x, y, xs, ys)
	{
		bool taken = holds(op, is_full, *x, *y, w);

		if (decided >= 0 && decided != (int)taken)
			fail("decided", op, is_full, *x, *y, w);
		if (!possible[taken])
			fail("impossible", op, is_full, *x, *y, w);
		if (!num_has(&ra[taken], *x, w) || !num_has(&rb[taken], *y, w))
			fail("lost", op, is_full, *x, *y, w);
	}
}

static void check_split(u8 op, const struct num *a, const struct num *b, const struct values *xs,
			u8 w)
{
	struct num zero, ones;

	if (!num_split(op, a, b, &zero, &ones, w))
		return;
	for (u32 i = 0; i < xs->cnt; i++)
		if (!num_has(&zero, xs->v[i], w) && !num_has(&ones, xs->v[i], w))
			fail("split", op, true, xs->v[i], 0, w);
}

static void check_operations(const struct num *a, const struct num *b, const struct values *xs,
			     const struct values *ys, u8 w)
{
	size_t i;

	if (!xs->cnt || !ys->cnt)
		return;
	for (i = 0; i < ARRAY_SIZE(alu_ops); i++) {
		check_alu(alu_ops[i], true, a, b, xs, ys, w);
		check_alu(alu_ops[i], false, a, b, xs, ys, w);
		check_split(alu_ops[i], a, b, xs, w);
	}
	for (i = 0; i < ARRAY_SIZE(jump_ops); i++) {
		check_jump(jump_ops[i], true, a, b, xs, ys, w);
		check_jump(jump_ops[i], false, a, b, xs, ys, w);
	}
}

static void check_extensions(const struct num *a, u64 x, u8 w)
{
	struct num moved = num_mov_half(a, w);
	u8 n;

	check_num("move of half", &moved, x & width_mask(w / 2), w);
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
		struct values xs = {.cnt = 1}, ys = {.cnt = 1};
		u64 x = rnd_value(w), y = rnd_below(8) ? rnd_value(w) : x;
		struct num a, b;

		if (rnd_below(4) == 0)
			y &= w - 1u;
		xs.v[0] = x;
		ys.v[0] = y;
		a = rnd_num(x, w);
		b = rnd_num(y, w);
		check_num("sync", &a, x, w);
		check_num("sync", &b, y, w);
		check_operations(&a, &b, &xs, &ys, w);
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

/* Every value of both operands. */
static void check_values(const struct num *a, const struct num *b, u8 w)
{
	struct values xs, ys;

	values_of(&xs, a, w);
	values_of(&ys, b, w);
	check_operations(a, b, &xs, &ys, w);
}

static void check_sampled(u8 w, u32 rounds)
{
	while (rounds-- && tap.ok) {
		u64 x = rnd_value(w), y = rnd_value(w);
		struct num a = rnd_num(x, w), b = rnd_num(y, w);

		check_values(&a, &b, w);
	}
}

static void test_values_4(void)
{
	check_sampled(4, 20000);
}

static void test_values_8(void)
{
	check_sampled(8, 60);
}

/* ---- 4 bits: every interval and tnum ---- */

#define SMALL	    4
#define SMALL_SIZE  16
#define MAX_RANGES  (SMALL_SIZE * (SMALL_SIZE + 1) / 2)
#define SMALL_TNUMS 81

struct bounds {
	s64 min, max;
};

/* All intervals of the numbers first..last. */
static u32 list_bounds(struct bounds *list, s64 first, s64 last)
{
	struct bounds b;
	u32 cnt = 0;

	for (b.min = first; b.min <= last; b.min++)
		for (b.max = b.min; b.max <= last; b.max++)
			list[cnt++] = b;
	return cnt;
}

static u32 list_tnums(struct tnum *list)
{
	struct tnum t;
	u32 cnt = 0;

	for (t.mask = 0; t.mask < SMALL_SIZE; t.mask++)
		for (t.value = 0; t.value < SMALL_SIZE; t.value++)
			if (!(t.value & t.mask))
				list[cnt++] = t;
	return cnt;
}

struct small_lists {
	struct bounds u[MAX_RANGES], s[MAX_RANGES], hu[10], hs[10];
	struct tnum tnums[SMALL_TNUMS];
	u32 u_cnt, s_cnt, hu_cnt, hs_cnt, tnum_cnt;
};

static void list_small(struct small_lists *l)
{
	l->u_cnt = list_bounds(l->u, 0, (s64)width_mask(SMALL));
	l->s_cnt = list_bounds(l->s, width_smin(SMALL), width_smax(SMALL));
	l->hu_cnt = list_bounds(l->hu, 0, (s64)width_mask(SMALL / 2));
	l->hs_cnt = list_bounds(l->hs, width_smin(SMALL / 2), width_smax(SMALL / 2));
	l->tnum_cnt = list_tnums(l->tnums);
}

static void check_sync(const struct num *a)
{
	struct num synced = *a;
	bool valid;
	u64 x;

	num_sync(&synced, SMALL);
	valid = num_valid(&synced, SMALL);
	for (x = 0; x < SMALL_SIZE; x++) {
		if (num_has(a, x, SMALL) && !(valid && num_has(&synced, x, SMALL)))
			fail("sync", 0, true, x, x, SMALL);
	}
}

/*
 * Number @i of those that four of the five domains can make, the fifth being
 * unknown: @without counts tnum, unsigned, signed, half unsigned, half signed.
 */
static bool small_num(const struct small_lists *l, u32 without, u64 i, struct num *a)
{
	u32 sizes[] = {l->tnum_cnt, l->u_cnt, l->s_cnt, l->hu_cnt, l->hs_cnt};
	u32 at[5], k;

	for (k = 0; k < 5; k++) {
		at[k] = k == without ? 0 : (u32)(i % sizes[k]);
		i /= k == without ? 1 : sizes[k];
	}
	*a = num_unknown(SMALL);
	if (without != 0)
		a->bits = l->tnums[at[0]];
	if (without != 1)
		range_meet_unsigned(&a->full, (u64)l->u[at[1]].min, (u64)l->u[at[1]].max);
	if (without != 2)
		range_meet_signed(&a->full, l->s[at[2]].min, l->s[at[2]].max);
	if (without != 3)
		range_meet_unsigned(&a->half, (u64)l->hu[at[3]].min, (u64)l->hu[at[3]].max);
	if (without != 4)
		range_meet_signed(&a->half, l->hs[at[4]].min, l->hs[at[4]].max);
	return i == 0;
}

static void test_sync_4(void)
{
	static struct small_lists lists;
	u64 i, step = getenv("ANYBPF_TEST_SLOW") ? 1 : 7;
	struct num a;
	u32 without;

	list_small(&lists);
	for (without = 0; without < 5; without++)
		for (i = 0; small_num(&lists, without, i, &a); i += step)
			check_sync(&a);
}

static void check_constants(const struct num *a)
{
	u64 v;

	for (v = 0; v < SMALL_SIZE; v++) {
		struct num b = num_const(v, SMALL);

		if (num_has(a, v, SMALL))
			check_extensions(a, v, SMALL);
		check_values(a, &b, SMALL);
		check_values(&b, a, SMALL);
	}
}

/* Each number that is in sync, of the three domains of the whole, with each constant. */
static void test_constants_4(void)
{
	static struct small_lists l;
	u32 i, cnt = 0, size;

	list_small(&l);
	size = l.u_cnt * l.s_cnt * l.tnum_cnt;
	for (i = 0; i < size; i++) {
		struct bounds u = l.u[i % l.u_cnt], s = l.s[i / l.u_cnt % l.s_cnt];
		struct num a = num_unknown(SMALL), synced;

		a.bits = l.tnums[i / l.u_cnt / l.s_cnt];
		range_meet_unsigned(&a.full, (u64)u.min, (u64)u.max);
		range_meet_signed(&a.full, s.min, s.max);
		synced = a;
		num_sync(&synced, SMALL);
		if (memcmp(&a.full, &synced.full, sizeof(a.full)) ||
		    memcmp(&a.bits, &synced.bits, sizeof(a.bits)))
			continue;
		check_constants(&synced);
		cnt++;
	}
	check(cnt > 1000);
}

static void test_split(void)
{
	struct scalar mask = scalar_alu(BPF_ARSH, true, 0, scalar_unknown(), scalar_const(63));
	struct scalar half = scalar_alu(BPF_ARSH, false, 0, scalar_unknown(), scalar_const(31));
	struct scalar five = scalar_const(5), unknown = scalar_unknown(), zero, ones;

	check(scalar_split(BPF_AND, &mask, &five, &zero, &ones));
	check(scalar_is_const(&zero) && scalar_is_const(&ones));
	check_eq(zero.var_off.value, 0);
	check_eq(ones.var_off.value, UINT64_MAX);
	check(scalar_split(BPF_OR, &half, &five, &zero, &ones));
	check_eq(ones.s32_min, -1);
	check_eq(ones.s32_max, -1);
	check_eq(ones.var_off.value, UINT32_MAX);
	check_eq(zero.u32_max, 0);
	check(!scalar_split(BPF_XOR, &mask, &five, &zero, &ones));
	check(!scalar_split(BPF_AND, &mask, &unknown, &zero, &ones));
	check(!scalar_split(BPF_AND, &five, &five, &zero, &ones));
}

static void test_distance(void)
{
	struct scalar a = scalar_zext(scalar_unknown(), 1), r;

	r = scalar_at_distance(&a, 10);
	check_eq(r.umin, 10);
	check_eq(r.umax, 265);
	r = scalar_at_distance(&a, -1);
	check_eq(r.smin, -1);
	check_eq(r.smax, 254);
	check_eq(r.umax, UINT64_MAX);
}

/* A distance is known when tnum and ranges say so, as Linux asks. */
static void test_shift_distance(void)
{
	struct scalar five = scalar_const(5), two = scalar_const(2), r;

	r = scalar_alu(BPF_LSH, true, 0, five, two);
	check_eq(r.var_off.value, 20);
	check(scalar_is_const(&r));
	two.umax = 3;
	r = scalar_alu(BPF_LSH, true, 0, five, two);
	check(!scalar_is_const(&r));
	two = scalar_const(2);
	two.smin = 1;
	r = scalar_alu(BPF_LSH, true, 0, five, two);
	check(!scalar_is_const(&r));
}

/* Each bound by itself decides whether one contains the other. */
static void test_contains(void)
{
	struct scalar a = {.var_off = TNUM_UNKNOWN,
			   .smin = -10,
			   .smax = 10,
			   .umin = 10,
			   .umax = 20,
			   .s32_min = -10,
			   .s32_max = 10,
			   .u32_min = 10,
			   .u32_max = 20};
	struct scalar b[8] = {a, a, a, a, a, a, a, a};
	size_t i;

	b[0].smin--;
	b[1].smax++;
	b[2].umin--;
	b[3].umax++;
	b[4].s32_min--;
	b[5].s32_max++;
	b[6].u32_min--;
	b[7].u32_max++;
	for (i = 0; i < ARRAY_SIZE(b); i++) {
		check(scalar_contains(&b[i], &a));
		check(!scalar_contains(&a, &b[i]));
		check(!scalar_equal(&a, &b[i]));
	}
	check(scalar_contains(&a, &a) && scalar_equal(&a, &a));
}

/* What is known of one state covers another's, in every domain. */
static void test_order(void)
{
	struct scalar all = scalar_unknown(), byte = scalar_zext(all, 1), five = scalar_const(5);
	struct scalar odd = byte;

	odd.var_off.mask &= ~1ull;
	odd.var_off.value |= 1;
	check(scalar_contains(&all, &byte) && !scalar_contains(&byte, &all));
	check(scalar_contains(&byte, &five) && !scalar_contains(&five, &byte));
	check(scalar_contains(&byte, &odd) && !scalar_contains(&odd, &byte));
	check(scalar_equal(&byte, &byte) && !scalar_equal(&byte, &odd));
	check(scalar_valid(&byte) && scalar_valid(&five));
	odd.umax = 0;
	check(!scalar_valid(&odd));
	scalar_forget_ranges(&byte);
	check_eq(byte.umax, UINT64_MAX);
	check_eq(byte.var_off.mask, 0xff);
}

int main(void)
{
	run_test(test_random_64);
	run_test(test_random_32);
	run_test(test_values_4);
	run_test(test_values_8);
	run_test(test_sync_4);
	run_test(test_constants_4);
	run_test(test_split);
	run_test(test_distance);
	run_test(test_shift_distance);
	run_test(test_contains);
	run_test(test_order);
	return tap_done();
}
