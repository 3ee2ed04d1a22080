/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following every path, depth first: one working state, a stack of states
 * that wait, and checkpoints where paths meet.
 */
#include "verify/kfunc.h"

static void push_pending(struct verifier *v, struct pending *p, u32 insn, u32 prev_insn)
{
	p->insn = insn;
	p->prev_insn = prev_insn;
	p->linked = (u32)v->linked.len;
	p->log_len = log_len(v);
	p->next = v->pending;
	v->pending = p;
	v->pending_cnt++;
}

/* The rest of the path is @insn, with its own copy of the current state. */
static struct vstate *push_saved(struct verifier *v, u32 insn, u32 prev_insn)
{
	struct pending *p = mem_zalloc(v->mem, sizeof(*p));

	if (!p)
		return NULL;
	if (state_save(v->mem, &p->state, v->cur)) {
		mem_free(v->mem, p);
		return NULL;
	}
	push_pending(v, p, insn, prev_insn);
	return &p->state;
}

struct vstate *push_path(struct verifier *v, u32 insn, u32 prev_insn, int *error)
{
	struct vstate *state = push_saved(v, insn, prev_insn);

	if (!state) {
		*error = -ENOMEM;
		return NULL;
	}
	if (v->pending_cnt > JMP_SEQ_LIMIT) {
		*error = reject(v, -E2BIG, "The sequence of %u jumps is too complex.",
				v->pending_cnt);
		return NULL;
	}
	if (state->parent)
		state->parent->branches++;
	return state;
}

struct vstate *push_root(struct verifier *v, u32 subprog, int *error)
{
	struct pending *p = mem_zalloc(v->mem, sizeof(*p));
	struct frame *frame = frame_new(v->mem, 0);

	if (!p || !frame) {
		mem_free(v->mem, frame);
		mem_free(v->mem, p);
		*error = -ENOMEM;
		return NULL;
	}
	init_frame(v, frame, MAIN_CALLSITE, 0, subprog);
	p->state = (struct vstate){
		.frame = {frame},
		.branches = 1,
		.insn = v->subprogs[subprog].start,
		.first_insn = v->subprogs[subprog].start,
		.last_insn = STEP_NONE,
		.step = (u32)v->trace.len,
		.root_step = (u32)v->trace.len,
	};
	push_pending(v, p, v->subprogs[subprog].start, v->insn);
	if (v->pending_cnt > JMP_SEQ_LIMIT) {
		*error = reject(v, -E2BIG, "The sequence of %u jumps is too complex for async cb.",
				v->pending_cnt);
		return NULL;
	}
	return &p->state;
}

static void pending_free(struct verifier *v, struct pending *p)
{
	state_free(v->mem, &p->state);
	mem_free(v->mem, p);
	v->pending_cnt--;
}

void pending_free_all(struct verifier *v)
{
	while (v->pending) {
		struct pending *p = v->pending;

		v->pending = p->next;
		pending_free(v, p);
	}
}

/* The next path that waits: 1, 0 when there is none. */
static int pop_path(struct verifier *v)
{
	struct pending *p = v->pending;
	int err;

	branches_done(v->cur);
	if (!p)
		return 0;
	err = state_load(v->mem, v->cur, &p->state);
	if (err)
		return err;
	if (!(v->log_level & LOG_LEVEL2))
		log_truncate(v, p->log_len);
	trace_return(v, p);
	v->insn = p->insn;
	v->prev_insn = p->prev_insn;
	v->pending = p->next;
	pending_free(v, p);
	v->print_state = true;
	v->scratched_regs = ~0u;
	v->scratched_slots = ~0ull;
	return 1;
}

static int check_instruction(struct verifier *v, bool *path_ends)
{
	const struct bpf_insn *insn = cur_insn(v);
	int err;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return check_alu(v);
	case BPF_LDX:
		return check_load(v);
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_ATOMIC)
			return check_atomic(v);
		return check_store_reg(v);
	case BPF_ST:
		return check_store_imm(v);
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_IMM)
			return check_wide_load(v);
		return check_legacy_load(v);
	}
	v->jmps_processed++;
	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		err = check_call_locked(v);
		if (err)
			return err;
		if (insn->src_reg == BPF_PSEUDO_CALL)
			return check_subprog_call(v);
		if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL) {
			err = check_kfunc_call(v);
			*path_ends = insn_calls_kfunc(v, v->insn, KFUNC_bpf_throw);
			return !err && *path_ends ? end_by_exception(v) : err;
		}
		return check_helper_call(v);
	case BPF_JA:
		v->next = (u32)isa_target(insn, v->insn);
		return 0;
	case BPF_EXIT:
		return check_exit(v, path_ends);
	default:
		return check_branch(v);
	}
}

static const char *path_kind(const struct verifier *v)
{
	return v->cur->speculative ? " (speculative execution)" : "";
}

static void log_safe(struct verifier *v)
{
	if (v->print_state)
		note(v, "\nfrom %d to %u%s: safe\n", (s32)v->prev_insn, v->insn, path_kind(v));
	else
		note(v, "%u: safe\n", v->insn);
}

static void log_before(struct verifier *v)
{
	if (v->log_level & LOG_LEVEL2 && v->print_state) {
		note(v, "\nfrom %d to %u%s:", (s32)v->prev_insn, v->insn, path_kind(v));
		log_state(v, v->cur, v->cur->curframe, true);
		v->print_state = false;
	}
	if (v->log_level & (LOG_LEVEL1 | LOG_LEVEL2))
		log_insn(v);
}

/* One instruction of the current path. */
static int explore_insn(struct verifier *v, bool *path_ends)
{
	int ret;

	if (++v->insn_processed > BPF_COMPLEXITY_LIMIT_INSNS)
		return reject(v, -E2BIG, "BPF program is too large. Processed %u insn",
			      v->insn_processed);
	v->in_insn = false;
	v->cur->last_insn = v->prev_insn;
	if (v->aux[v->insn].flags & AUX_PRUNE_POINT) {
		ret = state_visited(v);
		if (ret < 0)
			return ret;
		if (ret) {
			if (v->log_level & (LOG_LEVEL1 | LOG_LEVEL2))
				log_safe(v);
			*path_ends = true;
			return 0;
		}
	}
	ret = trace_step(v);
	if (ret)
		return ret;
	log_before(v);
	v->result->costs[v->insn].explored++;
	fact_flags(v, FACT_SEEN);
	v->next = v->insn + 1;
	ret = check_insn_fields(v);
	if (!ret)
		ret = check_instruction(v, path_ends);
	v->prev_insn = v->insn;
	if (!ret)
		v->insn = v->next;
	return ret;
}

int explore(struct verifier *v)
{
	int ret;

	do {
		bool path_ends = false;

		while (!path_ends) {
			ret = explore_insn(v, &path_ends);
			if (ret)
				return ret;
		}
		ret = pop_path(v);
	} while (ret > 0);
	return ret;
}
