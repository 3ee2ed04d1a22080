/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of values, as unsigned 64-bit numbers: what operations make of those of their operands. */
#ifndef ANYBPF_JIT_PASS_RANGE_H
#define ANYBPF_JIT_PASS_RANGE_H

#include "jit/ir/ir.h"

struct range {
	u64 min, max;
};

static inline u64 width_mask(u8 width)
{
	return width == 4 ? UINT32_MAX : UINT64_MAX;
}

/* The largest number that is not negative. */
static inline u64 width_smax(u8 width)
{
	return width_mask(width) >> 1;
}

/* All bits up to the highest one of @v. */
static inline u64 bits_below(u64 v)
{
	return v ? UINT64_MAX >> __builtin_clzll(v) : 0;
}

static inline bool is_power_of_two(u64 v)
{
	return v && !(v & (v - 1));
}

/* What is known of a value. */
struct range range_of(const struct ir_fn *fn, ir_ref ref);
/* Of its low @width bytes (4 or 8). */
struct range range_of_low(const struct ir_fn *fn, ir_ref ref, u8 width);
/* What the operation gives for what is known of its operands; what is noted at it is not looked at.
 */
struct range range_compute(const struct ir_fn *fn, const struct ir_insn *insn);
/* Notes at the instruction what range_compute() says, too. */
void range_update(const struct ir_fn *fn, struct ir_insn *insn);
/* Both hold. What contradicts itself is in code that never runs: then @a. */
struct range range_both(struct range a, struct range b);
struct range range_either(struct range a, struct range b);

/* What the condition comes to for these ranges of the bytes that it compares: 0, 1, or -1. */
int range_decide(enum ir_cc cc, u8 width, struct range a, struct range b);
/* What is left of @a when the condition holds. */
struct range range_given(enum ir_cc cc, u8 width, struct range a, struct range b);
/* What @asked comes to for two values for which @known holds: 0, 1, or -1. */
int cc_implies(enum ir_cc known, enum ir_cc asked);

/*
 * Of two numbers one of five relations holds: equal, or below or above as
 * unsigned and as signed. Each condition is a set of these, so that what is
 * known and what is asked can be compared as sets. Common bits are a second
 * pair of relations.
 */
#define REL_EQ	  BIT(0)
#define REL_UL_SL BIT(1) /* below, as unsigned and as signed */
#define REL_UL_SG BIT(2)
#define REL_UG_SL BIT(3)
#define REL_UG_SG BIT(4)
#define REL_ORDER (BIT(5) - 1)
#define REL_TEST  BIT(5)
#define REL_NTEST BIT(6)
#define REL_ALL	  (BIT(7) - 1)

extern const u8 cc_relations[IR_CC_CNT];

static inline bool cc_is_test(enum ir_cc cc)
{
	return cc == IR_TEST || cc == IR_NTEST;
}

static inline bool cc_is_equality(enum ir_cc cc)
{
	return cc == IR_EQ || cc == IR_NE;
}

static inline bool cc_is_signed(enum ir_cc cc)
{
	return cc >= IR_SLT && cc <= IR_SGT;
}

#endif
