/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_USER_RINGBUF: user space produces, programs consume. The region
 * is pages, as a ring buffer's: one of our own, the consumer's position, the
 * producer's, then the data twice in a row, which is one memory.
 *
 * The producer may be anybody and write anything at any time: its position and
 * each header are read once, and checked before they are used. Whatever they
 * are, nothing outside of the data is reached.
 */
#include "map/user_ringbuf.h"

#include "map/types.h"

#define WAKEUP_FLAGS (BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)
#define HEADER_BITS  ((u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))
#define SAMPLE_MAX   ((1u << 24) - 1) /* what a dynptr can hold */

/* The first page. */
struct user_ringbuf_shared {
	_Atomic u32 busy; /* somebody drains */
	_Atomic u32 wakeups;
	_Atomic u32 waiters;
};

struct user_ringbuf {
	struct map map;
	struct user_ringbuf_shared *shared;
	_Atomic u64 *consumed, *produced;
	u8 *data;
	u64 mask;    /* bytes of data - 1 */
	size_t size; /* of the region, with the second view */
};

struct sample {
	void *data;
	u32 size;
	u64 next; /* position behind it */
};

static struct user_ringbuf *ring_of(const struct map *map)
{
	return container_of(map, struct user_ringbuf, map);
}

static int user_ringbuf_check(const union bpf_attr *attr)
{
	u32 size = attr->max_entries;

	if ((attr->map_flags & ~(u32)BPF_F_NUMA_NODE) || attr->key_size || attr->value_size)
		return -EINVAL;
	if (!size || (size & (size - 1)) || size % os_page_size())
		return -EINVAL;
	return 0;
}

static int user_ringbuf_init(struct map *map, const union bpf_attr *attr)
{
	struct user_ringbuf *ring = ring_of(map);
	size_t page = os_page_size();
	u8 *start = os_pages_alloc_mirrored(3 * page, attr->max_entries);

	if (!start)
		return -ENOMEM;
	ring->shared = (struct user_ringbuf_shared *)(void *)start;
	ring->consumed = (_Atomic u64 *)(void *)(start + page);
	ring->produced = (_Atomic u64 *)(void *)(start + 2 * page);
	ring->data = start + 3 * page;
	ring->mask = attr->max_entries - 1;
	ring->size = 3 * page + 2 * (size_t)attr->max_entries;
	return 0;
}

static void user_ringbuf_exit(struct map *map)
{
	struct user_ringbuf *ring = ring_of(map);

	os_pages_free(ring->shared, ring->size);
}

/* ---- consuming ---- */

/* The sample at the consumer's position: 0, -ENODATA, -EAGAIN when it is to be left out. */
static int look(struct user_ringbuf *ring, struct sample *sample)
{
	u64 end = atomic_load_explicit(ring->produced, memory_order_acquire);
	u64 pos = atomic_load_explicit(ring->consumed, memory_order_relaxed);
	/* Nobody but programs writes the consumer's position; should somebody, it stays aligned. */
	u64 at = pos & ring->mask & ~7ull, total;
	u32 header, len;

	if (end % 8)
		return -EINVAL;
	if (pos >= end)
		return -ENODATA;
	header = atomic_load_explicit((_Atomic u32 *)(void *)(ring->data + at),
				      memory_order_acquire);
	len = header & ~HEADER_BITS;
	total = ROUND_UP((u64)len + BPF_RINGBUF_HDR_SZ, 8u);
	if (total > end - pos)
		return -EINVAL;
	if (total > ring->mask + 1 || len > SAMPLE_MAX)
		return -E2BIG;
	*sample = (struct sample){ring->data + at + BPF_RINGBUF_HDR_SZ, len, pos + total};
	if (header & BPF_RINGBUF_DISCARD_BIT)
		return -EAGAIN;
	return header & BPF_RINGBUF_BUSY_BIT ? -ENODATA : 0;
}

static void consume(struct user_ringbuf *ring, const struct sample *sample)
{
	/* Sequentially consistent against user_ringbuf_wait(). */
	atomic_store(ring->consumed, sample->next);
}

/* Looks at as many samples as Linux does, those that are left out among them. */
static long drain(struct user_ringbuf *ring, long (*fn)(void *arg, void *data, u32 size), void *arg,
		  u32 *looked_at)
{
	struct sample sample;
	long n = 0, stop = 0;

	while (*looked_at < USER_RINGBUF_MAX_SAMPLES && !stop) {
		int error = look(ring, &sample);

		if (error && error != -EAGAIN)
			return error == -ENODATA ? n : error;
		if (!error) {
			stop = fn(arg, sample.data, sample.size);
			n++;
		}
		consume(ring, &sample);
		++*looked_at;
	}
	return n;
}

static void wake(struct user_ringbuf_shared *shared)
{
	atomic_fetch_add(&shared->wakeups, 1);
	if (atomic_load(&shared->waiters))
		os_wake(&shared->wakeups);
}

long user_ringbuf_drain(struct map *map, u64 flags, long (*fn)(void *arg, void *data, u32 size),
			void *arg)
{
	struct user_ringbuf *ring = ring_of(map);
	u32 idle = 0, looked_at = 0;
	long n;

	if (flags & ~(u64)WAKEUP_FLAGS)
		return -EINVAL;
	if (!atomic_compare_exchange_strong(&ring->shared->busy, &idle, 1))
		return -EBUSY;
	n = drain(ring, fn, arg, &looked_at);
	atomic_store_explicit(&ring->shared->busy, 0, memory_order_release);
	if ((flags & BPF_RB_FORCE_WAKEUP) || (!(flags & BPF_RB_NO_WAKEUP) && looked_at))
		wake(ring->shared);
	return n;
}

/* ---- user space ---- */

static bool has_room(const struct user_ringbuf *ring)
{
	return atomic_load(ring->produced) - atomic_load(ring->consumed) < ring->mask + 1;
}

int user_ringbuf_wait(struct map *map, int timeout_ms)
{
	struct user_ringbuf *ring = ring_of(map);
	struct map_wait wait;
	bool ready;

	map_wait_begin(&wait, &ring->shared->wakeups, &ring->shared->waiters, timeout_ms);
	do {
		map_wait_look(&wait);
		ready = has_room(ring);
	} while (!ready && map_wait_sleep(&wait));
	map_wait_end(&wait);
	return ready;
}

/* Consumer's page, producer's page, data twice; all but the first may be written. */
static int user_ringbuf_mmap(struct map *map, u64 offset, size_t size, bool writable, void **addr)
{
	struct user_ringbuf *ring = ring_of(map);
	size_t page = os_page_size(), mappable = ring->size - page;

	if (writable && !offset)
		return -EPERM;
	if (offset > mappable || size > mappable - offset)
		return -EINVAL;
	*addr = (u8 *)ring->shared + page + offset;
	return 0;
}

static u64 user_ringbuf_mem_usage(const struct map *map)
{
	return sizeof(struct user_ringbuf) + 3 * (u64)os_page_size() + map->desc.max_entries;
}

const struct map_ops map_ops_user_ringbuf = {
	.type = BPF_MAP_TYPE_USER_RINGBUF,
	.size = sizeof(struct user_ringbuf),
	.check = user_ringbuf_check,
	.check_btf = map_check_no_btf,
	.init = user_ringbuf_init,
	.exit = user_ringbuf_exit,
	.mmap = user_ringbuf_mmap,
	.mem_usage = user_ringbuf_mem_usage,
};
