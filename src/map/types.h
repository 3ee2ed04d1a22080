/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of map types share, and nobody else uses: the tables of
 * functions, limits that several types check, copying of values.
 */
#ifndef ANYBPF_MAP_TYPES_H
#define ANYBPF_MAP_TYPES_H

#include <errno.h>

#include "base/bytes.h"
#include "base/sync.h"
#include "map/map.h"
#include "map/share.h"

extern const struct map_ops map_ops_array;
extern const struct map_ops map_ops_percpu_array;
extern const struct map_ops map_ops_hash;
extern const struct map_ops map_ops_percpu_hash;
extern const struct map_ops map_ops_lru_hash;
extern const struct map_ops map_ops_lru_percpu_hash;
extern const struct map_ops map_ops_prog_array;
extern const struct map_ops map_ops_ringbuf;
extern const struct map_ops map_ops_perf_event_array;
extern const struct map_ops map_ops_queue;
extern const struct map_ops map_ops_stack;
extern const struct map_ops map_ops_bloom_filter;
extern const struct map_ops map_ops_lpm_trie;
extern const struct map_ops map_ops_array_of_maps;
extern const struct map_ops map_ops_hash_of_maps;
extern const struct map_ops map_ops_task_storage;
extern const struct map_ops map_ops_cgrp_storage;
extern const struct map_ops map_ops_sk_storage;
extern const struct map_ops map_ops_inode_storage;
extern const struct map_ops map_ops_cgroup_array;
extern const struct map_ops map_ops_cgroup_storage;
extern const struct map_ops map_ops_percpu_cgroup_storage;
extern const struct map_ops map_ops_devmap;
extern const struct map_ops map_ops_devmap_hash;
extern const struct map_ops map_ops_cpumap;
extern const struct map_ops map_ops_xskmap;
extern const struct map_ops map_ops_sockmap;
extern const struct map_ops map_ops_sockhash;
extern const struct map_ops map_ops_reuseport_array;
extern const struct map_ops map_ops_described;
extern const struct map_ops map_ops_arena;
extern const struct map_ops map_ops_stack_trace;
extern const struct map_ops map_ops_struct_ops;
extern const struct map_ops map_ops_user_ringbuf;
/* Whether the type can be described to the verifier. */
bool map_is_described(u32 type);

/* Flags that say who may read and write; allowed for most types. */
#define MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

/* Linux's bounds on x86_64: the largest kmalloc(), its element header, the largest per-CPU object.
 */
#define MAP_KMALLOC_MAX	 (4u << 20)
#define MAP_ELEM_HEADER	 48u
#define MAP_PERCPU_MAX	 32768u
#define MAP_CACHE_LINE	 64u
#define MAP_FLAGS_UNLOCK (~(u64)BPF_F_LOCK)

/* Whether all flags are known to the type and do not forbid programs everything. */
static inline bool map_flags_ok(const union bpf_attr *attr, u32 known)
{
	const u32 nobody = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	return !(attr->map_flags & ~known) && (attr->map_flags & nobody) != nobody;
}

/* Whether the map was asked to live on a certain NUMA node. */
static inline bool map_wants_node(const union bpf_attr *attr)
{
	return (attr->map_flags & BPF_F_NUMA_NODE) && attr->numa_node != (u32)-1;
}

static inline u32 map_nr_cpus(const struct map *map)
{
	return map->obj.host->env.nr_cpus;
}

/* For threads that run no program: which CPU's lists to use. Any number is right, this one is fast.
 */
static inline u32 map_this_cpu(const struct map *map)
{
	return os_current_cpu() % map_nr_cpus(map);
}

/*
 * Who we are in locks: see share.h. A map that is not shared needs no names.
 * 0 in a forked child that has never waited for a lock.
 */
static inline u32 map_user(const struct map *map)
{
	return likely(!map->share) ? 1 : share_user_known(map->share);
}

/* Locks in a map's memory. Who dies with one held is noticed by who waits for it. */
void map_lock_slow(struct map *map, struct spinlock *lock);

static inline bool map_trylock_as(struct spinlock *lock, u32 me)
{
	u32 nobody = 0;

	return atomic_compare_exchange_strong_explicit(&lock->locked, &nobody, me,
						       memory_order_acquire, memory_order_relaxed);
}

static inline void map_lock(struct map *map, struct spinlock *lock)
{
	u32 me = map_user(map);

	/* An exchange would put our name in place of another's; where there are none it is faster.
	 */
	if (unlikely(map->share ? !me || !map_trylock_as(lock, me) : !spin_trylock(lock)))
		map_lock_slow(map, lock);
}

static inline void map_unlock(struct spinlock *lock)
{
	spin_unlock(lock);
}

static inline u32 map_lock_owner(struct spinlock *lock)
{
	return atomic_load_explicit(&lock->locked, memory_order_acquire);
}

/* A turn of waiting for a lock that @owner has; @turns counts them from 0. */
void map_lock_wait(struct map *map, u32 owner, u32 *turns);

/* A map's memory: zeroed unless share_attached(). */
static inline void *map_pages_alloc(struct map *map, size_t size)
{
	return map->share ? share_pages(map, size) : os_pages_alloc(size);
}

static inline u32 map_value_stride(const struct map *map)
{
	return ROUND_UP(map->desc.value_size, 8u);
}

static inline bool map_has_lock(const struct map *map)
{
	return map->fields.mask & BTF_FIELD_SPIN_LOCK;
}

/*
 * Copies of one value between a caller's private memory and the region.
 * Special fields stay as they are in the region and are zero for the caller;
 * with BPF_F_LOCK the value's own bpf_spin_lock is held.
 */
void map_copy_special_in(struct map *map, void *shared, const void *value, u64 flags);
void map_copy_special_out(struct map *map, void *value, void *shared, u64 flags);

static inline void map_copy_in(struct map *map, void *shared, const void *value, u64 flags)
{
	u32 size = map->desc.value_size;

	if (unlikely(map->fields.mask))
		map_copy_special_in(map, shared, value, flags);
	else if (size == 8)
		__atomic_store_n((u64 *)shared, get_u64(value), __ATOMIC_RELAXED);
	else
		sync_copy_to_shared(shared, value, size);
}

static inline void map_copy_out(struct map *map, void *value, void *shared, u64 flags)
{
	if (unlikely(map->fields.mask))
		map_copy_special_out(map, value, shared, flags);
	else
		sync_copy_from_shared(value, shared, map->desc.value_size);
}

/* All CPUs' copies, which lie @cpu_stride bytes apart, to or from one buffer. */
void map_copy_percpu_in(struct map *map, void *first, size_t cpu_stride, const void *values);
void map_copy_percpu_out(struct map *map, void *values, void *first, size_t cpu_stride);

/*
 * Waiting for records: look, and sleep if there is none. Whoever adds one and
 * then counts .wakeups up and wakes is never missed.
 */
struct map_wait {
	_Atomic u32 *wakeups, *waiters;
	u32 seen;
	int timeout_ms;	  /* -1: for ever */
	int look_each_ms; /* whoever should wake us may be killed before; 0: that cannot be */
	u64 start_ns;
};

void map_wait_begin(struct map_wait *wait, _Atomic u32 *wakeups, _Atomic u32 *waiters,
		    int timeout_ms);
void map_wait_look(struct map_wait *wait);
/* False when the time is over. */
bool map_wait_sleep(struct map_wait *wait);
void map_wait_end(struct map_wait *wait);

/* Drops what special fields of some kinds hold in a value. */
void map_drop_kinds(struct map *map, void *value, u32 kinds);
/* All that they hold: the value is not the map's element any more. */
static inline void map_drop_fields(struct map *map, void *value)
{
	if (unlikely(map->fields.mask))
		map_drop_kinds(map, value, BTF_FIELDS_HOLDING);
}

/* Finds the special fields of the value's type; 0, -EOPNOTSUPP for kinds that are not here yet. */
int map_find_fields(struct map *map, struct err *err);

/* Linux's checks and iteration, which array, percpu_array and arrays of handles share. */
int array_check(const union bpf_attr *attr);
int handle_array_check(const union bpf_attr *attr);
int map_check_no_btf(const struct map *map, const struct btf *btf);
int array_check_btf(const struct map *map, const struct btf *btf);
int array_next_key(struct map *map, const void *key, void *next);

#endif
