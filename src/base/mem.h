/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The injectable allocator. Every allocation of the library goes through a
 * struct mem, so that an embedder can supply its own and a test can fail each
 * allocation in turn.
 */
#ifndef ANYBPF_BASE_MEM_H
#define ANYBPF_BASE_MEM_H

#include "base/types.h"

struct mem {
	/*
	 * Resizes @p to @size bytes; @p NULL allocates, @size 0 frees and
	 * returns NULL. Alignment is that of malloc(). NULL on failure, @p is
	 * then untouched. Called from any thread.
	 */
	void *(*realloc)(void *ctx, void *p, size_t size);
	void *ctx;
};

/* malloc() and free(); the default wherever a NULL allocator is given. */
extern const struct mem mem_libc;

/* An allocator that counts what is taken from another one through it, in bytes asked for. */
struct mem_meter {
	struct mem mem; /* what is given on */
	const struct mem *inner;
	size_t now, peak;
};

/* @meter must stay where it is as long as something that was taken through it lives. */
void mem_meter_init(struct mem_meter *meter, const struct mem *inner);

/* All return NULL when out of memory or when a product overflows. */
void *mem_alloc(const struct mem *mem, size_t size);
void *mem_zalloc(const struct mem *mem, size_t size);
void *mem_zalloc_array(const struct mem *mem, size_t n, size_t size);
void *mem_realloc(const struct mem *mem, void *p, size_t size);
void *mem_dup(const struct mem *mem, const void *p, size_t size);
char *mem_strdup(const struct mem *mem, const char *s);
void mem_free(const struct mem *mem, void *p);

#endif
