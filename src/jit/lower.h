/* SPDX-License-Identifier: BSD-2-Clause */
/* What the targets' lowerings and emissions have in common. */
#ifndef ANYBPF_JIT_LOWER_H
#define ANYBPF_JIT_LOWER_H

#include "jit/ir/ir.h"

/* @insn in front of @at, from the same BPF instruction. */
ir_ref jit_before(struct ir_fn *fn, ir_ref at, struct ir_insn insn);
/* @insn becomes @op of @a and @b, and keeps the rest. */
void jit_rewrite(struct ir_insn *insn, enum ir_op op, ir_ref a, ir_ref b);
void jit_swap_args(struct ir_insn *insn);
/* Divisions of numbers that are small by ranges: without a sign, of 32 bits. */
void jit_narrow_division(const struct ir_fn *fn, struct ir_insn *insn);
/* IR_POPCNT for machines without an instruction for it. */
void jit_expand_popcnt(struct ir_fn *fn, ir_ref ref);

/*
 * Constant blinding (blind.c), where the options ask for it: literals stand in
 * the code only xor-ed with random numbers. After what a target expands, before
 * it folds literals into instructions.
 */
void jit_blind(struct ir_fn *fn);

/*
 * Puts literals that no instruction holds into registers by IR_IMM: in front
 * of their first use in a block or, for loops, before the outermost one.
 * Register allocation makes them again where registers are short.
 */
void jit_place_literals(struct ir_fn *fn, bool (*encodable)(const struct ir_fn *fn,
							    const struct ir_insn *insn, u32 i));

/*
 * By block, when all are laid out: where a jump to it goes. Blocks that only
 * jump on are passed by. In the function's arena; NULL when out of memory.
 */
u32 *jit_landings(const struct ir_fn *fn);

#endif
