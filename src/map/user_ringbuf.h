/* SPDX-License-Identifier: BSD-2-Clause */
/* User ring buffers as programs, who consume them, see them. */
#ifndef ANYBPF_MAP_USER_RINGBUF_H
#define ANYBPF_MAP_USER_RINGBUF_H

#include "map/map.h"

/* The most samples of one drain. */
#define USER_RINGBUF_MAX_SAMPLES (128 * 1024)

/*
 * Calls @fn for each sample that is there, in order, until it returns
 * non-zero. Number of samples; -EBUSY when another thread drains; -EINVAL and
 * -E2BIG when there is no sound sample at the consumer's position, which stays
 * there. Other threads may write to samples at any time.
 */
long user_ringbuf_drain(struct map *map, u64 flags, long (*fn)(void *arg, void *data, u32 size),
			void *arg);
/* Waits until there is room for a sample; 1, or 0 after @timeout_ms (-1: for ever). */
int user_ringbuf_wait(struct map *map, int timeout_ms);

#endif
