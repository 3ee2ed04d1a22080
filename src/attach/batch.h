/* SPDX-License-Identifier: BSD-2-Clause */
/* The buffers of one batch of frames, each with head and tail room, in one block that is reused. */
#ifndef ANYBPF_ATTACH_BATCH_H
#define ANYBPF_ATTACH_BATCH_H

#include "attach/source.h"
#include "base/buf.h"

struct batch {
	struct buf block;
};

void batch_init(struct batch *batch, const struct mem *mem);
void batch_free(struct batch *batch);
void batch_reset(struct batch *batch);

/*
 * Appends room for @len bytes of frame, which the caller fills in through the
 * returned address before the next call; NULL when out of memory. @frame gets
 * borders, but its .buf only with batch_finish().
 */
u8 *batch_add(struct batch *batch, struct hook_frame *frame, u32 len);
/* Points the @n frames of the batch at their buffers. */
void batch_finish(struct batch *batch, struct hook_frame *frames, u32 n);

#endif
