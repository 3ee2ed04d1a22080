/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY: one queue of records per CPU, all in one
 * region that is there once a consumer has opened them. A record is a header
 * with its size and the bytes, rounded up to 8, never across the queue's end:
 * what does not fit there is marked to be passed over. Positions only grow.
 *
 * Elements cannot be set through bpf(): there are no perf event descriptors.
 */
#include "map/ringbuf.h"

#include <string.h>

#include "map/types.h"

#define SKIP_TO_END UINT32_MAX

struct perf_record {
	u32 size;
	u32 pad;
};

struct perf_queue {
	_Alignas(64) struct spinlock lock; /* of producers: programs may name any CPU */
	_Atomic u64 written;
	_Atomic u64 lost;
	_Alignas(64) _Atomic u64 consumed;
};

/* The region's start; the queues' bytes follow, .size each. */
struct perf_queues {
	size_t region_size;
	u64 size; /* a power of two */
	_Atomic u32 wakeups;
	_Atomic u32 waiters;
	struct perf_queue queue[];
};

struct perf_array {
	struct map map;
	_Atomic(struct perf_queues *) queues; /* NULL until opened */
};

static struct perf_array *perf_array_of(struct map *map)
{
	return container_of(map, struct perf_array, map);
}

static struct perf_queues *queues_of(struct map *map)
{
	return atomic_load_explicit(&perf_array_of(map)->queues, memory_order_acquire);
}

static size_t header_size(u32 cpus)
{
	return ROUND_UP(sizeof(struct perf_queues) + cpus * sizeof(struct perf_queue),
			os_page_size());
}

static u8 *queue_data(struct map *map, struct perf_queues *queues, u32 cpu)
{
	return (u8 *)queues + header_size(map_nr_cpus(map)) + cpu * queues->size;
}

static int perf_array_init(struct map *map __unused, const union bpf_attr *attr __unused)
{
	return 0;
}

static void perf_array_exit(struct map *map)
{
	struct perf_queues *queues = queues_of(map);

	if (queues)
		os_pages_free(queues, queues->region_size);
}

int perf_array_open(struct map *map, u32 pages)
{
	u32 cpus = map_nr_cpus(map);
	struct perf_queues *queues, *none = NULL;
	size_t size = pages * os_page_size();
	size_t region = header_size(cpus) + cpus * size;

	if (!pages || (pages & (pages - 1)))
		return -EINVAL;
	queues = os_pages_alloc(region);
	if (!queues)
		return -ENOMEM;
	queues->region_size = region;
	queues->size = size;
	if (!atomic_compare_exchange_strong(&perf_array_of(map)->queues, &none, queues)) {
		os_pages_free(queues, region);
		return -EBUSY;
	}
	return 0;
}

/* Where the record goes, with @pos moved past what is left unused before it; NULL: no room. */
static struct perf_record *find_room(struct perf_queues *queues, struct perf_queue *queue, u8 *data,
				     u64 need, u64 *pos)
{
	u64 consumed = atomic_load_explicit(&queue->consumed, memory_order_acquire);
	u64 at = *pos & (queues->size - 1);
	u64 skip = at + need > queues->size ? queues->size - at : 0;

	if (need > queues->size || *pos + skip + need - consumed > queues->size)
		return NULL;
	if (skip)
		((struct perf_record *)(void *)(data + at))->size = SKIP_TO_END;
	*pos += skip;
	return (struct perf_record *)(void *)(data + (*pos & (queues->size - 1)));
}

static void wake(struct perf_queues *queues)
{
	atomic_fetch_add(&queues->wakeups, 1);
	if (atomic_load(&queues->waiters))
		os_wake(&queues->wakeups);
}

int perf_array_output(struct map *map, u32 cpu, const void *a, u64 a_size, const void *b,
		      u64 b_size)
{
	struct perf_queues *queues = queues_of(map);
	struct perf_queue *queue;
	struct perf_record *rec = NULL;
	u64 pos, need;

	if (cpu >= map->desc.max_entries)
		return -E2BIG;
	if (!queues || cpu >= map_nr_cpus(map))
		return -ENOENT;
	queue = &queues->queue[cpu];
	spin_lock(&queue->lock);
	pos = atomic_load_explicit(&queue->written, memory_order_relaxed);
	if (a_size <= queues->size && b_size <= queues->size) {
		need = ROUND_UP(sizeof(*rec) + a_size + b_size, 8u);
		rec = find_room(queues, queue, queue_data(map, queues, cpu), need, &pos);
	}
	if (rec) {
		rec->size = (u32)(a_size + b_size);
		if (a_size)
			memcpy(rec + 1, a, a_size);
		if (b_size)
			memcpy((u8 *)(rec + 1) + a_size, b, b_size);
		atomic_store(&queue->written, pos + need);
	} else {
		atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
	}
	spin_unlock(&queue->lock);
	if (!rec)
		return -ENOSPC;
	wake(queues);
	return 0;
}

int perf_array_consume(struct map *map, u32 cpu,
		       int (*fn)(void *arg, u32 cpu, const void *data, u32 size), void *arg,
		       u64 *lost)
{
	struct perf_queues *queues = queues_of(map);
	struct perf_queue *queue;
	u64 pos;
	int n = 0, ret = 0;

	if (!queues || cpu >= map_nr_cpus(map))
		return -ENOENT;
	queue = &queues->queue[cpu];
	pos = atomic_load_explicit(&queue->consumed, memory_order_relaxed);
	while (!ret && pos != atomic_load_explicit(&queue->written, memory_order_acquire)) {
		u64 at = pos & (queues->size - 1);
		struct perf_record *rec =
			(struct perf_record *)(void *)(queue_data(map, queues, cpu) + at);

		if (rec->size == SKIP_TO_END) {
			pos += queues->size - at;
			continue;
		}
		n++;
		ret = fn(arg, cpu, rec + 1, rec->size);
		pos += ROUND_UP(sizeof(*rec) + (u64)rec->size, 8u);
		atomic_store_explicit(&queue->consumed, pos, memory_order_release);
	}
	if (lost)
		*lost += atomic_exchange_explicit(&queue->lost, 0, memory_order_relaxed);
	return ret < 0 ? ret : n;
}

static bool any_written(struct map *map, struct perf_queues *queues)
{
	for (u32 cpu = 0; cpu < map_nr_cpus(map); cpu++) {
		struct perf_queue *queue = &queues->queue[cpu];

		if (atomic_load(&queue->written) != atomic_load(&queue->consumed))
			return true;
	}
	return false;
}

int perf_array_wait(struct map *map, int timeout_ms)
{
	struct perf_queues *queues = queues_of(map);
	struct map_wait wait;
	int ready;

	if (!queues)
		return -ENOENT;
	map_wait_begin(&wait, &queues->wakeups, &queues->waiters, timeout_ms);
	do {
		map_wait_look(&wait);
		ready = any_written(map, queues);
	} while (!ready && map_wait_sleep(&wait));
	map_wait_end(&wait);
	return ready;
}

static int perf_array_write(struct map *map, const void *key, const void *value __unused, u64 flags)
{
	if (flags != BPF_ANY)
		return -EINVAL;
	/* No handle is a perf event, and Linux's answer to those that are not is this. */
	return get_u32(key) < map->desc.max_entries ? -EBADF : -E2BIG;
}

static int perf_array_delete(struct map *map, const void *key)
{
	return get_u32(key) < map->desc.max_entries ? -ENOENT : -E2BIG;
}

static u64 perf_array_mem_usage(const struct map *map)
{
	struct perf_queues *queues =
		atomic_load(&((const struct perf_array *)(const void *)map)->queues);

	return sizeof(struct perf_array) + (queues ? queues->region_size : 0);
}

const struct map_ops map_ops_perf_event_array = {
	.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	.size = sizeof(struct perf_array),
	.check = handle_array_check,
	.check_btf = map_check_no_btf,
	.init = perf_array_init,
	.exit = perf_array_exit,
	.delete = perf_array_delete,
	.write = perf_array_write,
	.next_key = array_next_key,
	.mem_usage = perf_array_mem_usage,
};
