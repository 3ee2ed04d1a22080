/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spill slots. A value has one slot for all of its life; two values share one
 * when they never live at the same time. By SSA form it is enough that the
 * other one has a hole, or is dead, where a value is defined. Phis and what
 * they are made from share slots where they can, so that edges need no moves.
 */
#include "jit/regalloc/regalloc.h"

/* Among them the spare one of moves.c. All numbers are far below LOC_REMAT. */
#define MAX_SLOTS (JIT_FRAME_MOST / 8)

/* The next position at which a slot's user comes or goes. */
struct event {
	u32 pos;
	ir_ref value;
	u32 range; /* number of the range that starts or ends there */
	bool ends;
};

struct slots {
	struct ra *ra;
	VEC(struct event) heap;
	VEC(u64) free; /* bit set: nobody lives in the slot */
	VEC(u32) users;
};

static void push(struct slots *s, struct event e)
{
	size_t i = s->heap.len;

	if (!vec_push(&s->heap, s->ra->mem, e)) {
		s->ra->failed = true;
		return;
	}
	for (; i && s->heap.at[(i - 1) / 2].pos > e.pos; i = (i - 1) / 2)
		s->heap.at[i] = s->heap.at[(i - 1) / 2];
	s->heap.at[i] = e;
}

static struct event pop(struct slots *s)
{
	struct event top = s->heap.at[0], last = s->heap.at[--s->heap.len];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap.len) {
		if (child + 1 < s->heap.len && s->heap.at[child + 1].pos < s->heap.at[child].pos)
			child++;
		if (s->heap.at[child].pos >= last.pos)
			break;
		s->heap.at[i] = s->heap.at[child];
		i = child;
	}
	s->heap.at[i] = last;
	return top;
}

/* One more user (or one less). */
static void occupy(struct slots *s, u32 slot, bool more)
{
	u64 bit = BIT_ULL(slot % 64);

	s->users.at[slot] += more ? 1 : -1u;
	if (s->users.at[slot])
		s->free.at[slot / 64] &= ~bit;
	else
		s->free.at[slot / 64] |= bit;
}

static void advance(struct slots *s, u32 pos)
{
	while (s->heap.len && s->heap.at[0].pos <= pos) {
		struct event e = pop(s);
		const struct ra_value *v = ra_value(s->ra, e.value);

		occupy(s, v->slot, !e.ends);
		if (!e.ends)
			push(s, (struct event){v->ranges[e.range].to, e.value, e.range, true});
		else if (e.range + 1 < v->nranges)
			push(s, (struct event){v->ranges[e.range + 1].from, e.value, e.range + 1,
					       false});
	}
}

static u16 if_free(const struct slots *s, ir_ref value)
{
	u16 slot = ra_value(s->ra, value)->slot;

	return slot != IR_LOC_NONE && !s->users.at[slot] ? slot : IR_LOC_NONE;
}

/* The slot of a phi that it goes into or, for a phi, of what it is made from. */
static u16 wanted(const struct slots *s, ir_ref value)
{
	const struct ra *ra = s->ra;
	const struct ra_value *v = ra_value(ra, value);
	struct ir_insn *insn = ir_at(ra->fn, value);
	u32 n = insn->op == IR_PHI ? ir_nargs(ra->fn, insn) : 0;
	u16 slot = IR_LOC_NONE;

	for (u32 i = 0; i < n && i < 16 && slot == IR_LOC_NONE; i++)
		slot = if_free(s, insn->phi[i]);
	for (u32 i = 0; i < v->nuses && i < 16 && slot == IR_LOC_NONE; i++)
		if (v->uses[i].kind == USE_PHI)
			slot = if_free(s, v->uses[i].to);
	return slot;
}

static u16 any_free(struct slots *s)
{
	u32 slot = (u32)s->users.len;

	for (u32 i = 0; i < s->free.len; i++)
		if (s->free.at[i])
			return (u16)(i * 64 + (u32)__builtin_ctzll(s->free.at[i]));
	s->ra->too_large =
		slot + 1 >= MAX_SLOTS || 8 * (slot + 1) + s->ra->fn->frame_size > JIT_FRAME_MOST;
	if (s->ra->too_large || !vec_push(&s->users, s->ra->mem, 0u) ||
	    (slot % 64 == 0 && !vec_push(&s->free, s->ra->mem, 0ull))) {
		s->ra->failed = true;
		return IR_LOC_NONE;
	}
	return (u16)slot;
}

bool ra_slots(struct ra *ra)
{
	struct slots s = {.ra = ra};

	for (u32 i = 0; i < ra->nintervals && !ra->failed; i++) {
		ir_ref value = ra->intervals[i].value;
		struct ra_value *v = ra_value(ra, value);
		u16 slot;

		if (!v->spilled)
			continue;
		advance(&s, v->start);
		slot = wanted(&s, value);
		if (slot == IR_LOC_NONE)
			slot = any_free(&s);
		if (ra->failed)
			break;
		v->slot = slot;
		occupy(&s, slot, true);
		push(&s, (struct event){v->ranges[0].to, value, 0, true});
	}
	ra->fn->nslots = (u32)s.users.len;
	vec_free(&s.heap, ra->mem);
	vec_free(&s.free, ra->mem);
	vec_free(&s.users, ra->mem);
	return !ra->failed;
}
