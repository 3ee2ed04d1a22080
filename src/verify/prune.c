/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pruning: whether a state that is reached is covered by one that has been
 * followed to all its exits, and finding loops that never end.
 *
 * A checkpoint is a copy of the state where paths meet. It has .branches of
 * paths under way from it; at zero, everything that follows it is known to be
 * safe and its liveness and precision marks are final.
 */
#include "verify/verifier.h"

struct explored **explored_head(struct verifier *v, u32 insn)
{
	return &v->explored[(insn ^ cur_frame(v)->callsite) % v->insn_cnt];
}

bool same_callsites(const struct vstate *a, const struct vstate *b)
{
	if (a->curframe != b->curframe)
		return false;
	for (u32 i = 0; i <= a->curframe; i++)
		if (a->frame[i]->callsite != b->frame[i]->callsite)
			return false;
	return true;
}

/* ---- loops through checkpoints ---- */

struct vstate *loop_entry_of(struct vstate *state)
{
	struct vstate *top = state->loop_entry;

	while (top && top->loop_entry && top->loop_entry != top)
		top = top->loop_entry;
	return top;
}

void loop_entry_update(struct vstate *cur, struct vstate *head)
{
	struct vstate *top = loop_entry_of(cur);
	struct vstate *head_top = loop_entry_of(head);

	if (head_top)
		head = head_top;
	/* Only a loop that the path is still in matters, and the outermost of those. */
	if (head->branches && (!top || head->depth < top->depth)) {
		cur->loop_entry = head;
		head->used_as_loop_entry = true;
	}
}

/*
 * Marks and loops. A path that comes back to a checkpoint takes over the
 * marks which that has so far, as if it had gone on from there. Marks that the
 * checkpoint gets later are missing on that path (Linux 6.12 goes on as if
 * they were not). Hence, of a loop whose entry got marks after the first return:
 *
 * - a checkpoint in the middle equals nothing once the loop is done, and
 *   before that only what needs no marks (RANGE_WITHIN);
 * - the entry has seen all reads, for what a later round reads of what it does
 *   not write is read from the entry, too; but a number may matter because a
 *   later round makes another one of it. So all its numbers count, and those
 *   of the checkpoints that lead to it.
 */
void note_loop_mark(struct verifier *v, struct vstate *state, bool precise)
{
	u32 now = v->loop_returns;

	if (!state->returned_to)
		return;
	for (; state && (state->last_mark < now || (precise && state->last_precise < now));
	     state = state->parent) {
		state->last_mark = now;
		if (precise)
			state->last_precise = now;
	}
}

static u32 earlier_return(u32 a, u32 b)
{
	return !a || (b && b < a) ? b : a;
}

/* All that follows @state is done: what is to be known of it where it came from. */
static void marks_done(struct vstate *state)
{
	const struct vstate *loop = loop_entry_of(state);
	struct vstate *parent = state->parent;

	if (loop && loop->branches && loop != state)
		parent->first_return = earlier_return(parent->first_return, state->first_return);
	else if (state->first_return && state->last_precise >= state->first_return)
		state->marks_unsure = true;
	parent->marks_unsure |= state->marks_unsure;
}

void branches_done(struct vstate *state)
{
	for (; state; state = state->parent) {
		state->branches--;
		if (!state->branches && state->parent && state->loop_entry)
			loop_entry_update(state->parent, state->loop_entry);
		if (state->branches)
			break;
		if (state->parent)
			marks_done(state);
	}
}

/* ---- forgetting what nothing reads ---- */

static void clean_frame(struct verifier *v, struct frame **at)
{
	struct frame *frame = *at, *smaller;
	u32 slots = bit_width(frame->slot_read);

	for (u32 i = 0; i < BPF_REG_FP; i++)
		if (!(frame->reg_read & BIT(i)))
			reg_set_not_init(&frame->regs[i]);
	for (u32 i = 0; i < frame->slot_cnt; i++)
		if (!(frame->slot_read & BIT_ULL(i)))
			memset(&frame->slots[i], 0, sizeof(frame->slots[i]));
	if (slots >= frame->slot_cnt)
		return;
	frame->slot_cnt = slots;
	smaller = mem_realloc(v->mem, frame, frame_room(frame));
	if (smaller)
		*at = smaller;
}

/* Once all that follows it is done. */
static void clean_state(struct verifier *v, struct vstate *state)
{
	struct vstate *loop = loop_entry_of(state);

	if (state->cleaned || state->branches || (loop && loop->branches) ||
	    !same_callsites(state, v->cur))
		return;
	for (u32 i = 0; i <= state->curframe; i++)
		clean_frame(v, &state->frame[i]);
	state->cleaned = true;
}

/* ---- checkpoints ---- */

static bool depths_equal(const struct vstate *a, const struct vstate *b)
{
	return a->may_goto_depth == b->may_goto_depth &&
	       a->callback_unroll_depth == b->callback_unroll_depth;
}

/* Cheap: most states of a loop differ in a register. */
static bool maybe_looping(const struct vstate *old, const struct vstate *cur)
{
	if (old->curframe != cur->curframe)
		return false;
	return !memcmp(state_frame(old)->regs, state_frame(cur)->regs,
		       sizeof(state_frame(old)->regs));
}

static int reject_infinite_loop(struct verifier *v, const struct vstate *old)
{
	int err;

	log_source_line(v, v->insn, "; ");
	err = reject(v, -EINVAL, "infinite loop detected at insn %u", v->insn);
	note(v, "cur state:");
	log_state(v, v->cur, v->cur->curframe, true);
	note(v, "old state:");
	log_state(v, old, v->cur->curframe, true);
	return err;
}

enum match {
	MISS,
	MISS_NO_LOOP_HINT,
	HIT,
};

/* The path goes on as it went on from @head, which is not done. */
static int come_back(struct vstate *cur, struct vstate *head)
{
	loop_entry_update(cur, head);
	head->returned_to = true;
	return HIT;
}

/* A checkpoint that the path itself went through: a loop. */
static int match_unfinished(struct verifier *v, struct explored *e)
{
	struct vstate *cur = v->cur, *old = &e->state;

	/* Another entry of an asynchronous callback is no loop, and the old one not done. */
	if (state_frame(old)->in_async_callback &&
	    state_frame(old)->async_entries != state_frame(cur)->async_entries)
		return MISS;
	if (v->aux[v->insn].flags & AUX_ITER_NEXT) {
		if (!states_equal(v, old, cur, RANGE_WITHIN) || !iter_is_active(v, BPF_REG_1))
			return MISS;
		return come_back(cur, old);
	}
	if (isa_is_may_goto(cur_insn(v)) && old->may_goto_depth != cur->may_goto_depth &&
	    states_equal(v, old, cur, RANGE_WITHIN))
		return come_back(cur, old);
	if (v->aux[v->insn].flags & AUX_CALLS_CALLBACK) {
		if (!states_equal(v, old, cur, RANGE_WITHIN))
			return MISS;
		return come_back(cur, old);
	}
	if (maybe_looping(old, cur) && depths_equal(old, cur) && !iter_depths_differ(old, cur) &&
	    states_equal(v, old, cur, EXACT))
		return reject_infinite_loop(v, old);
	return MISS;
}

static int match_finished(struct verifier *v, struct explored *e)
{
	struct vstate *loop = loop_entry_of(&e->state);
	bool in_loop = loop && loop->branches;

	if (!in_loop && loop && loop != &e->state && loop->last_mark >= e->state.first_return)
		return MISS;
	if (!states_equal(v, &e->state, v->cur, in_loop ? RANGE_WITHIN : NOT_EXACT))
		return MISS;
	if (in_loop)
		loop_entry_update(v->cur, loop);
	else if (!v->cur->speculative && facts_pruned(v, &e->state, v->cur))
		return -ENOMEM;
	return HIT;
}

static void explored_free(struct verifier *v, struct explored *e)
{
	state_free(v->mem, &e->state);
	mem_free(v->mem, e);
}

/* Takes a checkpoint that helps too rarely off the list. True when it went. */
static bool maybe_evict(struct verifier *v, struct explored **at)
{
	struct explored *e = *at;
	bool forced = v->aux[v->insn].flags & AUX_FORCE_CHECKPOINT;
	u32 n = forced && e->state.branches ? 64 : 3;

	if (e->misses <= e->hits * n + n)
		return false;
	*at = e->next;
	if (e->state.cleaned && !e->state.used_as_loop_entry) {
		explored_free(v, e);
		v->current_states--;
	} else {
		e->next = v->retired;
		v->retired = e;
	}
	return true;
}

static int take_hit(struct verifier *v, struct explored *e)
{
	struct vstate *cur = v->cur, *old = &e->state;
	int err;

	e->hits++;
	/* Around a loop its entry may get marks from its own: those go around, too. */
	do {
		v->loop_returns++;
		propagate_liveness(v, old);
		err = propagate_precision(v, old);
		if (err)
			return err;
	} while (old->last_mark == v->loop_returns);
	if (cur->loop_entry)
		cur->first_return = old->branches ? ++v->loop_returns : old->first_return;
	cur->marks_unsure = old->marks_unsure;
	return 1;
}

/* Looks for a match. 1 found; 0 none; *add: whether the state is worth keeping. */
static int search(struct verifier *v, bool force, bool *add)
{
	struct explored **at = explored_head(v, v->insn), *e;
	u32 states = 0;

	while ((e = *at)) {
		bool unfinished = e->state.branches;
		int ret;

		states++;
		if (e->insn != v->insn) {
			at = &e->next;
			continue;
		}
		clean_state(v, &e->state);
		ret = unfinished ? match_unfinished(v, e) : match_finished(v, e);
		if (ret < 0)
			return ret;
		if (ret == HIT)
			return take_hit(v, e);
		/* States within a loop seldom help each other: keep few of them. */
		if (unfinished && !force && v->jmps_processed - v->prev_jmps_processed < 20 &&
		    v->insn_processed - v->prev_insn_processed < 100)
			*add = false;
		if (*add)
			e->misses++;
		if (!maybe_evict(v, at))
			at = &e->next;
	}
	if (v->result->max_states_per_insn < states)
		v->result->max_states_per_insn = states;
	if (!v->bpf_capable && states > UNPRIV_STATES_LIMIT)
		*add = false;
	return 0;
}

static int add_checkpoint(struct verifier *v)
{
	struct explored **head = explored_head(v, v->insn);
	struct vstate *cur = v->cur;
	struct explored *e = mem_zalloc(v->mem, sizeof(*e));

	if (!e)
		return -ENOMEM;
	if (state_save(v->mem, &e->state, cur)) {
		mem_free(v->mem, e);
		return -ENOMEM;
	}
	v->result->total_states++;
	v->result->costs[v->insn].checkpoints++;
	v->current_states++;
	v->prev_jmps_processed = v->jmps_processed;
	v->prev_insn_processed = v->insn_processed;
	e->state.insn = v->insn;
	e->insn = v->insn;
	e->next = *head;
	*head = e;

	cur->parent = &e->state;
	cur->branches = 1;
	cur->loop_entry = NULL;
	cur->first_insn = v->insn;
	cur->hist_cnt = 0;
	cur->depth = e->state.depth + 1;
	for (u32 i = 0; i <= cur->curframe; i++) {
		cur->frame[i]->reg_written = 0;
		cur->frame[i]->slot_written = 0;
	}
	return 0;
}

int state_visited(struct verifier *v)
{
	bool force = v->state_freq || v->aux[v->insn].flags & AUX_FORCE_CHECKPOINT ||
		     v->cur->hist_cnt > 40;
	bool add = force || (v->jmps_processed - v->prev_jmps_processed >= 2 &&
			     v->insn_processed - v->prev_insn_processed >= 8);
	int ret;

	ret = search(v, force, &add);
	if (ret || !add)
		return ret;
	return add_checkpoint(v);
}

void explored_free_all(struct verifier *v)
{
	for (u32 i = 0; v->explored && i < v->insn_cnt; i++) {
		struct explored *e;

		while ((e = v->explored[i])) {
			v->explored[i] = e->next;
			explored_free(v, e);
		}
	}
	while (v->retired) {
		struct explored *e = v->retired;

		v->retired = e->next;
		explored_free(v, e);
	}
}
