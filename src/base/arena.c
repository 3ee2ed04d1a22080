/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <string.h>

#define ARENA_ALIGN 16
#define ARENA_CHUNK 65536

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
};

static const size_t header = ROUND_UP(sizeof(struct arena_chunk), ARENA_ALIGN);

void arena_init(struct arena *arena, const struct mem *mem)
{
	*arena = (struct arena){.mem = mem};
}

void arena_free(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		mem_free(arena->mem, chunk);
		chunk = next;
	}
	arena_init(arena, arena->mem);
}

static bool arena_grow(struct arena *arena, size_t size)
{
	size_t want = size > ARENA_CHUNK - header ? size + header : ARENA_CHUNK;
	struct arena_chunk *chunk = mem_alloc(arena->mem, want);

	if (!chunk)
		return false;
	chunk->next = arena->chunks;
	chunk->size = want;
	arena->chunks = chunk;
	arena->next = (u8 *)chunk + header;
	arena->left = want - header;
	arena->total += want;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = ROUND_UP(size ? size : 1, ARENA_ALIGN);
	if (size > arena->left && !arena_grow(arena, size))
		return NULL;
	p = arena->next;
	arena->next += size;
	arena->left -= size;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *p = arena_alloc(arena, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void *arena_zalloc_array(struct arena *arena, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return arena_zalloc(arena, total);
}

void *arena_dup(struct arena *arena, const void *p, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (copy && size)
		memcpy(copy, p, size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_dup(arena, s, strlen(s) + 1);
}
