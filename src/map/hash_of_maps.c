/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_HASH_OF_MAPS: a hash table whose values are the ids of maps. The
 * maps themselves, with references, are in a table of this process beside it,
 * by number of element. Only user space changes it.
 *
 * An entry of the table changes under the bucket's lock, and a reader takes it
 * for the key's only if the bucket has not changed meanwhile.
 */
#include "map/hash.h"
#include "map/inner.h"

#define READ_TRIES 16

struct hash_of_maps {
	struct hash_map hash;
	struct inner_model model;
	_Atomic(struct map *) *inner;
};

static struct hash_of_maps *hash_of_maps_of(struct map *map)
{
	return container_of(hash_map_of(map), struct hash_of_maps, hash);
}

static int hash_of_maps_check(const union bpf_attr *attr)
{
	return attr->value_size == sizeof(u32) ? hash_check(attr) : -EINVAL;
}

static size_t table_size(const struct hash_of_maps *m)
{
	return ROUND_UP((m->hash.nr_elems + 1ull) * sizeof(*m->inner), os_page_size());
}

static int hash_of_maps_init(struct map *map, const union bpf_attr *attr)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	int err = inner_model_init(&m->model, map, (int)attr->inner_map_fd);

	if (err)
		return err;
	err = hash_init(&m->hash, attr->max_entries, 0);
	if (err)
		goto model;
	m->inner = os_pages_alloc(table_size(m));
	if (m->inner)
		return 0;
	err = -ENOMEM;
	hash_exit(map);
model:
	inner_model_exit(&m->model);
	return err;
}

static void hash_of_maps_exit(struct map *map)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	u32 fresh = atomic_load_explicit(&m->hash.shared->fresh, memory_order_relaxed);

	for (u32 i = 1; i < fresh; i++)
		inner_drop(atomic_load_explicit(&m->inner[i], memory_order_relaxed));
	os_pages_free(m->inner, table_size(m));
	hash_exit(map);
	inner_model_exit(&m->model);
}

static struct map *inner_at(struct hash_of_maps *m, u32 at)
{
	return at ? atomic_load_explicit(&m->inner[at], memory_order_acquire) : NULL;
}

/* What a program gets is the map. */
static void *hash_of_maps_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	u32 hash = hash_of_key(&m->hash, key), seq;
	struct hash_bucket *b = hash_bucket(&m->hash, hash);
	struct map *inner;

	for (u32 i = 0; i < READ_TRIES; i++) {
		seq = hash_read_begin(b);
		inner = inner_at(m, hash_find(&m->hash, key));
		if (hash_read_ok(b, seq))
			return inner;
	}
	seq = hash_lock(&m->hash, b);
	inner = inner_at(m, hash_find_locked(&m->hash, b, hash, key));
	hash_unlock(b, seq, false);
	return inner;
}

/* Under the bucket's lock: the table, and the id that user space reads. What was there before. */
static struct map *set(struct hash_of_maps *m, u32 at, struct map *inner)
{
	struct hash_map *h = &m->hash;

	map_copy_in(&h->map, hash_value(h, hash_elem(h, at)), &inner->obj.id, 0);
	return atomic_exchange(&m->inner[at], inner);
}

static int put(struct map *map, const void *key, struct map *inner, u64 flags)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	struct hash_map *h = &m->hash;
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	struct map *before = NULL;
	u32 seq, old, at;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	seq = hash_lock(h, b);
	at = old = hash_find_locked(h, b, hash, key);
	err = hash_check_flags(old, flags);
	if (!err && !old) {
		at = hash_pop_free(h, map_this_cpu(map));
		if (at)
			hash_fill_key(h, at, hash, key);
		else
			err = -E2BIG;
	}
	if (!err)
		before = set(m, at, inner);
	if (!err && !old)
		hash_link(h, b, at);
	hash_unlock(b, seq, !err && !old);
	inner_put(before);
	return err;
}

/* The value is a map's handle. */
static int hash_of_maps_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct map *inner;
	int err = inner_get(&hash_of_maps_of(map)->model, map, (int)get_u32(value), &inner);

	if (err)
		return err;
	err = put(map, key, inner, flags);
	if (err)
		object_put(&inner->obj);
	return err;
}

static int hash_of_maps_delete(struct map *map, const void *key)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	struct hash_map *h = &m->hash;
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	struct map *before = NULL;
	u32 seq = hash_lock(h, b);
	u32 at = hash_find_locked(h, b, hash, key);

	if (at) {
		hash_unlink(h, b, at);
		before = atomic_exchange(&m->inner[at], NULL);
	}
	hash_unlock(b, seq, at);
	if (!at)
		return -ENOENT;
	hash_free_elem(h, at);
	inner_put(before);
	return 0;
}

static s64 hash_of_maps_read_bucket(struct map *map, u32 *bucket, u32 room, void *keys,
				    void *values, u64 flags, bool take)
{
	struct hash_of_maps *m = hash_of_maps_of(map);
	u32 taken = 0;
	s64 n = hash_batch_bucket(&m->hash, bucket, room, keys, values, flags,
				  take ? &taken : NULL);

	while (taken) {
		u32 at = taken;
		struct map *before = atomic_exchange(&m->inner[at], NULL);

		taken = hash_taken_next(&m->hash, at);
		hash_free_elem(&m->hash, at);
		inner_put(before);
	}
	return n;
}

static u64 hash_of_maps_mem_usage(const struct map *map)
{
	return hash_mem_usage(map) + sizeof(struct hash_of_maps) - sizeof(struct hash_map) +
	       map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_hash_of_maps = {
	.type = BPF_MAP_TYPE_HASH_OF_MAPS,
	.batch = MAP_BATCH_HASH,
	.size = sizeof(struct hash_of_maps),
	.check = hash_of_maps_check,
	.check_btf = map_check_no_btf,
	.init = hash_of_maps_init,
	.exit = hash_of_maps_exit,
	.lookup = hash_of_maps_lookup,
	.delete = hash_of_maps_delete,
	.read = hash_read,
	.write = hash_of_maps_write,
	.next_key = hash_next_key,
	.read_bucket = hash_of_maps_read_bucket,
	.mem_usage = hash_of_maps_mem_usage,
};
