/* SPDX-License-Identifier: BSD-2-Clause */
/* What waits in a ring buffer, read through the engine's mmap without consuming it. */
#ifndef ANYBPF_TOOL_RINGBUF_H
#define ANYBPF_TOOL_RINGBUF_H

#include "tool.h"

struct ring_record {
	const u8 *data;
	u32 size;
};

/*
 * Calls @fn for each committed record from the consumer's position on, in
 * order. Number of records in @count; 0 or a negative errno with @err filled.
 */
int ring_each(const struct anybpf_map *map, void (*fn)(void *arg, struct ring_record record),
	      void *arg, u64 *count, struct err *err);

#endif
