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

#define INLINE_SMALL 64	  /* instructions that are built in wherever they are called */
#define INLINE_ONCE  1024 /* ... when there is no other call */
#define INLINE_TOTAL 4096 /* ... into one function, on top of its own number */
#define INLINE_FRAME 4096 /* bytes that a function's frame may grow to */
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

	return unit_pass(b->unit, JIT_PASS_INLINE) && !sub->has_tail_call && is_small_enough(sub) &&
	       b->inlined + sub->insns <= INLINE_TOTAL &&
	       b->fn->frame_size + frame <= INLINE_FRAME && body->depth < INLINE_DEPTH;
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
	for (u32 i = 0; i < sub->nargs; i++)
		call.arg[i] = args[i];
	if (sub->needs_run)
		call.arg[5] = body->b->run;
	*result = emit(body, call);
	if (unit->has_tail_call)
		restore_prog(body);
	return 0;
}

/* ---- bpf_loop() ---- */

/* The subprogram whose address a value is, or UINT32_MAX. */
static u32 subprog_at(const struct body *body, ir_ref ref)
{
	const struct prog *prog = body->b->unit->prog;
	const struct ir_insn *insn = body_at(body, ref);
	u64 at;

	if (!ir_is_literal(body->b->fn, ref))
		return UINT32_MAX;
	at = (u64)insn->imm - ptr_to_u64(prog->subprogs);
	if (at % sizeof(*prog->subprogs) || at / sizeof(*prog->subprogs) >= prog->subprog_cnt)
		return UINT32_MAX;
	return (u32)(at / sizeof(*prog->subprogs));
}

/* Blocks of the loop that a call of bpf_loop() becomes. */
struct loop {
	u32 round, done;
	ir_ref count, i, next; /* rounds; those done before this one, with this one */
};

/*
 * From here to the first round: bpf_loop() takes 32 bits of its count and
 * refuses too many.
 */
static void begin_loop(struct body *body, struct loop *loop)
{
	struct ir_fn *fn = body->b->fn;
	u32 fits = ir_new_block(fn), refused = ir_new_block(fn);
	ir_ref count = get_reg(body, 1);

	loop->round = ir_new_block(fn);
	loop->done = ir_new_block(fn);
	if (!ir_upper_zero(fn, count))
		count = emit(body, (struct ir_insn){.op = IR_ZEXT32,
						    .width = 8,
						    .arg = {count},
						    .umax = UINT32_MAX});
	loop->count = count;
	ir_br(fn, body->at, IR_UGT, 8, count, constant(body, BPF_MAX_LOOPS), refused, fits);
	ir_jmp(fn, refused, loop->done);
	ir_block(fn, refused)->cold = true;
	ir_br(fn, fits, IR_EQ, 8, count, constant(body, 0), loop->done, loop->round);
	body->at = loop->round;
	loop->i = ir_phi(fn, loop->round);
	if (!loop->i)
		return;
	ir_at(fn, loop->i)->phi[0] = constant(body, 0);
	ir_at(fn, loop->i)->umax = BPF_MAX_LOOPS - 1;
}

/* After the callback: on with the next round unless it gave something or it was the last. */
static void end_loop(struct body *body, struct loop *loop, ir_ref given)
{
	struct ir_fn *fn = body->b->fn;
	u32 more = ir_new_block(fn), last;
	struct ir_insn next = ir_binary(IR_ADD, 8, loop->i, constant(body, 1));
	ir_ref result;

	next.umin = 1;
	next.umax = BPF_MAX_LOOPS;
	loop->next = emit(body, next);
	last = body->at;
	ir_br(fn, last, IR_NE, 8, given, constant(body, 0), loop->done, more);
	ir_br(fn, more, IR_ULT, 8, loop->next, loop->count, loop->round, loop->done);
	body->at = loop->done;
	result = ir_phi(fn, loop->done);
	if (fn->failed)
		return;
	ir_at(fn, loop->i)->phi[1] = loop->next;
	ir_at(fn, result)->phi[0] = constant(body, (u64)-E2BIG);
	ir_at(fn, result)->phi[1] = constant(body, 0);
	ir_at(fn, result)->phi[2] = loop->next;
	ir_at(fn, result)->phi[3] = loop->next;
	set_reg(body, BPF_REG_0, result);
}

/* Whether the call is of bpf_loop() with a known callback; it has been built then. */
int build_loop(struct body *body, bool *built)
{
	u32 callback = subprog_at(body, get_reg(body, 2));
	ir_ref args[5] = {0}, given = 0;
	struct loop loop;
	int ret;

	*built = false;
	if (!unit_pass(body->b->unit, JIT_PASS_INLINE) || callback == UINT32_MAX ||
	    !ir_is_const_of(body->b->fn, get_reg(body, 4), 0))
		return 0;
	args[1] = get_reg(body, 3);
	for (u32 i = 2; i < 5; i++)
		args[i] = constant(body, 0);
	begin_loop(body, &loop);
	args[0] = loop.i;
	ret = call_subprog(body, callback, args, &given);
	if (ret)
		return ret;
	end_loop(body, &loop, given);
	*built = true;
	return 0;
}
