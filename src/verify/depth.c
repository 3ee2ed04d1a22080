/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stack use over chains of calls, and what must not be at the end of one.
 * What each subprogram needs at most is summed up from below; only when that
 * breaks a rule the chain is searched that Linux would find first.
 *
 * Tracing programs may have a private stack for each large frame, which then
 * does not count: but not where an asynchronous callback could run it, too.
 */
#include "verify/kfunc.h"

#define TOO_DEEP	  0xffffu
#define PRIVATE_STACK_MIN 64

/* Of a subprogram and all it calls. */
struct need {
	bool done, busy;
	u32 bytes;		       /* stack */
	u32 frames;		       /* greatest number of frames, itself included */
	bool tail_calls;	       /* somewhere at or below it */
	bool too_large;		       /* a private stack */
	bool no_callback, in_callback; /* what no callback may do, at all, and in one below */
};

struct depth_walk {
	struct verifier *v;
	struct need *needs;
	bool *shared; /* an asynchronous callback may run it: no private stack */
	bool private; /* of the main function's calls */
};

static u32 frame_size(const struct verifier *v, u32 subprog)
{
	u32 depth = v->subprogs[subprog].counted_depth;

	/* What machine code aligns a frame to, and the interpreter's steps. */
	if (v->in->interpreter)
		return ROUND_UP(depth ? depth : 1, 32u);
	return ROUND_UP(depth, 16u);
}

static bool has_private(const struct depth_walk *w, u32 subprog)
{
	return w->private && !w->shared[subprog] && frame_size(w->v, subprog) >= PRIVATE_STACK_MIN;
}

/* What it takes of the stack that all share. */
static u32 frame_bytes(const struct depth_walk *w, u32 subprog)
{
	return has_private(w, subprog) ? 0 : frame_size(w->v, subprog);
}

/* The subprogram that an instruction calls or passes as a callback, -1. */
static s32 callee_at(const struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	s32 callee;

	if (!isa_is_local_call(insn) && !isa_is_func_ref(insn))
		return -1;
	callee = subprog_at(v, (u32)isa_target(insn, i));
	if (callee >= 0 && v->subprogs[callee].is_async_callback && !isa_is_local_call(insn))
		return -1;
	return callee;
}

/* ---- sums ---- */

static void sum_up(struct depth_walk *w, u32 subprog, u32 level);

static void sum_up_callee(struct depth_walk *w, struct need *need, u32 callee, u32 level)
{
	const struct need *below = &w->needs[callee];

	sum_up(w, callee, level + 1);
	need->bytes = below->bytes > need->bytes ? below->bytes : need->bytes;
	need->frames = below->frames > need->frames ? below->frames : need->frames;
	need->tail_calls |= below->tail_calls;
	need->too_large |= below->too_large;
	need->no_callback |= below->no_callback;
	need->in_callback |= below->in_callback;
}

/* Chains beyond the limit need no exact sums, so recursion ends there as well. */
static void sum_up(struct depth_walk *w, u32 subprog, u32 level)
{
	struct verifier *v = w->v;
	const struct subprog_info *sub = &v->subprogs[subprog];
	struct need *need = &w->needs[subprog];

	if (need->done)
		return;
	if (need->busy || level > BPF_MAX_SUBPROGS) {
		need->bytes = need->frames = TOO_DEEP;
		return;
	}
	need->busy = true;
	need->tail_calls = sub->has_tail_call;
	need->no_callback = sub->has_ld_abs;
	need->too_large = has_private(w, subprog) && frame_size(v, subprog) > MAX_BPF_STACK;
	for (u32 i = sub->start; i < subprog_end(v, subprog); i++) {
		s32 callee = callee_at(v, i);

		need->no_callback |= insn_calls_kfunc(v, i, KFUNC_bpf_throw);
		if (callee >= 0)
			sum_up_callee(w, need, (u32)callee, level);
	}
	need->in_callback |= sub->is_callback && need->no_callback;
	if (need->bytes < TOO_DEEP)
		need->bytes += frame_bytes(w, subprog);
	if (need->frames < TOO_DEEP)
		need->frames++;
	need->busy = false;
	need->done = true;
}

/* ---- the first chain, in the order of instructions, that breaks a rule ---- */

struct chain {
	u32 bytes, frame;
	bool callback; /* one of its functions is one */
};

static bool may_fail(const struct depth_walk *w, u32 subprog, const struct chain *c)
{
	const struct need *need = &w->needs[subprog];

	return c->bytes + need->bytes > MAX_BPF_STACK ||
	       c->frame + need->frames > MAX_CALL_FRAMES || need->too_large || need->in_callback ||
	       (c->callback && need->no_callback) ||
	       (need->tail_calls && c->bytes + need->bytes >= 256);
}

static int check_frame(const struct depth_walk *w, u32 subprog, struct chain *c)
{
	struct verifier *v = w->v;
	const struct subprog_info *sub = &v->subprogs[subprog];

	if (c->frame >= MAX_CALL_FRAMES)
		return reject_program(v, -E2BIG, "the call stack of %u frames is too deep !",
				      c->frame);
	c->callback |= sub->is_callback;
	if (sub->has_ld_abs && c->callback)
		return reject_program(v, -EINVAL, "cannot use BPF_LD_[ABS|IND] within callback");
	if (subprog && sub->has_tail_call && c->bytes >= 256)
		return reject_program(v, -EACCES,
				      "tail_calls are not allowed when call stack of previous "
				      "frames is %u bytes. Too large",
				      c->bytes);
	if (has_private(w, subprog) && frame_size(v, subprog) > MAX_BPF_STACK)
		return reject_program(v, -EACCES, "stack size of subprog %u is %u. Too large",
				      subprog, frame_size(v, subprog));
	c->bytes += frame_bytes(w, subprog);
	if (c->bytes > MAX_BPF_STACK)
		return reject_program(v, -EACCES,
				      "combined stack size of %u calls is %u. Too large",
				      c->frame + 1, c->bytes);
	return 0;
}

static int search(const struct depth_walk *w, u32 subprog, struct chain c)
{
	struct verifier *v = w->v;
	int err = check_frame(w, subprog, &c);

	if (err)
		return err;
	c.frame++;
	for (u32 i = v->subprogs[subprog].start; i < subprog_end(v, subprog); i++) {
		s32 callee = callee_at(v, i);

		if (c.callback && insn_calls_kfunc(v, i, KFUNC_bpf_throw))
			return reject_program(v, -EINVAL,
					      "bpf_throw kfunc (insn %u) cannot be called from "
					      "callback subprog %u",
					      i, subprog);
		if (callee < 0 || !may_fail(w, (u32)callee, &c))
			continue;
		err = search(w, (u32)callee, c);
		if (err)
			return err;
	}
	return 0;
}

/* ---- exception callbacks ---- */

static int check_exception_calls(struct verifier *v)
{
	for (u32 i = 0; i < v->insn_cnt; i++) {
		s32 callee = isa_is_local_call(&v->insns[i]) ? callee_at(v, i) : -1;

		if (callee > 0 && (u32)callee == v->exception_callback)
			return reject_program(v, -EINVAL,
					      "insn %u cannot call exception cb directly", i);
	}
	return 0;
}

/* ---- all functions that are entered on an empty stack ---- */

static int check_root(struct depth_walk *w, u32 subprog)
{
	struct verifier *v = w->v;
	struct chain c = {0};

	sum_up(w, subprog, 0);
	if (may_fail(w, subprog, &c)) {
		int err = search(w, subprog, c);

		if (err)
			return err;
	}
	if (subprog && subprog == v->exception_callback && w->needs[subprog].tail_calls)
		return reject_program(v, -EINVAL, "cannot tail call within exception cb");
	return 0;
}

/* Programs that cannot run twice at once on one stack. */
static bool wants_private_stacks(const struct verifier *v)
{
	if (v->in->interpreter)
		return false;
	for (u32 i = 0; i < v->subprog_cnt; i++)
		if (v->subprogs[i].has_tail_call)
			return false;
	switch (v->in->type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return true;
	case BPF_PROG_TYPE_TRACING:
		return v->in->attach_type != BPF_TRACE_ITER;
	default:
		return false;
	}
}

int check_stack_depth(struct verifier *v)
{
	struct depth_walk w = {
		.v = v,
		.needs = arena_zalloc_array(&v->arena, v->subprog_cnt, sizeof(struct need)),
		.shared = arena_zalloc_array(&v->arena, v->subprog_cnt, sizeof(bool)),
	};
	int err = check_exception_calls(v);

	if (!w.needs || !w.shared)
		return -ENOMEM;
	/* As Linux does, from the last to the main function, which knows then what is shared. */
	for (u32 i = v->subprog_cnt; !err && i-- > 1;)
		if (v->subprogs[i].is_async_callback)
			err = check_root(&w, i);
	if (err)
		return err;
	w.private = wants_private_stacks(v);
	for (u32 i = 0; i < v->subprog_cnt && w.private; i++) {
		w.shared[i] = w.needs[i].done;
		w.needs[i] = (struct need){0};
	}
	return check_root(&w, 0);
}
