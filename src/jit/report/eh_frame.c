/* SPDX-License-Identifier: BSD-2-Clause */
/* Unwind information: one common entry, and one per function with a row per change of its frame. */
#include "jit/report/eh_frame.h"

#include <stdlib.h>

#include "jit/report/leb.h"

enum cfa_op {
	CFA_ADVANCE = 0x40, /* and the distance, up to 63 */
	CFA_OFFSET = 0x80,  /* and the register */
	CFA_RESTORE = 0xc0, /* likewise */
	CFA_NOP = 0,
	CFA_ADVANCE1 = 2,
	CFA_ADVANCE2 = 3,
	CFA_ADVANCE4 = 4,
	CFA_DEF = 0x0c,
	CFA_DEF_OFFSET = 0x0e,
};

#define PE_ABSOLUTE 0x00
#define PE_RELATIVE 0x1b /* 4 signed bytes, from where they stand */
#define PE_UDATA4   0x03
#define PE_DATAREL4 0x3b /* 4 signed bytes, from the section's start */

#define DATA_ALIGN -8

static void pad(struct buf *out, size_t start)
{
	while (!out->failed && (out->len - start) % 8)
		put_u8(out, CFA_NOP);
}

static void put_common(struct buf *out, const struct eh_frame *frame)
{
	const struct jit_target *target = frame->target;
	size_t start = out->len;

	put_u32(out, 0); /* length */
	put_u32(out, 0); /* no function's entry */
	put_u8(out, 1);	 /* version */
	put_string(out, "zR");
	put_uleb(out, 1); /* unit of advances */
	put_sleb(out, DATA_ALIGN);
	put_u8(out, target->dwarf_ra);
	put_uleb(out, 1); /* bytes for "zR": */
	put_u8(out, frame->relative ? PE_RELATIVE : PE_ABSOLUTE);
	put_u8(out, CFA_DEF);
	put_uleb(out, target->dwarf_sp);
	put_uleb(out, target->call_pushes);
	if (target->call_pushes) {
		put_u8(out, CFA_OFFSET | target->dwarf_ra);
		put_uleb(out, 1);
	}
	pad(out, start);
	patch_length(out, start);
}

static void advance(struct buf *out, u32 by)
{
	if (by < 64) {
		put_u8(out, CFA_ADVANCE | by);
	} else if (by <= UINT8_MAX) {
		put_u8(out, CFA_ADVANCE1);
		put_u8(out, by);
	} else if (by <= UINT16_MAX) {
		put_u8(out, CFA_ADVANCE2);
		put_u16(out, by);
	} else {
		put_u8(out, CFA_ADVANCE4);
		put_u32(out, by);
	}
}

/* What differs between one frame and the next. */
static void put_change(struct buf *out, const struct jit_func *func, const struct jit_frame *from,
		       const struct jit_frame *to)
{
	advance(out, to->offset - from->offset);
	if (to->depth != from->depth) {
		put_u8(out, CFA_DEF_OFFSET);
		put_uleb(out, to->depth);
	}
	for (u32 i = from->nsaved; i < to->nsaved; i++) {
		put_u8(out, CFA_OFFSET | func->saved[i].dwarf_reg);
		put_uleb(out, func->saved[i].cfa_offset / -DATA_ALIGN);
	}
	for (u32 i = to->nsaved; i < from->nsaved; i++)
		put_u8(out, CFA_RESTORE | func->saved[i].dwarf_reg);
}

/* The first change at @offset or behind. */
static u32 first_frame(const struct eh_frame *frame, u32 offset)
{
	return first_from(frame->frames, frame->frame_cnt, offset, offset);
}

static void put_function(struct buf *out, const struct eh_frame *frame, const struct jit_func *func,
			 size_t common)
{
	struct jit_frame last = {.offset = func->start, .depth = frame->target->call_pushes};
	size_t start = out->len;

	put_u32(out, 0); /* length */
	put_u32(out, (u32)(out->len - common));
	if (frame->relative) {
		put_u32(out, func->start - (u32)(frame->at + out->len));
		put_u32(out, func->end - func->start);
	} else {
		put_u64(out, frame->code + func->start);
		put_u64(out, func->end - func->start);
	}
	put_uleb(out, 0); /* bytes for "z" */
	for (u32 i = first_frame(frame, func->start); i < frame->frame_cnt; i++) {
		/* The last return is followed by nothing. */
		if (frame->frames[i].offset >= func->end)
			break;
		put_change(out, func, &last, &frame->frames[i]);
		last = frame->frames[i];
	}
	pad(out, start);
	patch_length(out, start);
}

void eh_frame_put(struct buf *out, const struct eh_frame *frame, const struct jit_func *funcs,
		  u32 cnt)
{
	size_t common = out->len;

	put_common(out, frame);
	for (u32 i = 0; i < cnt; i++)
		put_function(out, frame, &funcs[i], common);
	put_u32(out, 0);
}

void eh_frame_hdr_put(struct buf *out, const struct eh_frame *frame, const struct jit_func *func,
		      size_t size)
{
	u32 common = 0, at = (u32)size;

	if (out->failed)
		return;
	memcpy(&common, out->data, sizeof(common));
	put_u8(out, 1); /* version */
	put_u8(out, PE_RELATIVE);
	put_u8(out, PE_UDATA4);
	put_u8(out, PE_DATAREL4);
	put_u32(out, 0 - (at + 4)); /* to the section, from here */
	put_u32(out, 1);	    /* entries of the table: */
	put_u32(out, func->start - (u32)frame->at - at);
	put_u32(out, common + (u32)sizeof(common) - at); /* the function's follows the common one */
}

size_t eh_frame_most(const struct jit_frame *frames, u32 cnt, const struct jit_func *func)
{
	/* Entries, end, header and what aligns them; a change is 2 operations and one per register.
	 */
	const size_t rest = 128, change = 16, reg = 4;
	size_t most = rest;
	u8 nsaved = 0;

	for (u32 i = 0; i < cnt; i++) {
		if (frames[i].offset < func->start || frames[i].offset >= func->end)
			continue;
		most += change + reg * (u32)abs(frames[i].nsaved - nsaved);
		nsaved = frames[i].nsaved;
	}
	return most;
}
