/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_ARRAY_OF_MAPS. The elements are pointers with references, so the
 * map belongs to one process. Only user space changes it.
 */
#include "map/inner.h"
#include "map/types.h"

struct array_of_maps {
	struct map map;
	struct inner_model model;
	_Atomic(struct map *) *inner; /* desc.max_entries of them, NULL where empty */
	struct spinlock lock;	      /* held by those who change or list elements */
	u32 used;		      /* indexes from here on have always been empty */
};

static struct array_of_maps *array_of(struct map *map)
{
	return container_of(map, struct array_of_maps, map);
}

static size_t table_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(_Atomic(struct map *)), os_page_size());
}

static int array_of_maps_init(struct map *map, const union bpf_attr *attr)
{
	struct array_of_maps *array = array_of(map);
	int err = inner_model_init(&array->model, map, (int)attr->inner_map_fd);

	if (err)
		return err;
	array->inner = os_pages_alloc(table_size(map));
	if (array->inner)
		return 0;
	inner_model_exit(&array->model);
	return -ENOMEM;
}

static void array_of_maps_exit(struct map *map)
{
	struct array_of_maps *array = array_of(map);

	for (u32 i = 0; i < array->used; i++)
		inner_drop(atomic_load_explicit(&array->inner[i], memory_order_relaxed));
	os_pages_free(array->inner, table_size(map));
	inner_model_exit(&array->model);
}

/* What a program gets is the map; NULL where there is none. */
static void *array_of_maps_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct array_of_maps *array = array_of(map);
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return NULL;
	return atomic_load_explicit(&array->inner[index], memory_order_acquire);
}

/* Puts @inner, or nothing, there; false when nothing was there before. */
static bool replace(struct map *map, u32 index, struct map *inner)
{
	struct array_of_maps *array = array_of(map);
	struct map *old;

	spin_lock(&array->lock);
	old = atomic_exchange(&array->inner[index], inner);
	if (inner && index >= array->used)
		array->used = index + 1;
	spin_unlock(&array->lock);
	inner_put(old);
	return old;
}

/* The value is a map's handle. */
static int array_of_maps_write(struct map *map, const void *key, const void *value, u64 flags)
{
	u32 index = get_u32(key);
	struct map *inner;
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	err = inner_get(&array_of(map)->model, map, (int)get_u32(value), &inner);
	if (!err)
		replace(map, index, inner);
	return err;
}

static int array_of_maps_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return -E2BIG;
	return replace(map, index, NULL) ? 0 : -ENOENT;
}

/* What user space reads is the map's id. */
static int array_of_maps_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct array_of_maps *array = array_of(map);
	struct map *inner;

	/* Nothing leaves the array meanwhile. */
	spin_lock(&array->lock);
	inner = array_of_maps_lookup(map, key, 0);
	if (inner)
		put_u32(value, inner->obj.id);
	spin_unlock(&array->lock);
	return inner ? 0 : -ENOENT;
}

static u64 array_of_maps_mem_usage(const struct map *map)
{
	return sizeof(struct array_of_maps) + map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_array_of_maps = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	.batch = MAP_BATCH_ARRAY,
	.size = sizeof(struct array_of_maps),
	.check = handle_array_check,
	.check_btf = map_check_no_btf,
	.init = array_of_maps_init,
	.exit = array_of_maps_exit,
	.lookup = array_of_maps_lookup,
	.delete = array_of_maps_delete,
	.read = array_of_maps_read,
	.write = array_of_maps_write,
	.next_key = array_next_key,
	.mem_usage = array_of_maps_mem_usage,
};
