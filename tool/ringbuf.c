/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout is Linux's (Documentation/bpf/ringbuf.rst): a page with the
 * consumer's position, one with the producer's, then the data mapped twice, so
 * that a record is contiguous wherever it starts.
 */
#include "ringbuf.h"

#include <errno.h>
#include <string.h>

#include "base/os.h"

struct ring {
	u64 *consumer_pos;
	u8 *producer; /* page of the position, then the data twice */
	size_t page, size;
};

static int ring_map(const struct anybpf_map *map, struct ring *ring)
{
	struct engine *engine = map->object->ctx->engine;
	void *addr;
	int err;

	*ring = (struct ring){.page = os_page_size(), .size = anybpf_map_max_entries(map)};
	err = engine->ops->mmap(engine, anybpf_map_fd(map), 0, ring->page, false, &addr);
	if (err)
		return err;
	ring->consumer_pos = addr;
	err = engine->ops->mmap(engine, anybpf_map_fd(map), ring->page, ring->page + 2 * ring->size,
				false, &addr);
	if (err)
		engine->ops->munmap(engine, ring->consumer_pos, ring->page);
	else
		ring->producer = addr;
	return err;
}

static void ring_unmap(const struct anybpf_map *map, struct ring *ring)
{
	struct engine *engine = map->object->ctx->engine;

	engine->ops->munmap(engine, ring->consumer_pos, ring->page);
	engine->ops->munmap(engine, ring->producer, ring->page + 2 * ring->size);
}

int ring_each(const struct anybpf_map *map, void (*fn)(void *arg, struct ring_record record),
	      void *arg, u64 *count, struct err *err)
{
	struct ring ring;
	u64 at, end;
	int ret = ring_map(map, &ring);

	*count = 0;
	if (ret)
		return err_set(err, ret, "map '%s': cannot map it: %s", anybpf_map_name(map),
			       strerror(-ret));
	end = __atomic_load_n((u64 *)(void *)ring.producer, __ATOMIC_ACQUIRE);
	for (at = __atomic_load_n(ring.consumer_pos, __ATOMIC_ACQUIRE); at < end;) {
		const u8 *header = ring.producer + ring.page + (at & (ring.size - 1));
		u32 len = __atomic_load_n((const u32 *)(const void *)header, __ATOMIC_ACQUIRE);
		struct ring_record record = {
			.data = header + BPF_RINGBUF_HDR_SZ,
			.size = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT),
		};

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		at += ROUND_UP((u64)record.size + BPF_RINGBUF_HDR_SZ, 8);
		if (len & BPF_RINGBUF_DISCARD_BIT)
			continue;
		++*count;
		fn(arg, record);
	}
	ring_unmap(map, &ring);
	return 0;
}
