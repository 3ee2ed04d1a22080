/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_HASH. One element per CPU is spare: an update of an existing
 * key takes it, fills it, puts it in the old element's place and keeps that
 * one as the next spare, so that updates work in a full map.
 *
 * BPF_F_NO_PREALLOC makes no difference: the region's pages are committed
 * when they are first touched anyway.
 */
#include "map/hash.h"

static int hash_map_init(struct map *map, const union bpf_attr *attr)
{
	return hash_init(hash_map_of(map), attr->max_entries, map_nr_cpus(map));
}

static void *hash_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct hash_map *h = hash_map_of(map);
	u32 at = hash_find(h, key);

	return at ? hash_value(h, hash_elem(h, at)) : NULL;
}

static void fill(struct hash_map *h, u32 at, u32 hash, const void *key, const void *value)
{
	hash_fill_key(h, at, hash, key);
	map_copy_in(&h->map, hash_value(h, hash_elem(h, at)), value, 0);
}

/* Under the bucket's lock; @old is what is there with the key, or 0. -EBUSY: no spare now. */
static inline int insert_or_replace(struct hash_map *h, struct hash_bucket *b, u32 seq, u32 old,
				    u32 hash, const void *key, const void *value, u32 cpu)
{
	u32 at = old ? hash_take_spare(h, &cpu) : hash_pop_free(h, cpu);

	if (!at) {
		hash_unlock(b, seq, false);
		return old ? -EBUSY : -E2BIG;
	}
	fill(h, at, hash, key, value);
	if (old)
		hash_replace(h, b, old, at);
	else
		hash_link(h, b, at);
	hash_unlock(b, seq, true);
	/* Only now, when readers can tell that it has left the chain. */
	if (old) {
		hash_drop_elem(h, old);
		hash_give_spare(h, cpu, old);
	}
	return 0;
}

static inline __attribute__((always_inline)) int
try_update(struct hash_map *h, u32 hash, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_lock(h, b), old = hash_find_locked(h, b, hash, key);
	int err = hash_check_flags(old, flags);

	if (!err && !(old && (flags & BPF_F_LOCK)))
		return insert_or_replace(h, b, seq, old, hash, key, value, cpu);
	/* BPF_F_LOCK: whoever holds the value's lock must find its element in the map. */
	if (!err)
		map_copy_in(&h->map, hash_value(h, hash_elem(h, old)), value, flags);
	hash_unlock(b, seq, false);
	return err;
}

/* Others have the spares for a moment; what the dead had is there again when they are swept. */
static __attribute__((noinline)) int update_again(struct hash_map *h, int err, u32 hash,
						  const void *key, const void *value, u64 flags,
						  u32 cpu)
{
	while (err == -EBUSY || err == -E2BIG) {
		bool swept = h->map.share && share_recover_soon(&h->map);

		if (err == -E2BIG && !swept)
			break;
		if (!swept)
			os_yield();
		err = try_update(h, hash, key, value, flags, cpu);
	}
	return err;
}

static int hash_update(struct map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	int err;

	if ((flags & MAP_FLAGS_UNLOCK) > BPF_EXIST || ((flags & BPF_F_LOCK) && !map_has_lock(map)))
		return -EINVAL;
	err = try_update(h, hash, key, value, flags, cpu);
	return likely(!err) ? 0 : update_again(h, err, hash, key, value, flags, cpu);
}

static int hash_write(struct map *map, const void *key, const void *value, u64 flags)
{
	return hash_update(map, key, value, flags, map_this_cpu(map));
}

const struct map_ops map_ops_hash = {
	.type = BPF_MAP_TYPE_HASH,
	.batch = MAP_BATCH_HASH,
	.size = sizeof(struct hash_map),
	.check = hash_check,
	.init = hash_map_init,
	.exit = hash_exit,
	.lookup = hash_lookup,
	.update = hash_update,
	.delete = hash_delete,
	.read = hash_read,
	.write = hash_write,
	.next_key = hash_next_key,
	.read_bucket = hash_read_bucket,
	.read_and_delete = hash_read_and_delete,
	.for_each = hash_for_each,
	.drop_fields = hash_drop_fields,
	.key_of = hash_key_of,
	.mem_usage = hash_mem_usage,
	.repair = hash_repair,
	.sweep = hash_sweep,
};
