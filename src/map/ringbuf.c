/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_RINGBUF. The region is pages: one of our own, the consumer's
 * position, the producers' position, then the data twice in a row, which is
 * one memory: a record that passes the end is still contiguous.
 *
 * A record is a header (length with busy and discard bits; distance in pages
 * from the region's start and, in the highest byte, who reserved it) and the payload, rounded up to
 * 8 bytes. Producers reserve under the lock, fill without it, and commit by taking the busy bit
 * away; the consumer stops at the first busy record. Positions only grow.
 *
 * What a producer that died has reserved is discarded by whoever finds it in
 * its way: a producer that lacks room, a consumer that comes to it.
 *
 * The consumer's position may be user space's to write: nothing but the space
 * that producers see depends on it.
 */
#include "map/ringbuf.h"

#include <string.h>

#include "map/types.h"

#define RECORD_MAX     (UINT32_MAX / 4)
#define SHARED_LOOK_MS 50

/* The first page. */
struct ringbuf_shared {
	u64 mask; /* bytes of data - 1 */
	u32 page_shift;
	struct spinlock lock; /* of producers */
	_Atomic u32 wakeups;  /* counts them; waiters sleep on it */
	_Atomic u32 waiters;
};

struct ringbuf_positions {
	_Atomic u64 at;
	_Atomic u64 pending; /* producers' page: oldest record that may still be busy */
};

struct record {
	_Atomic u32 len;
	u32 page_off; /* and the producer: PAGE_OFF(), PRODUCER() */
};

/* Of at most 2^31 bytes of data, twice, in pages of at least 4096. */
#define PRODUCER_SHIFT 24
#define PAGE_OFF(word) ((word) & ((1u << PRODUCER_SHIFT) - 1))
#define PRODUCER(word) ((word) >> PRODUCER_SHIFT)

struct ringbuf {
	struct map map;
	struct ringbuf_shared *shared;
	struct ringbuf_positions *consumer, *producer;
	u8 *data;
	size_t size; /* of the region, with the second view */
};

static struct ringbuf *ringbuf_of(struct map *map)
{
	return container_of(map, struct ringbuf, map);
}

static int ringbuf_check(const union bpf_attr *attr)
{
	u32 size = attr->max_entries;

	if ((attr->map_flags & ~(u32)BPF_F_NUMA_NODE) || attr->key_size || attr->value_size)
		return -EINVAL;
	if (!size || (size & (size - 1)) || size % os_page_size())
		return -EINVAL;
	return 0;
}

static int ringbuf_init(struct map *map, const union bpf_attr *attr)
{
	struct ringbuf *rb = ringbuf_of(map);
	size_t page = os_page_size();
	u8 *start = map->share ? share_pages_mirrored(map, 3 * page, attr->max_entries)
			       : os_pages_alloc_mirrored(3 * page, attr->max_entries);

	if (!start)
		return -ENOMEM;
	rb->shared = (struct ringbuf_shared *)(void *)start;
	if (!share_attached(map)) {
		rb->shared->mask = attr->max_entries - 1;
		rb->shared->page_shift = (u32)__builtin_ctzl(page);
	}
	rb->consumer = (struct ringbuf_positions *)(void *)(start + page);
	rb->producer = (struct ringbuf_positions *)(void *)(start + 2 * page);
	rb->data = start + 3 * page;
	rb->size = 3 * page + 2 * (size_t)attr->max_entries;
	return 0;
}

static void ringbuf_exit(struct map *map)
{
	struct ringbuf *rb = ringbuf_of(map);

	os_pages_free(rb->shared, rb->size);
}

static struct record *record_at(const struct ringbuf *rb, u64 pos)
{
	return (struct record *)(void *)(rb->data + (pos & rb->shared->mask));
}

/* Bytes that a record with this length field takes. */
static u64 record_size(u32 len)
{
	return ROUND_UP((u64)(len & ~(u32)BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ, 8u);
}

static u64 pending_at(const struct ringbuf *rb)
{
	return atomic_load_explicit(&rb->producer->pending, memory_order_relaxed);
}

/* Passes over what has been committed since; the caller holds the lock. */
static u64 advance_pending(struct ringbuf *rb, u64 end)
{
	u64 pos = pending_at(rb);

	while (pos < end) {
		u32 len = atomic_load_explicit(&record_at(rb, pos)->len, memory_order_acquire);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		pos += record_size(len);
	}
	atomic_store_explicit(&rb->producer->pending, pos, memory_order_relaxed);
	return pos;
}

static void *reserve_locked(struct ringbuf *rb, u32 size)
{
	u64 consumed = atomic_load_explicit(&rb->consumer->at, memory_order_acquire);
	u64 start = atomic_load_explicit(&rb->producer->at, memory_order_relaxed);
	u64 end = start + record_size(size);
	u64 pending = advance_pending(rb, start);
	struct record *rec;

	/* One byte stays free, and no record overtakes one that is still being written. */
	if (end - consumed > rb->shared->mask || end - pending > rb->shared->mask)
		return NULL;
	rec = record_at(rb, start);
	rec->page_off = (u32)((uintptr_t)((u8 *)rec - (u8 *)rb->shared) >> rb->shared->page_shift) |
			map_user(&rb->map) << PRODUCER_SHIFT;
	atomic_store_explicit(&rec->len, size | BPF_RINGBUF_BUSY_BIT, memory_order_relaxed);
	atomic_store_explicit(&rb->producer->at, end, memory_order_release);
	return rec + 1;
}

/*
 * Whether the record at a position was in the way, its producer having died: it
 * is not any more. Position and record may be old: then somebody is looked for
 * in vain.
 */
static bool died_at(struct ringbuf *rb, u64 pos)
{
	struct record *rec = record_at(rb, pos);

	return pos != atomic_load_explicit(&rb->producer->at, memory_order_acquire) &&
	       (atomic_load_explicit(&rec->len, memory_order_acquire) & BPF_RINGBUF_BUSY_BIT) &&
	       share_recover_soon(&rb->map);
}

void *ringbuf_reserve(struct map *map, u64 size)
{
	struct ringbuf *rb = ringbuf_of(map);
	void *payload;

	if (size > RECORD_MAX || record_size((u32)size) > rb->shared->mask + 1)
		return NULL;
	map_lock(map, &rb->shared->lock);
	payload = reserve_locked(rb, (u32)size);
	map_unlock(&rb->shared->lock);
	if (unlikely(!payload && map->share && died_at(rb, pending_at(rb))))
		return ringbuf_reserve(map, size);
	return payload;
}

/* Sequentially consistent against ringbuf_wait(): the waiter sees the record or we see it wait. */
static void wake(struct ringbuf_shared *shared)
{
	atomic_fetch_add(&shared->wakeups, 1);
	if (atomic_load(&shared->waiters))
		os_wake(&shared->wakeups);
}

void ringbuf_commit(void *payload, u64 flags, bool discard)
{
	struct record *rec = (struct record *)payload - 1;
	size_t page = os_page_size();
	u8 *start = (u8 *)((uintptr_t)rec & ~(page - 1)) - PAGE_OFF(rec->page_off) * page;
	struct ringbuf_shared *shared = (struct ringbuf_shared *)(void *)start;
	struct ringbuf_positions *consumer = (struct ringbuf_positions *)(void *)(start + page);
	u32 len = atomic_load_explicit(&rec->len, memory_order_relaxed) ^ BPF_RINGBUF_BUSY_BIT;
	u64 pos = (u64)((u8 *)rec - (start + 3 * page));

	if (discard)
		len |= BPF_RINGBUF_DISCARD_BIT;
	/* Who wakes nobody need not see the consumer's position after the record. */
	if ((flags & (BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) == BPF_RB_NO_WAKEUP) {
		atomic_store_explicit(&rec->len, len, memory_order_release);
		return;
	}
	atomic_exchange(&rec->len, len);
	/* Only a consumer that has read everything before this record can be asleep. */
	if ((flags & BPF_RB_FORCE_WAKEUP) || (atomic_load(&consumer->at) & shared->mask) == pos)
		wake(shared);
}

int ringbuf_output(struct map *map, const void *data, u64 size, u64 flags)
{
	void *payload;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return -EINVAL;
	payload = ringbuf_reserve(map, size);
	if (!payload)
		return -EAGAIN;
	memcpy(payload, data, size);
	ringbuf_commit(payload, flags, false);
	return 0;
}

static u64 available(struct ringbuf *rb)
{
	u64 consumed = atomic_load(&rb->consumer->at);

	return atomic_load(&rb->producer->at) - consumed;
}

u64 ringbuf_query(struct map *map, u64 what)
{
	struct ringbuf *rb = ringbuf_of(map);

	switch (what) {
	case BPF_RB_AVAIL_DATA:
		return available(rb);
	case BPF_RB_RING_SIZE:
		return rb->shared->mask + 1;
	case BPF_RB_CONS_POS:
		return atomic_load_explicit(&rb->consumer->at, memory_order_acquire);
	case BPF_RB_PROD_POS:
		return atomic_load_explicit(&rb->producer->at, memory_order_acquire);
	default:
		return 0;
	}
}

/* The next record's length field, 0 or -errno: what is mapped may have been written to. */
static int next_record(struct ringbuf *rb, u64 pos, u32 *len)
{
	u64 left = atomic_load_explicit(&rb->producer->at, memory_order_acquire) - pos;

	if (!left)
		return -ENODATA;
	if (pos % 8 || left > rb->shared->mask + 1)
		return -EINVAL;
	*len = atomic_load_explicit(&record_at(rb, pos)->len, memory_order_acquire);
	if (*len & BPF_RINGBUF_BUSY_BIT)
		return -ENODATA;
	return record_size(*len) > left ? -EINVAL : 0;
}

/* As that, without what the dead have left. */
static int next_whole(struct ringbuf *rb, u64 pos, u32 *len)
{
	int ret = next_record(rb, pos, len);

	while (ret == -ENODATA && rb->map.share && died_at(rb, pos))
		ret = next_record(rb, pos, len);
	return ret;
}

int ringbuf_consume(struct map *map, int (*fn)(void *arg, const void *data, u32 size), void *arg)
{
	struct ringbuf *rb = ringbuf_of(map);
	u64 pos = atomic_load_explicit(&rb->consumer->at, memory_order_relaxed);
	int n = 0, ret = 0;
	u32 len;

	while (!ret && !(ret = next_whole(rb, pos, &len))) {
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			ret = fn(arg, record_at(rb, pos) + 1, len);
			n++;
		}
		pos += record_size(len);
		/* Before the next look at the producers: one of them or we see the other. */
		atomic_store(&rb->consumer->at, pos);
	}
	return ret < 0 && ret != -ENODATA ? ret : n;
}

/* Waiters that die are not waiters any more; one counted too many is only woken in vain. */
static void count_wait(struct map *map, u32 one)
{
	if (map->share)
		atomic_fetch_add(&map->share->header->slot[share_user(map->share)].waits, one);
}

int ringbuf_wait(struct map *map, int timeout_ms)
{
	struct ringbuf *rb = ringbuf_of(map);
	struct map_wait wait;
	bool ready;

	map_wait_begin(&wait, &rb->shared->wakeups, &rb->shared->waiters, timeout_ms);
	wait.look_each_ms = map->share ? SHARED_LOOK_MS : 0;
	count_wait(map, 1);
	do {
		map_wait_look(&wait);
		ready = available(rb);
	} while (!ready && map_wait_sleep(&wait));
	count_wait(map, -1u);
	map_wait_end(&wait);
	return ready;
}

/* Consumer's page, producers' page, data twice; only the first may be written. */
static int ringbuf_mmap(struct map *map, u64 offset, size_t size, bool writable, void **addr)
{
	struct ringbuf *rb = ringbuf_of(map);
	size_t page = (size_t)1 << rb->shared->page_shift, mappable = rb->size - page;

	if (writable && (offset || size != page))
		return -EPERM;
	if (offset > mappable || size > mappable - offset)
		return -EINVAL;
	*addr = (u8 *)rb->shared + page + offset;
	return 0;
}

/* ---- after the death of a user, see share.h ---- */

/* A record is there when the producers' position has moved, or it is not. */
static void ringbuf_repair(struct map *map, u32 dead)
{
	struct ringbuf *rb = ringbuf_of(map);

	if (map_lock_owner(&rb->shared->lock) == dead)
		map_unlock(&rb->shared->lock);
}

/* Discards what it reserved: nobody will commit that. */
static void ringbuf_sweep(struct map *map, u32 dead)
{
	struct ringbuf *rb = ringbuf_of(map);
	u64 pos, end;

	map_lock(map, &rb->shared->lock);
	end = atomic_load_explicit(&rb->producer->at, memory_order_relaxed);
	for (pos = pending_at(rb); pos < end;) {
		struct record *rec = record_at(rb, pos);
		u32 len = atomic_load_explicit(&rec->len, memory_order_acquire);
		u32 dropped = (len & ~(u32)BPF_RINGBUF_BUSY_BIT) | BPF_RINGBUF_DISCARD_BIT;

		if ((len & BPF_RINGBUF_BUSY_BIT) && PRODUCER(rec->page_off) == dead)
			atomic_store_explicit(&rec->len, dropped, memory_order_release);
		pos += record_size(dropped);
	}
	map_unlock(&rb->shared->lock);
	atomic_fetch_sub(&rb->shared->waiters,
			 atomic_exchange(&map->share->header->slot[dead].waits, 0));
	wake(rb->shared);
}

static u64 ringbuf_mem_usage(const struct map *map)
{
	return sizeof(struct ringbuf) + 3 * (u64)os_page_size() + map->desc.max_entries;
}

const struct map_ops map_ops_ringbuf = {
	.type = BPF_MAP_TYPE_RINGBUF,
	.size = sizeof(struct ringbuf),
	.check = ringbuf_check,
	.init = ringbuf_init,
	.exit = ringbuf_exit,
	.mmap = ringbuf_mmap,
	.mem_usage = ringbuf_mem_usage,
	.repair = ringbuf_repair,
	.sweep = ringbuf_sweep,
};
