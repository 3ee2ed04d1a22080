/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffer and perf event array as producers see them. Record layout and
 * positions are Linux's (Documentation/bpf/ringbuf.rst): consumer page,
 * producer page, data mapped twice so that a record is always contiguous.
 */
#ifndef ANYBPF_MAP_RINGBUF_H
#define ANYBPF_MAP_RINGBUF_H

#include "map/map.h"

/* Address of the payload or NULL when there is no room. */
void *ringbuf_reserve(struct map *map, u64 size);
/* Publishes or drops a reserved record; @flags BPF_RB_NO_WAKEUP or BPF_RB_FORCE_WAKEUP. */
void ringbuf_commit(void *payload, u64 flags, bool discard);
/* 0, -EAGAIN without room, -E2BIG, -EINVAL. */
int ringbuf_output(struct map *map, const void *data, u64 size, u64 flags);
/* What bpf_ringbuf_query() answers for BPF_RB_*; 0 for unknown flags. */
u64 ringbuf_query(struct map *map, u64 what);

/*
 * Consumes what is there: calls @fn for each record that is committed, in
 * order, until it returns non-zero. Number of records, or what @fn returned
 * when negative. -EINVAL when somebody wrote nonsense to the positions or
 * records. One consumer at a time.
 */
int ringbuf_consume(struct map *map, int (*fn)(void *arg, const void *data, u32 size), void *arg);
/* Waits until there is something; 1, or 0 after @timeout_ms (-1: for ever). */
int ringbuf_wait(struct map *map, int timeout_ms);

/*
 * Perf event array: per-CPU queues of records. @cpu BPF_F_CURRENT_CPU is
 * resolved by the caller. 0, -ENOENT when no consumer has opened that CPU's
 * queue, -E2BIG index, -ENOSPC when full (and counted as lost).
 */
int perf_array_output(struct map *map, u32 cpu, const void *a, u64 a_size, const void *b,
		      u64 b_size);
/* Opens queues of @pages data pages for all CPUs, a power of two; once: -EBUSY. */
int perf_array_open(struct map *map, u32 pages);
int perf_array_consume(struct map *map, u32 cpu,
		       int (*fn)(void *arg, u32 cpu, const void *data, u32 size), void *arg,
		       u64 *lost);
/* As ringbuf_wait(), for all CPUs; -ENOENT when not opened. */
int perf_array_wait(struct map *map, int timeout_ms);

#endif
