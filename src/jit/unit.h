/* SPDX-License-Identifier: BSD-2-Clause */
/* One compilation under way: a prepared program and what is asked of it. */
#ifndef ANYBPF_JIT_UNIT_H
#define ANYBPF_JIT_UNIT_H

#include "jit/jit.h"
#include "object/fact.h"

struct jit_target;

/* What callers may know of a subprogram before it is compiled. */
struct jit_sub {
	u8 nargs;	    /* registers r1 to r(nargs) that it reads before it sets them */
	bool needs_run;	    /* it or what it calls uses the run */
	bool leaf;	    /* calls nothing */
	bool has_tail_call; /* in its own instructions */
	bool trampoline;    /* it is called by way of one */
	bool wanted;	    /* what has been built so far calls it or hands out its address */
	u32 calls;	    /* instructions that call it or load its address */
	u32 insns;
};

struct jit_unit {
	const struct prog *prog;
	const struct jit_options *options;
	const struct jit_target *target;
	const struct mem *mem;
	struct err *err;
	u32 features; /* of the target's machine, as options allow */
	bool aot;     /* for a file: no address of this process may be in the code */
	bool has_tail_call;
	bool plain;	      /* of the function at hand: no passes, see compile.c */
	struct jit_sub *subs; /* by subprogram */
};

/* What was proven at an instruction; all is possible where nothing is known. */
const struct insn_fact *unit_fact(const struct jit_unit *unit, u32 pc);
/* Whether an execution may end at a call, see fuel.h. */
static inline bool unit_may_stop(const struct jit_unit *unit)
{
	return (unit->options && unit->options->limited) || unit->prog->throws;
}
/* Whether the pass is to run. */
bool unit_pass(const struct jit_unit *unit, enum jit_pass pass);

#endif
