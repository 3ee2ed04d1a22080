/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame: what passes over memory ask of pointers into it, and of its use. */
#ifndef ANYBPF_JIT_PASS_FRAME_H
#define ANYBPF_JIT_PASS_FRAME_H

#include "base/vec.h"
#include "jit/ir/ir.h"

/*
 * Whether @ref is r10 and a number, then in @off (NULL: not asked). False does
 * not say that it points elsewhere.
 */
bool frame_address(const struct ir_fn *fn, ir_ref ref, s64 *off);

/* A load or store of bytes that are known now; @off counts from the frame's lowest byte. */
struct frame_access {
	ir_ref ref;
	u32 off;
};

/* Where a value may point to in the frame, as distance from r10; .lo > .hi: nowhere. */
struct frame_range {
	s32 lo, hi;
	bool elsewhere; /* or it may be another pointer, or none, by the way that was taken */
};

#define FRAME_READ    BIT(0)
#define FRAME_WRITTEN BIT(1)

struct frame_use {
	struct ir_fn *fn;
	u32 size;      /* of the frame */
	bool escapes;  /* an address got where nobody can follow: any byte may be used anywhere */
	u8 *in_memory; /* by byte, from the lowest: FRAME_*, used by what is no such load or store
			*/
	VEC(struct frame_access) accesses; /* in the order of blocks and instructions */
	/* While it is found out. */
	struct frame_range *ranges; /* by instruction */
	u32 nranges;
};

/* How the function uses its frame. ir_cfg() must be current. 0 or -ENOMEM. */
int frame_use_find(struct frame_use *use, struct ir_fn *fn);
void frame_use_free(struct frame_use *use);

#endif
