/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterating over the elements of a map. Programs see copies of keys; values are
 * the map's own, which they may change, but of per-CPU maps: those are copies of
 * all CPUs' values, one behind the other. Hash tables are walked by buckets,
 * so that elements which come and go do not disturb the walk.
 */
#include <errno.h>
#include <string.h>

#include "hook/iter.h"
#include "map/map.h"
#include "object/prog.h"

struct elems {
	u8 *keys, *values; /* of a bucket; values are those that user space would get */
	u32 room, n, at;   /* elements */
	u32 bucket, index; /* the next bucket, or the next element of an array */
	bool started;
	u32 key_size, user_size;
};

static bool is_hash(const struct map *map)
{
	return map->ops->read_bucket != NULL;
}

static bool may_iterate(const struct map *map)
{
	switch (map->desc.type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return true;
	default:
		return false;
	}
}

/* What user space sees of a value: of per-CPU maps all copies. */
static u32 user_size(const struct map *map)
{
	u32 size = map->desc.value_size;

	return map->ops->percpu ? ROUND_UP(size, 8u) * map->obj.host->env.nr_cpus : size;
}

/* A program sees bytes: not of what only helpers may change. */
static int fits(const struct prog *prog, const struct iter_target *target)
{
	const struct map *map = map_of(target->obj);

	if (prog->max_rdonly_access > map->desc.key_size ||
	    prog->max_rdwr_access > user_size(map) || (map->fields.cnt && prog->max_rdwr_access))
		return -EACCES;
	return 0;
}

static int attach(struct host *host, const struct prog *prog, struct iter_target *target)
{
	struct object *obj;
	int err;

	if (!target->info.map.map_fd)
		return -EBADF;
	err = handle_get_kind(host, (int)target->info.map.map_fd, OBJECT_MAP, &obj);
	if (err)
		return err;
	target->obj = obj;
	err = may_iterate(map_of(obj)) ? fits(prog, target) : -EINVAL;
	if (err) {
		object_put(obj);
		target->obj = NULL;
	}
	return err;
}

static void fill_info(const struct iter_target *target, struct bpf_link_info *info)
{
	info->iter.map.map_id = target->obj->id;
}

/* ---- arrays ---- */

/* A copy of an element's value as user space gets it, for per-CPU maps. */
static int copy_value(struct iter *iter, struct map *map, const void *key)
{
	struct elems *elems = iter_state(iter);

	if (!elems->values) {
		elems->values = mem_zalloc(map->obj.host->mem, user_size(map));
		if (!elems->values)
			return -ENOMEM;
	}
	return map->ops->read(map, key, elems->values, 0);
}

static int next_of_array(struct iter *iter, struct map *map, u64 *args)
{
	struct elems *elems = iter_state(iter);
	int err;

	if (elems->started)
		elems->index++;
	elems->started = true;
	if (elems->index >= map->desc.max_entries)
		return 0;
	args[1] = ptr_to_u64(&elems->index);
	if (map->ops->percpu) {
		err = copy_value(iter, map, &elems->index);
		args[2] = ptr_to_u64(elems->values);
		return err ? err : 1;
	}
	args[2] = ptr_to_u64(map->ops->lookup(map, &elems->index, 0));
	return 1;
}

/* ---- hash tables ---- */

static int grow(const struct mem *mem, struct elems *elems, u32 n)
{
	mem_free(mem, elems->keys);
	mem_free(mem, elems->values);
	elems->room = 0;
	elems->keys = mem_zalloc_array(mem, n, elems->key_size);
	elems->values = mem_zalloc_array(mem, n, elems->user_size);
	if (!elems->keys || !elems->values)
		return -ENOMEM;
	elems->room = n;
	return 0;
}

/* The next bucket that has elements: how many, 0 at the end. */
static int next_bucket(struct map *map, struct elems *elems)
{
	for (;;) {
		s64 n = map->ops->read_bucket(map, &elems->bucket, elems->room, elems->keys,
					      elems->values, 0, false);
		int err;

		if (n < 0)
			return (int)n;
		if (n <= elems->room) {
			elems->n = (u32)n;
			elems->at = 0;
			elems->bucket += n > 0;
			return n > 0;
		}
		err = grow(map->obj.host->mem, elems, (u32)n);
		if (err)
			return err;
	}
}

static int next_of_hash(struct iter *iter, struct map *map, u64 *args)
{
	struct elems *elems = iter_state(iter);

	elems->key_size = map->desc.key_size;
	elems->user_size = user_size(map);
	for (;;) {
		u8 *key;
		void *value;
		int ret;

		if (elems->at == elems->n) {
			ret = next_bucket(map, elems);
			if (ret <= 0)
				return ret;
		}
		key = elems->keys + (size_t)elems->at * elems->key_size;
		value = elems->values + (size_t)elems->at * elems->user_size;
		elems->at++;
		if (!map->ops->percpu)
			value = map->ops->lookup(map, key, 0);
		/* Gone since the bucket was read. */
		if (!value)
			continue;
		args[1] = ptr_to_u64(key);
		args[2] = ptr_to_u64(value);
		return 1;
	}
}

static int next_elem(struct iter *iter, u64 *args)
{
	struct map *map = map_of(iter->target.obj);

	args[0] = ptr_to_u64(map);
	return is_hash(map) ? next_of_hash(iter, map, args) : next_of_array(iter, map, args);
}

static void close_elems(struct iter *iter)
{
	struct elems *elems = iter_state(iter);
	const struct mem *mem = iter->stream.obj.host->mem;

	mem_free(mem, elems->keys);
	mem_free(mem, elems->values);
}

const struct iter_source iter_source_bpf_map_elem = {
	.name = "bpf_map_elem",
	.nargs = 3,
	.attach = attach,
	.fits = fits,
	.fill_info = fill_info,
	.state_size = sizeof(struct elems),
	.next = next_elem,
	.close = close_elems,
};
