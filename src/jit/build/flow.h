/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The blocks of one subprogram of the prepared form, which registers each
 * begins with that somebody still reads, and the order to build them in.
 * What no path reaches is in no block of the order; what the facts say of
 * branches counts, where they may be used.
 */
#ifndef ANYBPF_JIT_BUILD_FLOW_H
#define ANYBPF_JIT_BUILD_FLOW_H

#include "base/arena.h"
#include "jit/unit.h"

/* What lives in the place of r10, which never changes: how often may_goto may still go on. */
#define VAR_LOOPS 10
#define VAR_CNT	  11

#define VARS_ALL  ((u16)(BIT(VAR_CNT) - 1))
#define VARS_ARGS ((u16)0x3e) /* r1 to r5 */

struct flow_block {
	u32 start, end; /* instructions; the last one may go elsewhere */
	u32 succ[2];	/* of a branch: where it is taken, where not */
	u8 nsucc;
	u32 npreds;   /* that are reached */
	u16 use, def; /* read before being set; set */
	u16 live;     /* read from here on before being set */
	u16 live_out;
};

struct flow {
	struct flow_block *blocks; /* in the order of the instructions; the first is the entry */
	u32 nblocks;
	u32 *order; /* those that are reached, in reverse postorder */
	u32 norder;
};

/* How a conditional jump can go. */
enum flow_way { WAY_BOTH, WAY_TAKEN, WAY_NEXT };
enum flow_way flow_way(const struct jit_unit *unit, u32 pc);

/* What no path reaches has become this. */
static inline bool flow_is_trap(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) && insn->off == -1;
}

/*
 * Everything is allocated from @arena. Of subprograms that are called,
 * unit->subs[].nargs must be known. 0, -ENOMEM, -EFAULT for a jump out of the
 * subprogram.
 */
int flow_make(const struct jit_unit *unit, u32 subprog, struct arena *arena, struct flow *flow);

/* The subprogram that a call at @pc calls. */
u32 flow_callee(const struct jit_unit *unit, u32 pc);
/* How many of r1 to r5 a helper looks at. */
u32 flow_helper_args(const struct bpf_insn *call);
/* What a call of a kernel function calls, or NULL for an index that there is not. */
const struct kfunc_call *flow_kfunc(const struct jit_unit *unit, const struct bpf_insn *call);

#endif
