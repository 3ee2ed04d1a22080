/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the intermediate form, so that what makes and changes it can be
 * compared with the interpreter with no machine code in between: on real
 * memory, with the real helpers, subprograms by their own functions. For tests:
 * slow, and it keeps the programs that it knows in a list.
 */
#ifndef ANYBPF_TESTS_JIT_IR_EVAL_H
#define ANYBPF_TESTS_JIT_IR_EVAL_H

#include "jit/ir/ir.h"
#include "jit/unit.h"
#include "object/host.h"

struct eval_prog;

/* Called with each function when it has been built; it may change it. 0 or a negative errno. */
typedef int (*eval_change)(struct ir_fn *fn, void *arg, struct err *err);

/*
 * Builds all subprograms, and checks them. @options NULL: all passes of the
 * builder, no facts. @change may be NULL.
 */
int eval_prog_add(const struct prog *prog, const struct jit_options *options, eval_change change,
		  void *arg, struct err *err);
void eval_prog_drop(const struct prog *prog);

/* Fits run->invoke; what a callback or a tail call leads to must have been added as well. */
u64 eval_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);

/* Called with each load, until it is NULL; for one thread. */
typedef void (*eval_load_fn)(void *arg, const struct ir_fn *fn, const struct ir_insn *load,
			     const void *at);
void eval_watch(eval_load_fn load, void *arg);

/* What a value holds that was never set. */
#define EVAL_UNDEF 0xbadbadbadbadbad5ull

#endif
