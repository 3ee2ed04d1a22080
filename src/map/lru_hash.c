/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_LRU_HASH: a hash that makes room by itself. An element is
 * taken before the bucket is locked, because to free one another bucket may
 * have to be locked.
 */
#include "map/hash.h"

static int lru_hash_init(struct map *map, const union bpf_attr *attr __unused)
{
	return hash_init_lru(hash_map_of(map));
}

static void *lru_hash_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct hash_map *h = hash_map_of(map);
	u32 at = hash_find(h, key);

	if (!at)
		return NULL;
	lru_set_ref(hash_lru_node(h, at));
	return hash_value(h, hash_elem(h, at));
}

static int lru_hash_update(struct map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 at, old, seq;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	at = lru_pop(h, cpu, hash);
	if (!at)
		return -ENOMEM;
	hash_fill_key(h, at, hash, key);
	map_copy_in(map, hash_value(h, hash_elem(h, at)), value, 0);
	seq = hash_lock(h, b);
	old = hash_find_locked(h, b, hash, key);
	err = hash_check_flags(old, flags);
	if (!err && old) {
		lru_set_ref(hash_lru_node(h, at));
		hash_replace(h, b, old, at);
	} else if (!err) {
		hash_link(h, b, at);
	}
	hash_unlock(b, seq, !err);
	if (err)
		lru_push(h, at);
	else if (old)
		hash_free_elem(h, old);
	return err;
}

static int lru_hash_write(struct map *map, const void *key, const void *value, u64 flags)
{
	return lru_hash_update(map, key, value, flags, map_this_cpu(map));
}

const struct map_ops map_ops_lru_hash = {
	.type = BPF_MAP_TYPE_LRU_HASH,
	.batch = MAP_BATCH_HASH,
	.size = sizeof(struct hash_map),
	.check = hash_check,
	.init = lru_hash_init,
	.exit = hash_exit,
	.lookup = lru_hash_lookup,
	.update = lru_hash_update,
	.delete = hash_delete,
	.read = hash_read,
	.write = lru_hash_write,
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
