/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PERCPU_HASH. Values lie behind the elements, one array per
 * CPU. Updates write in place, under the bucket's lock against a deletion.
 */
#include "map/hash.h"

#include <string.h>

static int percpu_hash_init(struct map *map, const union bpf_attr *attr)
{
	return hash_init_sized(hash_map_of(map), 0, attr->max_entries, 0);
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
	seq = hash_lock(b);
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

static int percpu_hash_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct hash_map *h = hash_map_of(map);
	struct hash_bucket *b = hash_bucket(h, hash_of_key(h, key));
	u32 seq, at;

	do {
		seq = hash_read_begin(b);
		at = hash_find(h, key);
		if (!at)
			return -ENOENT;
		map_copy_percpu_out(map, value, hash_percpu_value(h, at, 0), h->cpu_stride);
	} while (!hash_read_ok(b, seq));
	return 0;
}

static int percpu_hash_read_and_delete(struct map *map, const void *key, void *value,
				       u64 flags __unused)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_lock(b);
	u32 at = hash_find_locked(h, b, hash, key);

	if (at) {
		map_copy_percpu_out(map, value, hash_percpu_value(h, at, 0), h->cpu_stride);
		hash_unlink(h, b, at);
	}
	hash_unlock(b, seq, at);
	if (!at)
		return -ENOENT;
	hash_push_free(h, map_this_cpu(map), at);
	return 0;
}

const struct map_ops map_ops_percpu_hash = {
	.type = BPF_MAP_TYPE_PERCPU_HASH,
	.percpu = true,
	.size = sizeof(struct hash_map),
	.check = hash_check,
	.init = percpu_hash_init,
	.exit = hash_exit,
	.lookup = percpu_hash_lookup,
	.update = percpu_hash_update,
	.delete = hash_delete,
	.read = percpu_hash_read,
	.write = percpu_hash_write,
	.next_key = hash_next_key,
	.read_and_delete = percpu_hash_read_and_delete,
	.for_each = hash_for_each,
	.mem_usage = hash_mem_usage,
};
