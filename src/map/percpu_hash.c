/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PERCPU_HASH and LRU_PERCPU_HASH. Values lie behind the
 * elements, one array per CPU. Updates write in place, under the bucket's lock
 * against a deletion.
 */
#include "map/hash.h"

#include <string.h>

static int percpu_hash_init(struct map *map, const union bpf_attr *attr)
{
	return hash_init(hash_map_of(map), attr->max_entries, 0);
}

static void *percpu_hash_lookup(struct map *map, const void *key, u32 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 at = hash_find(h, key);

	return at ? hash_percpu_value(h, at, cpu) : NULL;
}

static void zero_shared(void *shared, size_t size)
{
	for (u64 *at = shared; size; size -= 8)
		__atomic_store_n(at++, 0, __ATOMIC_RELAXED);
}

/* One CPU's copy for a program, all of them for user space (@cpu < 0). */
static void set_value(struct hash_map *h, u32 at, const void *value, s64 cpu, bool is_new)
{
	hash_drop_elem(h, at);
	if (cpu < 0) {
		map_copy_percpu_in(&h->map, hash_percpu_value(h, at, 0), h->cpu_stride, value);
		return;
	}
	for (u32 i = 0; is_new && i < map_nr_cpus(&h->map); i++)
		zero_shared(hash_percpu_value(h, at, i), map_value_stride(&h->map));
	map_copy_in(&h->map, hash_percpu_value(h, at, (u32)cpu), value, 0);
}

static int set(struct map *map, const void *key, const void *value, u64 flags, s64 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq, old, at;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	seq = hash_lock(h, b);
	at = old = hash_find_locked(h, b, hash, key);
	err = hash_check_flags(old, flags);
	if (!err && !old) {
		at = hash_pop_free(h, cpu < 0 ? map_this_cpu(map) : (u32)cpu);
		if (at)
			hash_fill_key(h, at, hash, key);
		else
			err = -E2BIG;
	}
	if (!err)
		set_value(h, at, value, cpu, !old);
	if (!err && !old)
		hash_link(h, b, at);
	hash_unlock(b, seq, !err && !old);
	return err;
}

static int percpu_hash_update(struct map *map, const void *key, const void *value, u64 flags,
			      u32 cpu)
{
	return set(map, key, value, flags, cpu);
}

static int percpu_hash_write(struct map *map, const void *key, const void *value, u64 flags)
{
	return set(map, key, value, flags, -1);
}

/* ---- LRU ---- */

static int lru_percpu_hash_init(struct map *map, const union bpf_attr *attr __unused)
{
	return hash_init_lru(hash_map_of(map));
}

static void *lru_percpu_hash_lookup(struct map *map, const void *key, u32 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 at = hash_find(h, key);

	if (!at)
		return NULL;
	lru_set_ref(hash_lru_node(h, at));
	return hash_percpu_value(h, at, cpu);
}

/* As set(), with the new element taken before the lock, as lru_hash.c says why. */
static int lru_set(struct map *map, const void *key, const void *value, u64 flags, s64 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq, old, at = 0;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (flags != BPF_EXIST) {
		at = lru_pop(h, cpu < 0 ? map_this_cpu(map) : (u32)cpu, hash);
		if (!at)
			return -ENOMEM;
		hash_fill_key(h, at, hash, key);
	}
	seq = hash_lock(h, b);
	old = hash_find_locked(h, b, hash, key);
	err = hash_check_flags(old, flags);
	if (!err && old) {
		lru_set_ref(hash_lru_node(h, old));
		set_value(h, old, value, cpu, false);
	} else if (!err) {
		set_value(h, at, value, cpu, true);
		hash_link(h, b, at);
	}
	hash_unlock(b, seq, !err && !old);
	if (at && (err || old))
		lru_push(h, at);
	return err;
}

static int lru_percpu_hash_update(struct map *map, const void *key, const void *value, u64 flags,
				  u32 cpu)
{
	return lru_set(map, key, value, flags, cpu);
}

static int lru_percpu_hash_write(struct map *map, const void *key, const void *value, u64 flags)
{
	return lru_set(map, key, value, flags, -1);
}

const struct map_ops map_ops_percpu_hash = {
	.type = BPF_MAP_TYPE_PERCPU_HASH,
	.batch = MAP_BATCH_HASH,
	.percpu = true,
	.size = sizeof(struct hash_map),
	.check = hash_check,
	.init = percpu_hash_init,
	.exit = hash_exit,
	.lookup = percpu_hash_lookup,
	.update = percpu_hash_update,
	.delete = hash_delete,
	.read = hash_read,
	.write = percpu_hash_write,
	.next_key = hash_next_key,
	.read_bucket = hash_read_bucket,
	.read_and_delete = hash_read_and_delete,
	.for_each = hash_for_each,
	.drop_fields = hash_drop_fields,
	.mem_usage = hash_mem_usage,
};

const struct map_ops map_ops_lru_percpu_hash = {
	.type = BPF_MAP_TYPE_LRU_PERCPU_HASH,
	.batch = MAP_BATCH_HASH,
	.percpu = true,
	.size = sizeof(struct hash_map),
	.check = hash_check,
	.init = lru_percpu_hash_init,
	.exit = hash_exit,
	.lookup = lru_percpu_hash_lookup,
	.update = lru_percpu_hash_update,
	.delete = hash_delete,
	.read = hash_read,
	.write = lru_percpu_hash_write,
	.next_key = hash_next_key,
	.read_bucket = hash_read_bucket,
	.read_and_delete = hash_read_and_delete,
	.for_each = hash_for_each,
	.drop_fields = hash_drop_fields,
	.mem_usage = hash_mem_usage,
};
