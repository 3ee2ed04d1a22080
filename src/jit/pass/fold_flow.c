/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions: what ranges and branches above say of them, and simpler ones for
 * the same.
 */
#include "jit/pass/fold.h"

/* ---- what branches proved ---- */

struct pair {
	ir_ref a, b;
	enum ir_cc cc;
	u8 width;
};

/* The same condition with operands in one order, for looking up. */
static struct pair pair_of(const struct ir_insn *insn, enum ir_cc cc)
{
	struct pair pair = {insn->arg[0], insn->arg[1], cc, insn->cmp_width};

	if (pair.a > pair.b) {
		pair.a = insn->arg[1];
		pair.b = insn->arg[0];
		pair.cc = ir_cc_swap(cc);
	}
	return pair;
}

/* Entries of conditions differ from others by the lowest bits of the hash. */
static u32 pair_hash(const struct pair *pair)
{
	u32 hash = fold_mix(fold_mix(pair->a, pair->b), pair->width);

	return (fold_mix(hash, cc_is_test(pair->cc)) & ~3u) | 2;
}

/* Relations that are possible by what was proved, of the kind that the condition asks for. */
static u32 possible(const struct fold *f, const struct pair *pair)
{
	u32 hash = pair_hash(pair), all = REL_ALL;

	fold_each (f, hash, e) {
		const struct fold_entry *entry = &f->entries.at[e];

		if (entry->hash == hash && entry->key == pair->a && entry->value == pair->b &&
		    entry->extra >> 8 == pair->width)
			all &= entry->extra & 0xff;
	}
	return all;
}

static int decided_above(const struct fold *f, const struct ir_insn *insn)
{
	struct pair pair = pair_of(insn, insn->cc);
	u32 can = possible(f, &pair), asked = cc_relations[pair.cc];

	if (can == REL_ALL)
		return -1;
	return !(can & asked) ? 0 : !(can & ~asked) ? 1 : -1;
}

static int decide(const struct fold *f, const struct ir_insn *insn)
{
	u64 both = fold_ones(f, insn->arg[0]) & fold_ones(f, insn->arg[1]);
	u8 width = insn->cmp_width;

	if (cc_is_test(insn->cc))
		return both & width_mask(width) ? -1 : insn->cc == IR_NTEST;
	return range_decide(insn->cc, width, range_of_low(f->fn, insn->arg[0], width),
			    range_of_low(f->fn, insn->arg[1], width));
}

/* Of a value and itself. */
static int decide_same(enum ir_cc cc)
{
	return cc_is_test(cc) ? -1 : cc_relations[cc] & REL_EQ ? 1 : 0;
}

/* ---- simpler conditions ---- */

static int compare(struct fold *f, struct ir_insn *insn, enum ir_cc cc, u8 width, ir_ref a, u64 b)
{
	insn->cc = (u8)cc;
	insn->cmp_width = width & 0xfu;
	insn->arg[0] = a;
	insn->arg[1] = fold_number(f, b);
	fold_again(f);
	return -1;
}

static int compare_values(struct fold *f, struct ir_insn *insn, ir_ref a, ir_ref b)
{
	insn->arg[0] = a;
	insn->arg[1] = b;
	fold_again(f);
	return -1;
}

/* A condition of a SET or of a choice of two constants is that of what it was made by. */
static int compare_made(struct fold *f, struct ir_insn *insn, const struct ir_insn *from, u64 c)
{
	bool on_equal, on_yes;
	u64 yes = 1, no = 0;

	if (from->op == IR_SELECT &&
	    (!fold_const(f, from->arg[2], &yes) || !fold_const(f, from->arg[3], &no)))
		return -1;
	yes &= width_mask(insn->cmp_width);
	no &= width_mask(insn->cmp_width);
	if (yes != c && no != c)
		return insn->cc == IR_NE;
	if (yes == no)
		return -1;
	on_equal = insn->cc == IR_EQ;
	on_yes = (yes == c) == on_equal;
	insn->cc = (u8)(on_yes ? from->cc : ir_cc_not(from->cc));
	insn->cmp_width = from->cmp_width;
	return compare_values(f, insn, from->arg[0], from->arg[1]);
}

static u64 swapped_bytes(enum ir_op op, u64 c)
{
	return op == IR_BSWAP16	  ? __builtin_bswap16((u16)c)
	       : op == IR_BSWAP32 ? __builtin_bswap32((u32)c)
				  : __builtin_bswap64(c);
}

/*
 * x <op> by == c: x == another number. Not where the sum is in a register anyway: a loop would
 * need its counter twice.
 */
static int equal_by(struct fold *f, struct ir_insn *insn, const struct ir_insn *a, u64 by, u64 c)
{
	u8 width = insn->cmp_width;
	bool same = a->width == width, enough = a->width >= width && a->uses <= 1;
	u64 n = by & (a->width * 8u - 1);

	if (a->op == IR_ADD && enough)
		return compare(f, insn, insn->cc, width, a->arg[0], (c - by) & width_mask(width));
	if (a->op == IR_XOR && enough)
		return compare(f, insn, insn->cc, width, a->arg[0], (c ^ by) & width_mask(width));
	if (a->op == IR_AND && !c)
		return compare(f, insn, insn->cc == IR_EQ ? IR_NTEST : IR_TEST,
			       width < a->width ? width : a->width, a->arg[0],
			       by & width_mask(width) & width_mask(a->width));
	if (a->op == IR_AND && c == by && is_power_of_two(c))
		return compare(f, insn, insn->cc == IR_EQ ? IR_TEST : IR_NTEST,
			       width < a->width ? width : a->width, a->arg[0], by);
	if (a->op == IR_SHR && same && !c)
		return compare(f, insn, insn->cc == IR_EQ ? IR_ULT : IR_UGE, width, a->arg[0],
			       BIT_ULL(n));
	if (a->op == IR_SHL && same && !c)
		return compare(f, insn, insn->cc == IR_EQ ? IR_NTEST : IR_TEST, width, a->arg[0],
			       width_mask(width) >> n);
	return -1;
}

/* a == c, or not */
static int equal_number(struct fold *f, struct ir_insn *insn, u64 c)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	u8 width = insn->cmp_width;
	bool enough = a->width >= width;
	u64 by;

	switch (a->op) {
	case IR_SET:
	case IR_SELECT:
		return compare_made(f, insn, a, c);
	case IR_SUB:
		if (enough && !c)
			return compare_values(f, insn, a->arg[0], a->arg[1]);
		if (enough && fold_const(f, a->arg[0], &by))
			return compare(f, insn, insn->cc, width, a->arg[1],
				       (by - c) & width_mask(width));
		return -1;
	case IR_XOR:
		if (enough && !c && !ir_is_const(f->fn, a->arg[1]))
			return compare_values(f, insn, a->arg[0], a->arg[1]);
		break;
	case IR_NEG:
		return enough ? compare(f, insn, insn->cc, width, a->arg[0], -c & width_mask(width))
			      : -1;
	case IR_NOT:
		return enough ? compare(f, insn, insn->cc, width, a->arg[0], ~c & width_mask(width))
			      : -1;
	case IR_BSWAP32:
	case IR_BSWAP64:
		if (width != (a->op == IR_BSWAP32 ? 4 : 8))
			return -1;
		return compare(f, insn, insn->cc, width, a->arg[0], swapped_bytes(a->op, c));
	case IR_BSWAP16:
		return compare(f, insn, insn->cc, width, fold_unary(f, IR_ZEXT16, 8, a->arg[0]),
			       swapped_bytes(a->op, c));
	case IR_SEXT32:
		if (width == 8 && (u64)(s64)(s32)c == c)
			return compare(f, insn, insn->cc, 4, a->arg[0], (u32)c);
		if (width == 8)
			return insn->cc == IR_NE;
		return compare(f, insn, insn->cc, 4, a->arg[0], c);
	}
	if (ir_ops[a->op].args == 2 && ir_flags(a) & IR_OP_W && fold_const(f, a->arg[1], &by))
		return equal_by(f, insn, a, by, c);
	return -1;
}

/* a & c */
static int test_number(struct fold *f, struct ir_insn *insn, u64 c)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	u8 width = insn->cmp_width;
	u64 by, ones = fold_ones(f, insn->arg[0]) & width_mask(width);

	if (!(ones & ~c)) /* all that there may be */
		return compare(f, insn, insn->cc == IR_TEST ? IR_NE : IR_EQ, width, insn->arg[0],
			       0);
	if (a->op == IR_AND && fold_const(f, a->arg[1], &by))
		return compare(f, insn, insn->cc, width, a->arg[0], c & by & width_mask(a->width));
	if (a->op == IR_SHR && a->width == 8 && fold_const(f, a->arg[1], &by) &&
	    (is_power_of_two(c) ? c <= UINT64_MAX >> (by & 63) : c <= (u64)INT32_MAX >> (by & 63)))
		return compare(f, insn, insn->cc, 8, a->arg[0], c << (by & 63));
	if (a->op == IR_SHR && a->width == 4 && fold_const(f, a->arg[1], &by) &&
	    c <= (u64)UINT32_MAX >> (by & 31))
		return compare(f, insn, insn->cc, 4, a->arg[0], c << (by & 31));
	if (a->op == IR_ZEXT8)
		return compare(f, insn, insn->cc, width, a->arg[0], c & UINT8_MAX);
	if (a->op == IR_ZEXT16)
		return compare(f, insn, insn->cc, width, a->arg[0], c & UINT16_MAX);
	if (a->op == IR_ZEXT32)
		return compare(f, insn, insn->cc, width, a->arg[0], c & UINT32_MAX);
	if (width == 8 && c <= UINT32_MAX)
		return compare(f, insn, insn->cc, 4, insn->arg[0], c);
	return -1;
}

/* Comparisons at the ends of what is possible are for equality. */
static int order_number(struct fold *f, struct ir_insn *insn, u64 c)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	struct range r = range_of_low(f->fn, insn->arg[0], insn->cmp_width);
	u8 width = insn->cmp_width;

	if (cc_is_signed(insn->cc)) {
		if (width == 8 && a->op == IR_SEXT32 && (u64)(s64)(s32)c == c)
			return compare(f, insn, insn->cc, 4, a->arg[0], (u32)c);
		return -1;
	}
	if (r.min + 1 == c && (insn->cc == IR_ULT || insn->cc == IR_UGE))
		return compare(f, insn, insn->cc == IR_ULT ? IR_EQ : IR_NE, width, insn->arg[0],
			       r.min);
	if (r.min == c && (insn->cc == IR_ULE || insn->cc == IR_UGT))
		return compare(f, insn, insn->cc == IR_ULE ? IR_EQ : IR_NE, width, insn->arg[0], c);
	if (r.max == c && (insn->cc == IR_ULT || insn->cc == IR_UGE))
		return compare(f, insn, insn->cc == IR_ULT ? IR_NE : IR_EQ, width, insn->arg[0], c);
	if (c && r.max == c + 1 && (insn->cc == IR_ULE || insn->cc == IR_UGT))
		return compare(f, insn, insn->cc == IR_ULE ? IR_NE : IR_EQ, width, insn->arg[0],
			       c + 1);
	return -1;
}

/* Both sides are made in the same way from other values. */
static int both_sides(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]), *b = fold_def(f, insn->arg[1]);
	u8 width = insn->cmp_width;
	u64 c, d;

	if (cc_is_equality(insn->cc) && a->op == IR_ADD && b->op == IR_ADD && a->width == width &&
	    b->width == width && fold_const(f, a->arg[1], &c) && fold_const(f, b->arg[1], &d) &&
	    c == d)
		return compare_values(f, insn, a->arg[0], b->arg[0]);
	if (cc_is_equality(insn->cc) && a->op == b->op &&
	    ((a->op == IR_BSWAP32 && width == 4) || (a->op == IR_BSWAP64 && width == 8)))
		return compare_values(f, insn, a->arg[0], b->arg[0]);
	if (width == 8 && !cc_is_test(insn->cc) && a->op == IR_SEXT32 && b->op == IR_SEXT32) {
		insn->cmp_width = 4;
		return compare_values(f, insn, a->arg[0], b->arg[0]);
	}
	return -1;
}

/* Makes signed ones unsigned and 64-bit ones 32-bit ones, where it is the same. */
static void reduce(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1];
	u8 width = insn->cmp_width;
	u64 sign = width_smax(width);

	if (cc_is_signed(insn->cc) && range_of_low(f->fn, a, width).max <= sign &&
	    range_of_low(f->fn, b, width).max <= sign) {
		insn->cc = (u8)(insn->cc - IR_SLT + IR_ULT);
		fold_again(f);
	}
	if (width == 8 && !cc_is_signed(insn->cc) && !((fold_ones(f, a) | fold_ones(f, b)) >> 32)) {
		insn->cmp_width = 4;
		fold_again(f);
	}
}

/* Literals on the right, without bits that do not count. */
static void order_sides(struct fold *f, struct ir_insn *insn)
{
	u64 c;

	if (ir_is_literal(f->fn, insn->arg[0]) && !ir_is_const(f->fn, insn->arg[1])) {
		ir_ref swap = insn->arg[0];

		insn->arg[0] = insn->arg[1];
		insn->arg[1] = swap;
		insn->cc = (u8)ir_cc_swap(insn->cc);
		if (ir_is_literal(f->fn, insn->arg[0]) && ir_is_literal(f->fn, insn->arg[1]))
			return;
		f->changed = true;
	}
	if (insn->cmp_width == 4 && fold_const(f, insn->arg[1], &c) && c > UINT32_MAX)
		insn->arg[1] = fold_number(f, (u32)c);
}

static int one_round(struct fold *f, struct ir_insn *insn)
{
	int way;
	u64 a, b;

	order_sides(f, insn);
	if (fold_const(f, insn->arg[0], &a) && fold_const(f, insn->arg[1], &b))
		return ir_eval_cc(insn->cc, insn->cmp_width, a, b);
	if (insn->arg[0] == insn->arg[1]) {
		if (!cc_is_test(insn->cc))
			return decide_same(insn->cc);
		return compare(f, insn, insn->cc == IR_TEST ? IR_NE : IR_EQ, insn->cmp_width,
			       insn->arg[0], 0);
	}
	way = decide(f, insn);
	if (way < 0)
		way = decided_above(f, insn);
	if (way >= 0)
		return way;
	reduce(f, insn);
	if (f->again)
		return -1;
	way = both_sides(f, insn);
	if (way >= 0 || f->again || !fold_const(f, insn->arg[1], &b))
		return way;
	if (cc_is_equality(insn->cc))
		return equal_number(f, insn, b);
	return cc_is_test(insn->cc) ? test_number(f, insn, b) : order_number(f, insn, b);
}

int fold_condition(struct fold *f, struct ir_insn *insn)
{
	for (u32 round = 0; round < 16; round++) {
		int way;

		f->again = false;
		way = one_round(f, insn);
		if (way >= 0)
			return way;
		if (!f->again)
			return -1;
		f->changed = true;
	}
	f->again = false;
	return -1;
}

/* ---- what has a condition ---- */

static ir_ref fold_set(struct fold *f, struct ir_insn *insn)
{
	int way = fold_condition(f, insn);
	u64 c;

	if (way >= 0)
		return fold_number(f, (u64)way);
	/* The value is 0 or 1 by itself. */
	if (insn->cc == IR_NE && fold_const(f, insn->arg[1], &c) && !c &&
	    range_of(f->fn, insn->arg[0]).max <= 1)
		return insn->arg[0];
	return 0;
}

static ir_ref fold_select(struct fold *f, struct ir_insn *insn)
{
	int way = fold_condition(f, insn);
	ir_ref yes = insn->arg[2], no = insn->arg[3];
	u64 y, n;

	if (way >= 0)
		return way ? yes : no;
	if (yes == no)
		return yes;
	if (insn->cmp_width == 8 && cc_is_equality(insn->cc) &&
	    ((insn->arg[0] == yes && insn->arg[1] == no) ||
	     (insn->arg[0] == no && insn->arg[1] == yes)))
		return insn->cc == IR_EQ ? no : yes;
	if (!fold_const(f, yes, &y) || !fold_const(f, no, &n) || y > 1 || n > 1)
		return 0;
	if (n)
		insn->cc = (u8)ir_cc_not(insn->cc);
	insn->arg[2] = insn->arg[3] = 0;
	insn->op = IR_SET;
	return fold_again(f);
}

static ir_ref fold_branch(struct fold *f, struct ir_insn *insn)
{
	int way = fold_condition(f, insn);

	if (way >= 0) {
		ir_branch_fold(f->fn, insn->block, !way);
		f->changed = true;
	}
	return 0;
}

const fold_rule fold_flow_rules[IR_OP_CNT] = {
	[IR_SET] = fold_set,
	[IR_SELECT] = fold_select,
	[IR_BR] = fold_branch,
};

/* ---- what a branch proves ---- */

/* No bit of @b is set in @a. */
static void assume_clear(struct fold *f, ir_ref a, ir_ref b)
{
	u64 c;

	if (fold_const(f, b, &c))
		fold_refine(f, a, (struct range){0, fold_ones(f, a) & ~c});
}

static void assume_ranges(struct fold *f, enum ir_cc cc, u8 width, ir_ref a, ir_ref b)
{
	struct range of_a = range_of(f->fn, a), of_b = range_of(f->fn, b);

	if (cc == IR_NTEST) {
		assume_clear(f, a, b);
		return;
	}
	fold_refine(f, a, range_given(cc, width, of_a, of_b));
	if (!cc_is_test(cc))
		fold_refine(f, b, range_given(ir_cc_swap(cc), width, of_b, of_a));
}

void fold_assume(struct fold *f, const struct ir_insn *branch, u32 way)
{
	enum ir_cc cc = way ? ir_cc_not(branch->cc) : branch->cc;
	struct pair pair = pair_of(branch, cc);
	ir_ref a = branch->arg[0], b = branch->arg[1];

	fold_add_entry(f, pair_hash(&pair), pair.a, pair.b,
		       cc_relations[pair.cc] | (u32)pair.width << 8);
	if (branch->cmp_width == 8 || !((fold_ones(f, a) | fold_ones(f, b)) >> 32))
		assume_ranges(f, cc, branch->cmp_width, a, b);
}
