/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the builder. A body is one subprogram being built, on
 * its own or in the place of a call; its registers and its counter for
 * may_goto are variables, each of which stands for a value at any time.
 */
#ifndef ANYBPF_JIT_BUILD_INTERNAL_H
#define ANYBPF_JIT_BUILD_INTERNAL_H

#include <errno.h>

#include "jit/build/build.h"
#include "jit/build/flow.h"

/* Phis of a block that was begun before all of its predecessors were done. */
struct open_block {
	struct open_block *next;
	ir_ref phi[VAR_CNT]; /* 0: none */
};

/* Where a body that is built in the place of a call returns. */
struct body_return {
	struct body_return *next;
	u32 block; /* which does not end yet */
	ir_ref value;
};

/* Bytes that a function's frame may grow to by what is built in. */
#define BUILD_FRAME_MOST 4096

struct build {
	struct jit_unit *unit;
	struct ir_fn *fn;
	ir_ref run, undef;
	ir_ref frame;	/* r10 of the function */
	ir_ref **state; /* by block of @fn that is done: its variables at the end */
	u32 state_cap;
	u32 inlined; /* instructions that were built in the place of calls */
};

struct body {
	struct build *b;
	u32 subprog;
	u32 depth; /* of calls that it is built in the place of; 0: the function itself */
	struct flow flow;
	s32 fp;	    /* its r10, counted from that of the function */
	u32 *block; /* by block of the flow: the one in @fn that it starts with */
	u32 at;	    /* the block of @fn that is being written */
	u32 pc;
	ir_ref var[VAR_CNT]; /* 0: nothing was put in */
	struct open_block *open;
	struct body_return *returns; /* when .depth is not 0 */
};

static inline const struct bpf_insn *body_insn(const struct body *body)
{
	return &body->b->unit->prog->insns[body->pc];
}

static inline struct ir_insn *body_at(const struct body *body, ir_ref ref)
{
	return ir_at(body->b->fn, ref);
}

/* At the end of the block that is being written. */
static inline ir_ref emit(struct body *body, struct ir_insn insn)
{
	return ir_append(body->b->fn, body->at, insn);
}

/* The same for the result of the instruction at hand, of which the facts may know more. */
ir_ref emit_result(struct body *body, struct ir_insn insn);

static inline ir_ref constant(struct body *body, u64 value)
{
	return ir_const(body->b->fn, value);
}

ir_ref get_reg(struct body *body, u32 reg);
static inline void set_reg(struct body *body, u32 reg, ir_ref value)
{
	body->var[reg] = value;
}

/* The source operand: a register, or the immediate with its sign extended to 64 bits. */
ir_ref get_source(struct body *body);

/* Notes the variables at the end of the current block, which then may end. */
void end_block(struct body *body);
/* This subprogram returns @value. */
void end_with_return(struct body *body, ir_ref value);
int cannot(struct body *body, const char *what);
/* Code in a file would need to know where the arena is going to be. */
#define ARENA_ELSEWHERE "access to an arena in a file"

/* By class of instruction; 0, -EOPNOTSUPP, -ENOMEM. */
int build_alu(struct body *body);
int build_wide(struct body *body);
int build_load(struct body *body);
int build_store(struct body *body);
int build_legacy_load(struct body *body);
int build_call(struct body *body);
int build_tail_call(struct body *body);
/* Whether the sum or difference at hand must be masked; then, what to compute instead. */
bool is_masked(const struct body *body);
void mask_operands(struct body *body, enum ir_op *op, ir_ref *a, ir_ref *b);
void fence_after_store(struct body *body);

/* A call of bpf_loop() or bpf_for_each_map_elem(): @built tells whether it has become a loop. */
int build_callback_helper(struct body *body, u32 helper, bool *built);

/* Writes a subprogram from body->at on; its r1 to r5 are set. */
int build_body(struct body *body);
/* A call, or the body of what is called. */
int call_subprog(struct body *body, u32 subprog, const ir_ref *args, ir_ref *result);

/* An address and a distance from it, the function's frame taken as a whole. */
void fold_frame(struct body *body, ir_ref *base, s32 *disp);

#endif
