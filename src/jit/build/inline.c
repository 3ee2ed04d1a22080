/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subprograms and callbacks built in the place of their calls. Each such body
 * gets a part of the function's frame of its own, so that its stack slots are
 * told apart from all others, and its instructions keep their numbers: facts
 * are joined over all calls and hold in each.
 *
 * A tail call leaves the frame that it is in, so that what makes one is
 * called. So is what would make the function grow beyond measure: the limits
 * below keep the whole compilation linear.
 */
#include "jit/build/internal.h"
#include "jit/runtime.h"

#define INLINE_SMALL 64	  /* instructions that are built in wherever they are called */
#define INLINE_ONCE  1024 /* ... when there is no other call */
#define INLINE_TOTAL 4096 /* ... into one function, on top of its own number */
#define INLINE_DEPTH 8

static bool is_small_enough(const struct jit_sub *sub)
{
	return sub->insns <= (sub->calls == 1 ? INLINE_ONCE : INLINE_SMALL);
}

static bool may_inline(const struct body *body, u32 callee)
{
	const struct build *b = body->b;
	const struct jit_sub *sub = &b->unit->subs[callee];
	u32 frame = ROUND_UP(b->unit->prog->subprogs[callee].stack_depth, 8);

	return unit_pass(b->unit, JIT_PASS_INLINE) && !sub->has_tail_call && !sub->trampoline &&
	       is_small_enough(sub) && b->inlined + sub->insns <= INLINE_TOTAL &&
	       b->fn->frame_size + frame <= BUILD_FRAME_MOST && body->depth < INLINE_DEPTH;
}

/* Where the returns of a body that was built in meet; the value of r0. */
static ir_ref join_returns(struct body *body, const struct body *callee)
{
	struct ir_fn *fn = body->b->fn;
	const struct body_return *ret = callee->returns;
	bool same = true;
	ir_ref one, phi;

	if (ret && !ret->next) { /* goes on where it ends */
		body->at = ret->block;
		return ir_resolve(fn, ret->value);
	}
	body->at = ir_new_block(fn);
	if (!ret) /* never reached */
		return body->b->undef;
	one = ir_resolve(fn, ret->value);
	for (const struct body_return *r = ret; r; r = r->next) {
		ir_jmp(fn, r->block, body->at);
		same &= ir_resolve(fn, r->value) == one;
	}
	if (same)
		return one;
	phi = ir_phi(fn, body->at);
	for (u32 i = 0; phi && ret; i++, ret = ret->next)
		ir_at(fn, phi)->phi[i] = ir_resolve(fn, ret->value);
	return phi;
}

static int inline_body(struct body *body, u32 subprog, const ir_ref *args, ir_ref *result)
{
	struct build *b = body->b;
	struct body callee = {
		.b = b,
		.subprog = subprog,
		.depth = body->depth + 1,
		.at = body->at,
	};
	int ret;

	b->inlined += b->unit->subs[subprog].insns;
	callee.fp = -(s32)b->fn->frame_size;
	b->fn->frame_size += ROUND_UP(b->unit->prog->subprogs[subprog].stack_depth, 8);
	for (u32 i = 0; i < b->unit->subs[subprog].nargs; i++)
		callee.var[i + 1] = args[i];
	ret = build_body(&callee);
	if (ret)
		return ret;
	b->fn->pc = body->pc;
	*result = join_returns(body, &callee);
	return 0;
}

/* Whoever was called may have left by a tail call, and run->prog is another program's then. */
static void restore_prog(struct body *body)
{
	const struct prog *prog = body->b->unit->prog;
	ir_ref addr = ir_addr(body->b->fn, SYM_PROG, 0, 0, ptr_to_u64(prog));
	struct ir_insn store =
		ir_store(8, body->b->run, offsetof(struct run, prog), addr, MEM_NONE);

	store.flags = IR_UNALIASED;
	emit(body, store);
}

/* To a function that something was attached to. */
static ir_ref call_trampoline(struct body *body, u32 subprog, const ir_ref *args)
{
	struct ir_fn *fn = body->b->fn;
	const struct jit_sub *sub = &body->b->unit->subs[subprog];
	const struct subprog *callee = &body->b->unit->prog->subprogs[subprog];
	struct ir_insn call = {
		.op = IR_CALL,
		.width = 8,
		.nargs = IR_MAX_ARGS,
		.map = FACT_NO_MAP,
		.sym = ir_runtime(fn, JIT_RUNTIME_TRACED),
	};
	ir_ref addr = ir_addr(fn, SYM_SUBPROG, subprog, 0, ptr_to_u64(callee));
	struct ir_insn store =
		ir_store(8, body->b->run, offsetof(struct run, callee), addr, MEM_NONE);

	store.flags = IR_VOLATILE;
	emit(body, store);
	for (u32 i = 0; i < sub->nargs; i++)
		call.arg[i] = args[i];
	call.arg[5] = body->b->run;
	return emit_result(body, call);
}

int call_subprog(struct body *body, u32 subprog, const ir_ref *args, ir_ref *result)
{
	struct jit_unit *unit = body->b->unit;
	const struct jit_sub *sub = &unit->subs[subprog];
	struct ir_insn call = {
		.op = IR_CALL_SUB,
		.width = 8,
		.nargs = IR_MAX_ARGS,
		.map = FACT_NO_MAP,
		.imm = subprog,
	};

	if (may_inline(body, subprog))
		return inline_body(body, subprog, args, result);
	if (sub->trampoline) {
		*result = call_trampoline(body, subprog, args);
		return 0;
	}
	for (u32 i = 0; i < sub->nargs; i++)
		call.arg[i] = args[i];
	if (sub->needs_run)
		call.arg[5] = body->b->run;
	*result = emit(body, call);
	if (unit->has_tail_call)
		restore_prog(body);
	return 0;
}
