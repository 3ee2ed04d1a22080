/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/batch.h"

/* Buffers start on a cache line of their own, as a network driver's do. */
#define FRAME_ALIGN 64

void batch_init(struct batch *batch, const struct mem *mem)
{
	buf_init(&batch->block, mem);
}

void batch_free(struct batch *batch)
{
	buf_free(&batch->block);
}

void batch_reset(struct batch *batch)
{
	buf_reset(&batch->block);
}

u8 *batch_add(struct batch *batch, struct hook_frame *frame, u32 len)
{
	u32 size = (u32)ROUND_UP((u64)HOOK_HEADROOM + len + HOOK_TAILROOM, FRAME_ALIGN);
	size_t at = batch->block.len;

	*frame = (struct hook_frame){.size = size, .off = HOOK_HEADROOM, .len = len};
	buf_add_zero(&batch->block, size);
	return batch->block.failed ? NULL : batch->block.data + at + HOOK_HEADROOM;
}

void batch_finish(struct batch *batch, struct hook_frame *frames, u32 n)
{
	u8 *at = batch->block.data;

	for (u32 i = 0; i < n; i++) {
		frames[i].buf = at;
		at += frames[i].size;
	}
}
