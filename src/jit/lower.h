/* SPDX-License-Identifier: BSD-2-Clause */
/* What the targets' lowerings and emissions have in common. */
#ifndef ANYBPF_JIT_LOWER_H
#define ANYBPF_JIT_LOWER_H

#include "jit/ir/ir.h"

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
