/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bump allocation that is freed as a whole: what one parse or one
 * verification builds. Not thread safe.
 */
#ifndef ANYBPF_BASE_ARENA_H
#define ANYBPF_BASE_ARENA_H

#include "base/mem.h"

struct arena_chunk;

struct arena {
	const struct mem *mem;
	struct arena_chunk *chunks; /* newest first */
	u8 *next;		    /* free space of the newest chunk */
	size_t left;
	size_t total; /* bytes taken from @mem, for the peak in statistics */
};

void arena_init(struct arena *arena, const struct mem *mem);
void arena_free(struct arena *arena);

/* 16-byte aligned; NULL when out of memory. The z variants are zeroed. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
void *arena_zalloc_array(struct arena *arena, size_t n, size_t size);
void *arena_dup(struct arena *arena, const void *p, size_t size);
char *arena_strdup(struct arena *arena, const char *s);

#endif
