/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *libc_realloc(void *ctx __unused, void *p, size_t size)
{
	if (!size) {
		free(p);
		return NULL;
	}
	return realloc(p, size);
}

const struct mem mem_libc = {.realloc = libc_realloc};

void *mem_realloc(const struct mem *mem, void *p, size_t size)
{
	/* A size of zero means free; an empty allocation still needs an address. */
	return mem->realloc(mem->ctx, p, size ? size : 1);
}

void *mem_alloc(const struct mem *mem, size_t size)
{
	return mem_realloc(mem, NULL, size);
}

void *mem_zalloc(const struct mem *mem, size_t size)
{
	void *p = mem_alloc(mem, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void *mem_zalloc_array(const struct mem *mem, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return mem_zalloc(mem, total);
}

void *mem_dup(const struct mem *mem, const void *p, size_t size)
{
	void *copy = mem_alloc(mem, size);

	if (copy && size)
		memcpy(copy, p, size);
	return copy;
}

char *mem_strdup(const struct mem *mem, const char *s)
{
	return mem_dup(mem, s, strlen(s) + 1);
}

void mem_free(const struct mem *mem, void *p)
{
	if (p)
		mem->realloc(mem->ctx, p, 0);
}

/* ---- counting ---- */

/* Before each allocation, and as large as malloc() aligns to. */
union meter_header {
	size_t size;
	_Alignas(16) u8 room[16];
};

static void *meter_realloc(void *ctx, void *p, size_t size)
{
	struct mem_meter *meter = ctx;
	union meter_header *header = p ? (union meter_header *)p - 1 : NULL;
	size_t before = header ? header->size : 0;

	if (!size) {
		mem_free(meter->inner, header);
		meter->now -= before;
		return NULL;
	}
	if (size > SIZE_MAX / 2)
		return NULL;
	header = mem_realloc(meter->inner, header, size + sizeof(*header));
	if (!header)
		return NULL;
	header->size = size;
	meter->now += size - before;
	if (meter->peak < meter->now)
		meter->peak = meter->now;
	return header + 1;
}

void mem_meter_init(struct mem_meter *meter, const struct mem *inner)
{
	*meter =
		(struct mem_meter){.mem = {.realloc = meter_realloc, .ctx = meter}, .inner = inner};
}
