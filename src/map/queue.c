/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK: values without keys, pushed at one
 * end and taken from the other or the same one.
 *
 * Region: struct queue_shared and a ring of slots, one more than the map has
 * entries, so that a push into a full map that gives up the oldest value also
 * finds a free slot. Both ends are one word: every change is the single store
 * of it, under the lock, and a value is in place before it is in the queue.
 */
#include <string.h>

#include "map/types.h"

#define QUEUE_FLAGS (BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)

/* Slots of the oldest value and of the next push; equal when there are none. */
struct ends {
	u32 oldest, next;
};

struct queue_shared {
	struct spinlock lock;
	_Atomic u64 ends; /* struct ends */
	_Alignas(MAP_CACHE_LINE) u8 slots[];
};

struct queue_map {
	struct map map;
	struct queue_shared *shared; /* the region */
	u64 nr_slots;
	u32 stride;
	size_t size; /* of the region */
};

static struct queue_map *queue_of(struct map *map)
{
	return container_of(map, struct queue_map, map);
}

static int queue_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size || !attr->value_size ||
	    !map_flags_ok(attr, QUEUE_FLAGS))
		return -EINVAL;
	return attr->value_size > MAP_KMALLOC_MAX ? -E2BIG : 0;
}

static int queue_init(struct map *map, const union bpf_attr *attr)
{
	struct queue_map *q = queue_of(map);

	q->nr_slots = attr->max_entries + 1ull;
	q->stride = map_value_stride(map);
	q->size = sizeof(struct queue_shared) + q->nr_slots * q->stride;
	q->shared = map_pages_alloc(map, q->size);
	return q->shared ? 0 : -ENOMEM;
}

static void queue_exit(struct map *map)
{
	struct queue_map *q = queue_of(map);

	os_pages_free(q->shared, q->size);
}

/* ---- the ring, under the lock ---- */

static struct ends ends_get(const struct queue_map *q)
{
	u64 word = atomic_load_explicit(&q->shared->ends, memory_order_relaxed);

	return (struct ends){(u32)(word >> 32), (u32)word};
}

static void ends_set(struct queue_map *q, struct ends e)
{
	u64 word = (u64)e.oldest << 32 | e.next;

	atomic_store_explicit(&q->shared->ends, word, memory_order_release);
}

static u32 slot_after(const struct queue_map *q, u32 slot)
{
	return slot + 1ull == q->nr_slots ? 0 : slot + 1;
}

static u32 slot_before(const struct queue_map *q, u32 slot)
{
	return slot ? slot - 1 : (u32)(q->nr_slots - 1);
}

static void *slot_value(const struct queue_map *q, u32 slot)
{
	return q->shared->slots + (u64)slot * q->stride;
}

/* ---- functions of the types ---- */

/* BPF_EXIST: a full map gives up its oldest value. */
static int queue_push(struct map *map, const void *value, u64 flags)
{
	struct queue_map *q = queue_of(map);
	struct ends e;
	int err = 0;

	if (flags != BPF_ANY && flags != BPF_EXIST)
		return -EINVAL;
	map_lock(&q->map, &q->shared->lock);
	e = ends_get(q);
	if (slot_after(q, e.next) != e.oldest || flags == BPF_EXIST) {
		u32 next = slot_after(q, e.next);

		sync_copy_to_shared(slot_value(q, e.next), value, map->desc.value_size);
		if (next == e.oldest)
			e.oldest = slot_after(q, e.oldest);
		e.next = next;
		ends_set(q, e);
	} else {
		err = -E2BIG;
	}
	map_unlock(&q->shared->lock);
	return err;
}

/* Copies the value at the end that the type takes from, zeros when there is none. */
static int get(struct queue_map *q, void *value, bool take)
{
	u32 size = q->map.desc.value_size;
	bool stack = q->map.desc.type == BPF_MAP_TYPE_STACK;
	struct ends e;
	u32 slot;

	map_lock(&q->map, &q->shared->lock);
	e = ends_get(q);
	if (e.oldest == e.next) {
		map_unlock(&q->shared->lock);
		memset(value, 0, size);
		return -ENOENT;
	}
	slot = stack ? slot_before(q, e.next) : e.oldest;
	sync_copy_from_shared(value, slot_value(q, slot), size);
	if (take && stack)
		e.next = slot;
	else if (take)
		e.oldest = slot_after(q, slot);
	if (take)
		ends_set(q, e);
	map_unlock(&q->shared->lock);
	return 0;
}

static int queue_peek(struct map *map, void *value)
{
	return get(queue_of(map), value, false);
}

static int queue_pop(struct map *map, void *value)
{
	return get(queue_of(map), value, true);
}

static int queue_read(struct map *map, const void *key __unused, void *value, u64 flags __unused)
{
	return queue_peek(map, value);
}

static int queue_write(struct map *map, const void *key __unused, const void *value, u64 flags)
{
	return queue_push(map, value, flags);
}

static int queue_read_and_delete(struct map *map, const void *key __unused, void *value,
				 u64 flags __unused)
{
	return queue_pop(map, value);
}

static int queue_delete(struct map *map __unused, const void *key __unused)
{
	return -EINVAL;
}

static int queue_next_key(struct map *map __unused, const void *key __unused, void *next __unused)
{
	return -EINVAL;
}

static u64 queue_mem_usage(const struct map *map)
{
	const struct queue_map *q = (const struct queue_map *)(const void *)map;

	return sizeof(*q) + q->size;
}

/* The one store of .ends was done, or it was not. */
static void queue_repair(struct map *map, u32 dead)
{
	struct queue_map *q = queue_of(map);

	if (map_lock_owner(&q->shared->lock) == dead)
		map_unlock(&q->shared->lock);
}

#define QUEUE_OPS(number)                                                                          \
	{                                                                                          \
		.type = (number), .size = sizeof(struct queue_map), .check = queue_check,          \
		.check_btf = map_check_no_btf, .init = queue_init, .exit = queue_exit,             \
		.push = queue_push, .pop = queue_pop, .peek = queue_peek, .delete = queue_delete,  \
		.read = queue_read, .write = queue_write, .next_key = queue_next_key,              \
		.read_and_delete = queue_read_and_delete, .mem_usage = queue_mem_usage,            \
		.repair = queue_repair,                                                            \
	}

const struct map_ops map_ops_queue = QUEUE_OPS(BPF_MAP_TYPE_QUEUE);
const struct map_ops map_ops_stack = QUEUE_OPS(BPF_MAP_TYPE_STACK);
