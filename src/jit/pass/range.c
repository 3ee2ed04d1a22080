/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges forward through operations, see range.h. One function per operation, in a table. */
#include "jit/pass/range.h"

static struct range full(u8 width)
{
	return (struct range){0, width_mask(width)};
}

struct range range_of(const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	if (insn->op == IR_CONST)
		return (struct range){(u64)insn->imm, (u64)insn->imm};
	if (insn->op == IR_ADDR)
		return (struct range){1, UINT64_MAX};
	/* It may not have been looked at yet. */
	if (insn->umax > UINT32_MAX && ir_flags(insn) & IR_OP_W && insn->width == 4 &&
	    insn->umin <= UINT32_MAX)
		return (struct range){insn->umin, UINT32_MAX};
	return (struct range){insn->umin, insn->umax};
}

struct range range_of_low(const struct ir_fn *fn, ir_ref ref, u8 width)
{
	struct range r = range_of(fn, ref);

	if (width == 8 || r.max <= UINT32_MAX)
		return r;
	if (r.min >> 32 == r.max >> 32)
		return (struct range){(u32)r.min, (u32)r.max};
	return full(4);
}

struct range range_both(struct range a, struct range b)
{
	struct range both = {u64_max(a.min, b.min), u64_min(a.max, b.max)};

	return both.min <= both.max ? both : a;
}

struct range range_either(struct range a, struct range b)
{
	return (struct range){u64_min(a.min, b.min), u64_max(a.max, b.max)};
}

/* ---- operations: @a and @b are of the bytes that count ---- */

static struct range of_add(struct range a, struct range b, u8 width)
{
	u64 mask = width_mask(width);
	bool min_wraps = b.min > mask - a.min, max_wraps = b.max > mask - a.max;

	if (min_wraps != max_wraps)
		return full(width);
	return (struct range){(a.min + b.min) & mask, (a.max + b.max) & mask};
}

static struct range of_sub(struct range a, struct range b, u8 width)
{
	u64 mask = width_mask(width);

	if (a.min < b.max && a.max >= b.min)
		return full(width);
	return (struct range){(a.min - b.max) & mask, (a.max - b.min) & mask};
}

static struct range of_mul(struct range a, struct range b, u8 width)
{
	u64 max;

	if (__builtin_mul_overflow(a.max, b.max, &max) || max > width_mask(width))
		return full(width);
	return (struct range){a.min * b.min, max};
}

static struct range of_umulh(struct range a, struct range b, u8 width)
{
	(void)width;
	return (struct range){(u64)((unsigned __int128)a.min * b.min >> 64),
			      (u64)((unsigned __int128)a.max * b.max >> 64)};
}

static struct range of_and(struct range a, struct range b, u8 width)
{
	(void)width;
	return (struct range){0, u64_min(a.max, b.max)};
}

static struct range of_andn(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return (struct range){0, a.max};
}

static struct range of_or(struct range a, struct range b, u8 width)
{
	(void)width;
	return (struct range){u64_max(a.min, b.min), bits_below(a.max | b.max)};
}

static struct range of_xor(struct range a, struct range b, u8 width)
{
	(void)width;
	return (struct range){0, bits_below(a.max | b.max)};
}

static struct range of_shl(struct range a, struct range b, u8 width)
{
	if (b.max >= width * 8u || a.max > width_mask(width) >> b.max)
		return full(width);
	return (struct range){a.min << b.min, a.max << b.max};
}

static struct range of_shr(struct range a, struct range b, u8 width)
{
	if (b.max >= width * 8u)
		return (struct range){0, a.max};
	return (struct range){a.min >> b.max, a.max >> b.min};
}

static struct range of_sar(struct range a, struct range b, u8 width)
{
	return a.max <= width_smax(width) ? of_shr(a, b, width) : full(width);
}

static struct range of_udiv(struct range a, struct range b, u8 width)
{
	(void)width;
	if (!b.min)
		return (struct range){0, a.max};
	return (struct range){a.min / b.max, a.max / b.min};
}

static struct range of_umod(struct range a, struct range b, u8 width)
{
	(void)width;
	if (a.max < b.min)
		return a;
	return (struct range){0, b.min ? u64_min(a.max, b.max - 1) : a.max};
}

static struct range of_sdiv(struct range a, struct range b, u8 width)
{
	u64 smax = width_smax(width);

	return a.max <= smax && b.max <= smax ? of_udiv(a, b, width) : full(width);
}

static struct range of_smod(struct range a, struct range b, u8 width)
{
	u64 smax = width_smax(width);

	return a.max <= smax && b.max <= smax ? of_umod(a, b, width) : full(width);
}

static struct range of_neg(struct range a, struct range b, u8 width)
{
	(void)b;
	return of_sub((struct range){0, 0}, a, width);
}

static struct range of_not(struct range a, struct range b, u8 width)
{
	(void)b;
	return (struct range){~a.max & width_mask(width), ~a.min & width_mask(width)};
}

static struct range of_popcnt(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return (struct range){a.min > 0, bit_width(a.max)};
}

static struct range zext(struct range a, u64 mask)
{
	if (a.max <= mask)
		return a;
	return (struct range){0, mask};
}

static struct range of_zext8(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return zext(a, UINT8_MAX);
}

static struct range of_zext16(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return zext(a, UINT16_MAX);
}

static struct range of_zext32(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return zext(a, UINT32_MAX);
}

static struct range of_sext8(struct range a, struct range b, u8 width)
{
	(void)b;
	return a.max <= INT8_MAX ? a : full(width);
}

static struct range of_sext16(struct range a, struct range b, u8 width)
{
	(void)b;
	return a.max <= INT16_MAX ? a : full(width);
}

static struct range of_sext32(struct range a, struct range b, u8 width)
{
	(void)b;
	(void)width;
	return a.max <= INT32_MAX ? a : full(8);
}

static struct range of_16_bits(struct range a, struct range b, u8 width)
{
	(void)a;
	(void)b;
	(void)width;
	return (struct range){0, UINT16_MAX};
}

static struct range of_32_bits(struct range a, struct range b, u8 width)
{
	(void)a;
	(void)b;
	(void)width;
	return (struct range){0, UINT32_MAX};
}

typedef struct range (*range_fn)(struct range a, struct range b, u8 width);

static const range_fn functions[IR_OP_CNT] = {
	[IR_ADD] = of_add,	   [IR_SUB] = of_sub,	    [IR_MUL] = of_mul,
	[IR_UMULH] = of_umulh,	   [IR_AND] = of_and,	    [IR_ANDN] = of_andn,
	[IR_OR] = of_or,	   [IR_XOR] = of_xor,	    [IR_SHL] = of_shl,
	[IR_SHR] = of_shr,	   [IR_SAR] = of_sar,	    [IR_UDIV] = of_udiv,
	[IR_UMOD] = of_umod,	   [IR_SDIV] = of_sdiv,	    [IR_SMOD] = of_smod,
	[IR_NEG] = of_neg,	   [IR_NOT] = of_not,	    [IR_ZEXT8] = of_zext8,
	[IR_ZEXT16] = of_zext16,   [IR_ZEXT32] = of_zext32, [IR_SEXT8] = of_sext8,
	[IR_SEXT16] = of_sext16,   [IR_SEXT32] = of_sext32, [IR_BSWAP16] = of_16_bits,
	[IR_BSWAP32] = of_32_bits, [IR_POPCNT] = of_popcnt,
};

static struct range of_phi(const struct ir_fn *fn, const struct ir_insn *insn)
{
	u32 n = ir_nargs(fn, insn);
	struct range r = {UINT64_MAX, 0};

	for (u32 i = 0; i < n; i++)
		r = range_either(r, range_of(fn, ir_resolve(fn, insn->phi[i])));
	return n ? r : full(8);
}

static struct range of_load(const struct ir_insn *insn)
{
	if (insn->flags & IR_SEXT)
		return full(insn->width);
	return (struct range){0, insn->size == 8 ? UINT64_MAX : BIT_ULL(insn->size * 8) - 1};
}

/* An address of the host plus what stays within it is no null pointer. */
static struct range of_address(const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_insn *base = ir_at(fn, insn->arg[0]), *index = ir_at(fn, insn->arg[1]);

	if (base->op == IR_ADDR || index->op == IR_ADDR || base->op == IR_FRAME)
		return (struct range){1, UINT64_MAX};
	return full(8);
}

struct range range_compute(const struct ir_fn *fn, const struct ir_insn *insn)
{
	u8 width = ir_flags(insn) & IR_OP_W ? insn->width : 8;
	struct range a, b = {0, 0};

	switch (insn->op) {
	case IR_CONST:
	case IR_ADDR:
		return (struct range){insn->umin, insn->umax};
	case IR_PHI:
		return of_phi(fn, insn);
	case IR_LOAD:
		return of_load(insn);
	case IR_SET:
		return (struct range){0, 1};
	case IR_SELECT:
		return range_either(range_of(fn, insn->arg[2]), range_of(fn, insn->arg[3]));
	case IR_FRAME:
		return (struct range){1, UINT64_MAX};
	case IR_LEA:
		return of_address(fn, insn);
	}
	if (!functions[insn->op])
		return full(width);
	a = range_of_low(fn, insn->arg[0], width);
	if (ir_ops[insn->op].args > 1)
		b = range_of_low(fn, insn->arg[1], width);
	a = functions[insn->op](a, b, width);
	if (insn->op == IR_ADD && width == 8)
		a = range_both(a, of_address(fn, insn));
	return a;
}

void range_update(const struct ir_fn *fn, struct ir_insn *insn)
{
	struct range noted = {insn->umin, insn->umax};
	struct range r = range_both(noted, range_compute(fn, insn));

	insn->umin = r.min;
	insn->umax = r.max;
}

/* ---- conditions ---- */

const u8 cc_relations[IR_CC_CNT] = {
	[IR_EQ] = REL_EQ,
	[IR_NE] = REL_ORDER & ~REL_EQ,
	[IR_ULT] = REL_UL_SL | REL_UL_SG,
	[IR_UGE] = REL_EQ | REL_UG_SL | REL_UG_SG,
	[IR_ULE] = REL_EQ | REL_UL_SL | REL_UL_SG,
	[IR_UGT] = REL_UG_SL | REL_UG_SG,
	[IR_SLT] = REL_UL_SL | REL_UG_SL,
	[IR_SGE] = REL_EQ | REL_UL_SG | REL_UG_SG,
	[IR_SLE] = REL_EQ | REL_UL_SL | REL_UG_SL,
	[IR_SGT] = REL_UL_SG | REL_UG_SG,
	[IR_TEST] = REL_TEST,
	[IR_NTEST] = REL_NTEST,
};

int cc_implies(enum ir_cc known, enum ir_cc asked)
{
	u8 can = cc_relations[known], wanted = cc_relations[asked];

	if (cc_is_test(known) != cc_is_test(asked))
		return -1;
	return !(can & wanted) ? 0 : !(can & ~wanted) ? 1 : -1;
}

static int decide_unsigned(enum ir_cc cc, struct range a, struct range b)
{
	switch (cc) {
	case IR_EQ:
		if (a.max < b.min || b.max < a.min)
			return 0;
		return a.min == a.max && b.min == b.max ? 1 : -1;
	case IR_ULT:
		return a.max < b.min ? 1 : a.min >= b.max ? 0 : -1;
	case IR_ULE:
		return a.max <= b.min ? 1 : a.min > b.max ? 0 : -1;
	case IR_UGT:
		return decide_unsigned(IR_ULT, b, a);
	default:
		return decide_unsigned(IR_ULE, b, a);
	}
}

/* Numbers of one sign each with that turned are in the order of unsigned ones. */
static bool turn_sign(struct range *r, u64 smax)
{
	if (r->min <= smax && r->max > smax)
		return false;
	r->min ^= smax + 1;
	r->max ^= smax + 1;
	return true;
}

int range_decide(enum ir_cc cc, u8 width, struct range a, struct range b)
{
	u64 smax = width_smax(width);
	int way;

	if (cc == IR_NE) {
		way = decide_unsigned(IR_EQ, a, b);
		return way < 0 ? way : !way;
	}
	if (cc_is_test(cc))
		return !a.max || !b.max ? cc == IR_NTEST : -1;
	if (!cc_is_signed(cc))
		return decide_unsigned(cc, a, b);
	if (!turn_sign(&a, smax) || !turn_sign(&b, smax))
		return -1;
	return decide_unsigned(cc - IR_SLT + IR_ULT, a, b);
}

struct range range_given(enum ir_cc cc, u8 width, struct range a, struct range b)
{
	u64 smax = width_smax(width);

	switch (cc) {
	case IR_EQ:
		return range_both(a, b);
	case IR_NE:
		if (b.min != b.max || a.min == a.max)
			return a;
		return (struct range){a.min + (a.min == b.min), a.max - (a.max == b.min)};
	case IR_ULT:
		return b.max ? range_both(a, (struct range){0, b.max - 1}) : a;
	case IR_ULE:
		return range_both(a, (struct range){0, b.max});
	case IR_UGT:
		if (b.min == UINT64_MAX)
			return a;
		return range_both(a, (struct range){b.min + 1, width_mask(width)});
	case IR_UGE:
		return range_both(a, (struct range){b.min, width_mask(width)});
	case IR_SLT:
	case IR_SLE: /* between numbers that are not negative it is as unsigned */
		return a.max <= smax && b.max <= smax
			       ? range_given(cc - IR_SLT + IR_ULT, width, a, b)
			       : a;
	case IR_SGT:
	case IR_SGE:
		if (b.max > smax)
			return a;
		a = range_both(a, (struct range){0, smax});
		return range_given(cc - IR_SLT + IR_ULT, width, a, b);
	case IR_TEST:
		if (b.min != b.max || !b.min)
			return a;
		return range_both(a, (struct range){b.min & -b.min, UINT64_MAX});
	default:
		return a;
	}
}
