/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Liveness: a register or slot of a checkpoint is live when what follows it
 * reads it before it writes it. A read is noted in every checkpoint back to
 * the write that made the value. Differences in what is not live do not keep
 * states from being equal.
 */
#include "verify/verifier.h"

#define ARG_REGS 0x3eu /* r1 to r5 */

/* Registers and slots of one frame that are read. */
struct reads {
	u32 frame;
	u16 regs;
	u64 slots;
};

/*
 * The frame of a checkpoint that holds what @at holds later on the path. The
 * arguments of a subprogram that had not been entered yet are the caller's
 * registers.
 */
static struct frame *earlier_frame(struct vstate *st, const struct frame *at, struct reads *r)
{
	if (r->frame <= st->curframe && st->frame[r->frame]->activation == at->activation)
		return st->frame[r->frame];
	r->slots = 0;
	r->regs &= ARG_REGS;
	/* What a helper passes on to its callback it has read itself. */
	if (!r->frame || !r->regs || at->in_callback)
		return NULL;
	r->frame--;
	return r->frame <= st->curframe ? st->frame[r->frame] : NULL;
}

/* All at once: each checkpoint on the way is visited once. */
static void mark_read(struct verifier *v, struct reads r)
{
	const struct frame *at = v->cur->frame[r.frame];
	u32 length = 0;

	for (struct vstate *st = v->cur->parent; st; st = st->parent) {
		struct frame *frame;

		r.regs &= (u16)~at->reg_written;
		r.slots &= ~at->slot_written;
		if (!r.regs && !r.slots)
			break;
		frame = earlier_frame(st, at, &r);
		if (!frame)
			break;
		/* What was known to be read is known further back, too. */
		r.regs &= (u16)~frame->reg_read;
		r.slots &= ~frame->slot_read;
		if (!r.regs && !r.slots)
			break;
		frame->reg_read |= r.regs;
		frame->slot_read |= r.slots;
		note_loop_mark(v, st, false);
		at = frame;
		length++;
	}
	if (v->longest_mark_read < length)
		v->longest_mark_read = length;
}

void mark_reg_read(struct verifier *v, u32 frame, u32 regno)
{
	mark_read(v, (struct reads){.frame = frame, .regs = (u16)BIT(regno)});
}

void mark_slot_read(struct verifier *v, u32 frame, u32 slot)
{
	mark_read(v, (struct reads){.frame = frame, .slots = BIT_ULL(slot)});
}

void propagate_liveness(struct verifier *v, const struct vstate *old)
{
	for (u32 f = 0; f <= old->curframe; f++) {
		const struct frame *frame = old->frame[f];

		mark_read(v, (struct reads){.frame = f,
					    .regs = frame->reg_read & (u16)~BIT(BPF_REG_FP),
					    .slots = frame->slot_read});
	}
}
