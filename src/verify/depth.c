/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stack use over chains of calls. What each subprogram needs at most is
 * summed up from below; only when that exceeds a limit the chain is searched
 * that Linux would find first.
 */
#include "verify/verifier.h"

#define TOO_DEEP 0xffffu

/* Of a subprogram and all it calls. */
struct need {
	bool done, busy;
	u32 bytes;	 /* stack */
	u32 frames;	 /* greatest number of frames, itself included */
	bool tail_calls; /* somewhere at or below it */
};

struct depth_walk {
	struct verifier *v;
	struct need *needs;
};

static u32 frame_bytes(const struct verifier *v, u32 subprog)
{
	u32 depth = v->subprogs[subprog].stack_depth;

	/* What machine code aligns a frame to, and the interpreter's steps. */
	return ROUND_UP(depth ? depth : 1, v->in->interpreter ? 32u : 16u);
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

/* Chains beyond the limit need no exact sums, so recursion ends there as well. */
static void sum_up(struct depth_walk *w, u32 subprog, u32 level)
{
	struct verifier *v = w->v;
	struct need *need = &w->needs[subprog];

	if (need->done)
		return;
	if (need->busy || level > BPF_MAX_SUBPROGS) {
		need->bytes = need->frames = TOO_DEEP;
		return;
	}
	need->busy = true;
	need->tail_calls = v->subprogs[subprog].has_tail_call;
	u32 bytes = 0, frames = 0;

	for (u32 i = v->subprogs[subprog].start; i < subprog_end(v, subprog); i++) {
		s32 callee = callee_at(v, i);
		const struct need *below;

		if (callee < 0)
			continue;
		sum_up(w, (u32)callee, level + 1);
		below = &w->needs[callee];
		bytes = below->bytes > bytes ? below->bytes : bytes;
		frames = below->frames > frames ? below->frames : frames;
		need->tail_calls |= below->tail_calls;
	}
	if (need->bytes != TOO_DEEP) {
		need->bytes = bytes == TOO_DEEP ? TOO_DEEP : bytes + frame_bytes(v, subprog);
		need->frames = frames == TOO_DEEP ? TOO_DEEP : frames + 1;
	}
	need->busy = false;
	need->done = true;
}

static bool may_fail(const struct depth_walk *w, u32 subprog, u32 bytes, u32 frame)
{
	const struct need *need = &w->needs[subprog];

	return bytes + need->bytes > MAX_BPF_STACK || frame + need->frames > MAX_CALL_FRAMES ||
	       (need->tail_calls && bytes + need->bytes >= 256);
}

/* The first chain, in the order of instructions, that breaks a limit. */
static int search(const struct depth_walk *w, u32 subprog, u32 bytes, u32 frame)
{
	struct verifier *v = w->v;

	if (frame >= MAX_CALL_FRAMES)
		return reject_program(v, -E2BIG, "the call stack of %u frames is too deep !",
				      frame);
	if (subprog && v->subprogs[subprog].has_tail_call && bytes >= 256)
		return reject_program(v, -EACCES,
				      "tail_calls are not allowed when call stack of previous "
				      "frames is %u bytes. Too large",
				      bytes);
	bytes += frame_bytes(v, subprog);
	if (bytes > MAX_BPF_STACK)
		return reject_program(v, -EACCES,
				      "combined stack size of %u calls is %u. Too large", frame + 1,
				      bytes);
	for (u32 i = v->subprogs[subprog].start; i < subprog_end(v, subprog); i++) {
		s32 callee = callee_at(v, i);
		int err;

		if (callee < 0 || !may_fail(w, (u32)callee, bytes, frame + 1))
			continue;
		err = search(w, (u32)callee, bytes, frame + 1);
		if (err)
			return err;
	}
	return 0;
}

int check_stack_depth(struct verifier *v)
{
	struct depth_walk w = {
		.v = v,
		.needs = arena_zalloc_array(&v->arena, v->subprog_cnt, sizeof(struct need)),
	};

	if (!w.needs)
		return -ENOMEM;
	/* Asynchronous callbacks start on an empty stack. */
	for (u32 i = 0; i < v->subprog_cnt; i++) {
		int err;

		if (i && !v->subprogs[i].is_async_callback)
			continue;
		sum_up(&w, i, 0);
		err = may_fail(&w, i, 0, 0) ? search(&w, i, 0, 0) : 0;
		if (err)
			return err;
	}
	return 0;
}
