/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The passes over the intermediate form. A pass gets a function for which
 * ir_clean() and ir_cfg() were done and may leave copies and dead code behind:
 * who runs passes does both after each that returns true (something changed).
 * Out of memory is fn->failed. A pass must be linear, or nearly so, in the
 * size of the function: a million instructions are compiled, too.
 */
#ifndef ANYBPF_JIT_PASS_PASS_H
#define ANYBPF_JIT_PASS_PASS_H

#include "jit/ir/ir.h"
#include "jit/unit.h"

#define STEP(NAME, text, what)
#define PASS(NAME, text, fn, what) bool fn(struct ir_fn *f);
#include "jit/pass/pass.def"
#undef STEP
#undef PASS

/* Whether something changed. */
typedef bool (*pass_fn)(struct ir_fn *fn);

/* NULL for steps, which are no passes over the intermediate form. */
extern const pass_fn pass_functions[JIT_PASS_CNT];

/* Runs those that the unit's options ask for. 0 or -ENOMEM. */
int passes_run(struct ir_fn *fn);
/*
 * The last one, pass_layout, if they ask for it: after what else changes blocks
 * or computes their order (lowering, ir_cfg()), before registers are given out.
 */
void passes_layout(struct ir_fn *fn);

#endif
