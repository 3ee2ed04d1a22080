/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Liveness: a register or slot of a checkpoint is live when what follows it
 * reads it before it writes it. A read is noted in every checkpoint back to
 * the write that made the value. Differences in what is not live do not keep
 * states from being equal.
 */
#include "verify/verifier.h"

struct live_walk {
	u32 frame;
	bool slot;
	u32 index;
};

static bool is_written(const struct frame *frame, const struct live_walk *w)
{
	return w->slot ? frame->slot_written & BIT_ULL(w->index)
		       : frame->reg_written & BIT(w->index);
}

/* False when it was known already. */
static bool set_read(struct frame *frame, const struct live_walk *w)
{
	if (w->slot) {
		if (frame->slot_read & BIT_ULL(w->index))
			return false;
		frame->slot_read |= BIT_ULL(w->index);
	} else {
		if (frame->reg_read & BIT(w->index))
			return false;
		frame->reg_read |= (u16)BIT(w->index);
	}
	return true;
}

/*
 * The frame of a checkpoint that holds what @at holds later on the path. The
 * arguments of a subprogram that had not been entered yet are the caller's
 * registers.
 */
static struct frame *earlier_frame(struct vstate *st, const struct frame *at, struct live_walk *w)
{
	if (w->frame <= st->curframe && st->frame[w->frame]->activation == at->activation)
		return st->frame[w->frame];
	/* What a helper passes on to its callback it has read itself. */
	if (at->in_callback)
		return NULL;
	if (w->slot || !w->frame || w->index < BPF_REG_1 || w->index > BPF_REG_5)
		return NULL;
	w->frame--;
	return w->frame <= st->curframe ? st->frame[w->frame] : NULL;
}

static void mark_read(struct verifier *v, struct live_walk w)
{
	const struct frame *at = v->cur->frame[w.frame];
	u32 length = 0;

	for (struct vstate *st = v->cur->parent; st; st = st->parent) {
		struct frame *frame;

		if (is_written(at, &w))
			break;
		frame = earlier_frame(st, at, &w);
		if (!frame || !set_read(frame, &w))
			break;
		at = frame;
		length++;
	}
	if (v->longest_mark_read < length)
		v->longest_mark_read = length;
}

void mark_reg_read(struct verifier *v, u32 frame, u32 regno)
{
	mark_read(v, (struct live_walk){.frame = frame, .index = regno});
}

void mark_slot_read(struct verifier *v, u32 frame, u32 slot)
{
	mark_read(v, (struct live_walk){.frame = frame, .slot = true, .index = slot});
}

void propagate_liveness(struct verifier *v, const struct vstate *old)
{
	for (u32 f = 0; f <= old->curframe; f++) {
		const struct frame *frame = old->frame[f];

		for (u32 i = 0; i < BPF_REG_FP; i++)
			if (frame->reg_read & BIT(i))
				mark_reg_read(v, f, i);
		for (u32 i = 0; i < MAX_SLOTS; i++)
			if (frame->slot_read & BIT_ULL(i))
				mark_slot_read(v, f, i);
	}
}
