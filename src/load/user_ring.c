/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The producer's side of user ring buffers, through the engine's mmap: the
 * layout is the kernel's (consumer page, producer page, data twice in a row).
 * What is mapped is trusted as far as the engine is: it writes the consumer's
 * position, and nobody else may.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/os.h"
#include "load/object.h"

#define HEADER_BITS ((u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

struct anybpf_user_ring {
	struct anybpf *ctx;
	int fd;
	u64 size; /* of the data, a power of two */
	size_t page;
	void *consumer, *producer; /* what is mapped */
};

struct sample_header {
	_Atomic u32 len;
	u32 unused;
};

static _Atomic u64 *position(void *page)
{
	return page;
}

static u8 *ring_data(const struct anybpf_user_ring *ring)
{
	return (u8 *)ring->producer + ring->page;
}

static size_t producer_size(const struct anybpf_user_ring *ring)
{
	return ring->page + 2 * ring->size;
}

static int map_pages(struct anybpf_user_ring *ring)
{
	struct engine *engine = ring->ctx->engine;
	int ret = engine->ops->mmap(engine, ring->fd, 0, ring->page, false, &ring->consumer);

	if (ret)
		return ret;
	ret = engine->ops->mmap(engine, ring->fd, ring->page, producer_size(ring), true,
				&ring->producer);
	if (ret)
		engine->ops->munmap(engine, ring->consumer, ring->page);
	return ret;
}

int anybpf_user_ring_new(const struct anybpf_map *map, struct anybpf_user_ring **out)
{
	struct anybpf *ctx = map->object->ctx;
	struct anybpf_user_ring *ring;
	int ret;

	if (map->spec->type != BPF_MAP_TYPE_USER_RINGBUF || map->fd < 0)
		return -EINVAL;
	ring = mem_zalloc(ctx->mem, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->ctx = ctx;
	ring->fd = map->fd;
	ring->size = map->max_entries;
	ring->page = os_page_size();
	ret = map_pages(ring);
	if (ret) {
		mem_free(ctx->mem, ring);
		return ret;
	}
	*out = ring;
	return 0;
}

void anybpf_user_ring_free(struct anybpf_user_ring *ring)
{
	struct engine *engine;

	if (!ring)
		return;
	engine = ring->ctx->engine;
	engine->ops->munmap(engine, ring->consumer, ring->page);
	engine->ops->munmap(engine, ring->producer, producer_size(ring));
	mem_free(ring->ctx->mem, ring);
}

int anybpf_user_ring_reserve(struct anybpf_user_ring *ring, uint32_t size, void **sample)
{
	u64 end = atomic_load_explicit(position(ring->producer), memory_order_relaxed);
	u64 begin = atomic_load_explicit(position(ring->consumer), memory_order_acquire);
	u64 total = ROUND_UP((u64)size + BPF_RINGBUF_HDR_SZ, 8u);
	struct sample_header *header;

	if (size & HEADER_BITS || total > ring->size)
		return -E2BIG;
	if (total > ring->size - (end - begin))
		return -ENOSPC;
	header = (struct sample_header *)(void *)(ring_data(ring) + (end & (ring->size - 1)));
	header->unused = 0;
	atomic_store_explicit(&header->len, size | BPF_RINGBUF_BUSY_BIT, memory_order_relaxed);
	atomic_store_explicit(position(ring->producer), end + total, memory_order_release);
	*sample = header + 1;
	return 0;
}

int anybpf_user_ring_reserve_wait(struct anybpf_user_ring *ring, uint32_t size, int timeout_ms,
				  void **sample)
{
	struct engine *engine = ring->ctx->engine;
	u64 start = os_clock_ns(CLOCK_MONOTONIC);

	for (;;) {
		int ret = anybpf_user_ring_reserve(ring, size, sample), left = -1;
		u64 ms = (os_clock_ns(CLOCK_MONOTONIC) - start) / 1000000;

		if (ret != -ENOSPC)
			return ret;
		if (timeout_ms >= 0 && ms >= (u64)timeout_ms)
			return -ETIMEDOUT;
		if (timeout_ms >= 0)
			left = timeout_ms - (int)ms;
		/* There may be room, but not for this one: then it is looked for again. */
		ret = engine->ops->poll(engine, ring->fd, left);
		if (ret < 0)
			return ret;
		if (ret)
			os_yield();
	}
}

static void commit(struct anybpf_user_ring *ring, void *sample, u32 bits)
{
	/* The sample may lie in the second view, its header at the end of the first. */
	struct sample_header *header = (struct sample_header *)sample - 1;
	u32 len = atomic_load_explicit(&header->len, memory_order_relaxed);

	(void)ring;
	atomic_store_explicit(&header->len, (len & ~HEADER_BITS) | bits, memory_order_release);
}

void anybpf_user_ring_submit(struct anybpf_user_ring *ring, void *sample)
{
	commit(ring, sample, 0);
}

void anybpf_user_ring_discard(struct anybpf_user_ring *ring, void *sample)
{
	commit(ring, sample, BPF_RINGBUF_DISCARD_BIT);
}
