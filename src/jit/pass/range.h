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

#endif
