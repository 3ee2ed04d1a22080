/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that stays shared after fork(): a stretch of address space from which
 * blocks of powers of two are cut, in a list per size when they are free. What
 * is as large as a page begins with one and goes back to the system when freed,
 * so that it is zeroed.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/os.h"
#include "preload.h"

#define SPACE	    (64ull << 30)
#define FAR_AWAY    (16ull << 40) /* so that machine code has room near the libraries */
#define LEAST_ORDER 5
#define PAGE_ORDER  12
#define ORDERS	    37

struct block {
	struct block *next;
};

/* At the beginning of the stretch. */
static struct shared {
	_Atomic u32 lock;
	u8 *at, *end;
	struct block *free[ORDERS];
	/* Of pages, which must stay zero: by their numbers, one list. */
	u32 nr_pages_free[ORDERS];
	void *pages_free[ORDERS][1024];
} * shared;

/* Before a block that is not pages: its order, and malloc()'s alignment. */
struct header {
	_Alignas(16) u32 order;
	size_t size;
};

bool shared_open(void)
{
	u8 *p = mmap((void *)FAR_AWAY, SPACE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	shared = (struct shared *)p;
	shared->at = p + ROUND_UP(sizeof(*shared), 1ul << PAGE_ORDER);
	shared->end = p + SPACE;
	return true;
}

static void lock(void)
{
	u32 open = 0;

	while (!atomic_compare_exchange_weak(&shared->lock, &open, 1)) {
		open = 0;
		os_yield();
	}
}

static void unlock(void)
{
	atomic_store(&shared->lock, 0);
}

static u32 order_of(size_t size, u32 least)
{
	u32 order = least;

	while (order < ORDERS && (1ull << order) < size)
		order++;
	return order;
}

static void *cut(u32 order)
{
	size_t size = 1ull << order;
	u8 *p = (u8 *)ROUND_UP((uintptr_t)shared->at, order < PAGE_ORDER ? size : 4096);

	if (order >= ORDERS || size > (size_t)(shared->end - p))
		return NULL;
	shared->at = p + size;
	return p;
}

void *shared_pages(size_t size)
{
	u32 order = order_of(size, PAGE_ORDER);
	void *p = NULL;

	if (order >= ORDERS)
		return NULL;
	lock();
	if (shared->nr_pages_free[order])
		p = shared->pages_free[order][--shared->nr_pages_free[order]];
	else
		p = cut(order);
	unlock();
	return p;
}

bool shared_pages_free(void *p, size_t size)
{
	u32 order = order_of(size, PAGE_ORDER);

	if (!shared || (u8 *)p < (u8 *)shared || (u8 *)p >= (u8 *)shared + SPACE)
		return false;
	mprotect(p, 1ull << order, PROT_READ | PROT_WRITE); /* it may have been code */
	madvise(p, 1ull << order, MADV_REMOVE);
	lock();
	/* More than there is room for are not used again. */
	if (shared->nr_pages_free[order] < ARRAY_SIZE(shared->pages_free[order]))
		shared->pages_free[order][shared->nr_pages_free[order]++] = p;
	unlock();
	return true;
}

static void *take(size_t size)
{
	u32 order = order_of(size + sizeof(struct header), LEAST_ORDER);
	struct header *header;

	if (order >= ORDERS)
		return NULL;
	lock();
	header = (struct header *)shared->free[order];
	if (header)
		shared->free[order] = shared->free[order]->next;
	else
		header = cut(order);
	unlock();
	if (!header)
		return NULL;
	*header = (struct header){.order = order, .size = size};
	return header + 1;
}

static void give(void *p)
{
	struct header *header = (struct header *)p - 1;
	struct block *block = (struct block *)header;
	u32 order = header->order;

	lock();
	block->next = shared->free[order];
	shared->free[order] = block;
	unlock();
}

static void *shared_realloc(void *ctx __unused, void *p, size_t size)
{
	struct header *header = (struct header *)p - 1;
	void *new;

	if (!size) {
		if (p)
			give(p);
		return NULL;
	}
	if (p && size + sizeof(*header) <= 1ull << header->order) {
		header->size = size;
		return p;
	}
	new = take(size);
	if (new &&p) {
		memcpy(new, p, header->size < size ? header->size : size);
		give(p);
	}
	return new;
}

const struct mem mem_shared = {.realloc = shared_realloc};
