/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of subprograms. A static one is followed at each call, in a frame of
 * its own. A global one is verified once, for whatever its BTF prototype
 * allows; a callback for what its helper passes.
 */
#include "verify/global.h"
#include "verify/kfunc.h"

/* ---- frames ---- */

void init_frame(struct verifier *v, struct frame *frame, u32 callsite, u32 frameno, u32 subprog)
{
	memset(frame, 0, sizeof(*frame));
	frame->callsite = callsite;
	frame->frameno = (u16)frameno;
	frame->subprog = (u16)subprog;
	frame->activation = ++v->activation_gen;
	reg_set_pointer(&frame->regs[BPF_REG_FP], PTR_TO_STACK);
	frame->regs[BPF_REG_FP].frameno = frameno;
	v->scratched_regs = ~0u;
	v->scratched_slots = ~0ull;
}

struct frame *enter_subprog(struct verifier *v, struct vstate *state, u32 subprog, u32 slots,
			    int *err)
{
	u32 n = state->curframe + 1;

	if (n >= MAX_CALL_FRAMES) {
		*err = reject(v, -E2BIG, "the call stack of %u frames is too deep", n + 1);
		return NULL;
	}
	if (!state->frame[n])
		state->frame[n] = frame_new(v->mem, slots);
	if (!state->frame[n]) {
		*err = -ENOMEM;
		return NULL;
	}
	init_frame(v, state->frame[n], v->insn, n, subprog);
	state->curframe = n;
	*err = 0;
	return state->frame[n];
}

static void clobber_caller(struct frame *frame)
{
	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++) {
		reg_set_not_init(&frame->regs[i]);
		frame->reg_written |= (u16)BIT(i);
	}
}

static int call_static(struct verifier *v, u32 subprog)
{
	struct vstate *state = v->cur;
	struct frame *caller = state_frame(state), *callee;
	int err;

	callee = enter_subprog(v, state, subprog, MAX_SLOTS, &err);
	if (!callee)
		return err;
	memcpy(&callee->regs[BPF_REG_1], &caller->regs[BPF_REG_1], 5 * sizeof(struct reg));
	/* Written where the caller has written them: reads go on in its frame else. */
	callee->reg_written = caller->reg_written & 0x3e;
	clobber_caller(caller);
	v->next = v->subprogs[subprog].start;
	if (v->log_level & (LOG_LEVEL1 | LOG_LEVEL2)) {
		note(v, "caller:\n");
		log_state(v, state, state->curframe - 1, true);
		note(v, "callee:\n");
		log_state(v, state, state->curframe, true);
	}
	return 0;
}

/* Of an argument that the function takes for any dynptr: a write may move the packet of this one.
 */
static bool writes_packet(struct verifier *v, const struct subprog_info *sub)
{
	for (u32 i = 0; i < sub->arg_cnt && sub->writes_dynptr; i++) {
		const struct reg *dynptr;

		if (ARG_BASE(sub->args[i].kind) != ARG_PTR_TO_DYNPTR)
			continue;
		dynptr = dynptr_of(v, BPF_REG_1 + i);
		if (dynptr && dynptr->dynptr.type == DYNPTR_TYPE_SKB)
			return true;
	}
	return false;
}

static int call_global(struct verifier *v, u32 subprog)
{
	struct subprog_info *sub = &v->subprogs[subprog];
	int err = check_global_args(v, subprog);

	if (err == -ENOMEM)
		return err;
	if (v->cur->lock_origin)
		return reject(v, -EINVAL,
			      "global function calls are not allowed while holding a lock,\n"
			      "use static function instead");
	if (v->cur->preempt_locked)
		return reject(v, -EINVAL,
			      "global function calls are not allowed with preemption disabled,\n"
			      "use static function instead");
	if (err)
		return reject(v, err, "Caller passes invalid args into func#%u ('%s')", subprog,
			      sub->name);
	note(v, "Func#%u ('%s') is global and assumed valid.\n", subprog, sub->name);
	sub->called = true;
	/* An exception ends the caller, too, with all that it holds: Linux does not look. */
	if (sub->throws) {
		err = end_by_exception(v);
		if (err)
			return err;
	}
	if (sub->changes_packet || writes_packet(v, sub)) {
		err = invalidate_packet(v);
		if (err)
			return err;
	}
	clobber_caller_saved(v);
	set_reg_unknown(v, BPF_REG_0);
	return 0;
}

int check_subprog_call(struct verifier *v)
{
	s32 subprog = subprog_at(v, (u32)((s64)v->insn + 1 + cur_insn(v)->imm));

	if (subprog < 0)
		return reject(v, -EFAULT, "No program starts at insn %d",
			      (s32)v->insn + 1 + cur_insn(v)->imm);
	if (v->subprogs[subprog].is_global)
		return call_global(v, (u32)subprog);
	note_static_call(v, (u32)subprog);
	return call_static(v, (u32)subprog);
}

/* ---- return ---- */

static int check_callback_result(struct verifier *v, struct frame *callee)
{
	const struct reg *r0 = &callee->regs[BPF_REG_0];
	int err;

	if (r0->type != SCALAR_VALUE)
		return reject(v, -EACCES, "R0 not a scalar value");
	mark_reg_read(v, v->cur->curframe, BPF_REG_0);
	err = mark_precise(v, BPF_REG_0);
	if (err)
		return err;
	if (r0->s.smin < callee->callback_ret.min || r0->s.smax > callee->callback_ret.max)
		return reject_range(v, BPF_REG_0, r0, &callee->callback_ret, "At callback return");
	return 0;
}

int return_from_subprog(struct verifier *v)
{
	struct vstate *state = v->cur, *old;
	struct frame *callee = state_frame(state), *caller;
	bool callback = callee->in_callback;
	int err;

	if (callee->regs[BPF_REG_0].type == PTR_TO_STACK)
		return reject(v, -EINVAL, "cannot return stack pointer to the caller");
	caller = state->frame[state->curframe - 1];
	if (callback) {
		err = check_callback_result(v, callee);
		if (err)
			return err;
		trace_access(v, STEP_CALLBACK);
	} else {
		/* Whoever reads it there reads it here. */
		mark_reg_read(v, state->curframe, BPF_REG_0);
		caller->regs[BPF_REG_0] = callee->regs[BPF_REG_0];
		caller->reg_written |= (u16)BIT(BPF_REG_0);
	}
	/* A callback may be called again, or the helper may be done. */
	v->next = callback ? callee->callsite : callee->callsite + 1;
	if (v->log_level & (LOG_LEVEL1 | LOG_LEVEL2)) {
		note(v, "returning from callee:\n");
		log_state(v, state, state->curframe, true);
		note(v, "to caller at %u:\n", v->next);
		log_state(v, state, state->curframe - 1, true);
	}
	state->curframe--;
	v->print_state = true;
	old = callback ? find_previous_entry(v, v->next, state->depth) : NULL;
	return old ? widen_imprecise(v, old, state) : 0;
}
