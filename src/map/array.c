/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_ARRAY: a page-aligned region of max_entries values, which all
 * exist from the start. A loader's .data, .rodata and .bss are arrays of one
 * element that programs address directly and that user space may map.
 */
#include "map/array.h"

#include "map/types.h"

#define ARRAY_FLAGS                                                                                \
	(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | MAP_ACCESS_FLAGS | BPF_F_PRESERVE_ELEMS |              \
	 BPF_F_INNER_MAP)

int array_check(const union bpf_attr *attr)
{
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (!attr->max_entries || attr->key_size != 4 || !attr->value_size ||
	    !map_flags_ok(attr, ARRAY_FLAGS) || (percpu && map_wants_node(attr)))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_ARRAY &&
	    (attr->map_flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
	    (attr->map_flags & BPF_F_PRESERVE_ELEMS))
		return -EINVAL;
	if (attr->value_size > INT32_MAX)
		return -E2BIG;
	if (percpu && ROUND_UP(attr->value_size, 8u) > MAP_PERCPU_MAX)
		return -E2BIG;
	return 0;
}

int handle_array_check(const union bpf_attr *attr)
{
	if (attr->value_size != sizeof(u32) ||
	    (attr->map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)))
		return -EINVAL;
	return array_check(attr);
}

/* A key is a plain 32-bit integer; only a loader's data sections come without a key type. */
int array_check_btf(const struct map *map, const struct btf *btf)
{
	const struct btf_type *t;

	if (!map->desc.btf_key_type_id) {
		t = btf_type_by_id(btf, map->desc.btf_value_type_id);
		return map->desc.type == BPF_MAP_TYPE_ARRAY && map->desc.max_entries == 1 &&
				       btf_kind(t) == BTF_KIND_DATASEC
			       ? 0
			       : -EINVAL;
	}
	t = btf_skip_mods(btf, map->desc.btf_key_type_id, NULL);
	return btf_kind(t) == BTF_KIND_INT && btf_int_bits(t) == 32 && !btf_int_offset(t) ? 0
											  : -EINVAL;
}

static int array_init(struct map *map, const union bpf_attr *attr)
{
	struct array_map *array = array_map_of(map);

	array->stride = map_value_stride(map);
	/* At most 2^32 times 2^31: no overflow. */
	array->size = ROUND_UP(attr->max_entries * array->stride, os_page_size());
	array->values = map_pages_alloc(map, array->size);
	if (!array->values)
		return -ENOMEM;
	if (attr->max_entries == 1)
		map->desc.direct_size = attr->value_size;
	return 0;
}

static void array_exit(struct map *map)
{
	struct array_map *array = array_map_of(map);

	os_pages_free(array->values, array->size);
}

static void *array_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct array_map *array = array_map_of(map);
	u32 index = get_u32(key);

	return likely(index < map->desc.max_entries) ? array->values + index * array->stride : NULL;
}

static int array_write(struct map *map, const void *key, const void *value, u64 flags)
{
	void *shared = array_lookup(map, key, 0);

	if ((flags & MAP_FLAGS_UNLOCK) > BPF_EXIST)
		return -EINVAL;
	if (!shared)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	if ((flags & BPF_F_LOCK) && !map_has_lock(map))
		return -EINVAL;
	map_copy_in(map, shared, value, flags);
	map_drop_fields(map, shared);
	return 0;
}

static int array_update(struct map *map, const void *key, const void *value, u64 flags,
			u32 cpu __unused)
{
	return array_write(map, key, value, flags);
}

static int array_delete(struct map *map __unused, const void *key __unused)
{
	return -EINVAL;
}

static int array_read(struct map *map, const void *key, void *value, u64 flags)
{
	void *shared = array_lookup(map, key, 0);

	if (!shared)
		return -ENOENT;
	map_copy_out(map, value, shared, flags);
	return 0;
}

int array_next_key(struct map *map, const void *key, void *next)
{
	u32 index = key ? get_u32(key) : UINT32_MAX;

	if (index == map->desc.max_entries - 1)
		return -ENOENT;
	put_u32(next, index >= map->desc.max_entries ? 0 : index + 1);
	return 0;
}

static int array_direct_value(struct map *map, u32 off, void **addr)
{
	if (map->desc.max_entries != 1)
		return -ENOTSUPP;
	if (off >= map->desc.value_size)
		return -EINVAL;
	*addr = array_map_of(map)->values + off;
	return 0;
}

static long array_for_each(struct map *map, u32 cpu __unused,
			   long (*fn)(void *arg, void *key, void *value), void *arg)
{
	struct array_map *array = array_map_of(map);
	u32 i = 0;

	while (i < map->desc.max_entries) {
		u32 key = i;

		if (fn(arg, &key, array->values + i++ * array->stride))
			break;
	}
	return i;
}

static int array_mmap(struct map *map, u64 offset, size_t size, bool writable __unused, void **addr)
{
	struct array_map *array = array_map_of(map);

	if (!(map->desc.map_flags & BPF_F_MMAPABLE) || offset > array->size ||
	    size > array->size - offset)
		return -EINVAL;
	*addr = array->values + offset;
	return 0;
}

static void array_drop_fields(struct map *map, u32 kinds)
{
	struct array_map *array = array_map_of(map);

	for (u32 i = 0; i < map->desc.max_entries; i++)
		map_drop_kinds(map, array->values + i * array->stride, kinds);
}

static const void *array_key_of(const struct map *map, const void *value, u32 *index)
{
	const struct array_map *array = container_of(map, struct array_map, map);

	*index = (u32)((size_t)((const u8 *)value - array->values) / array->stride);
	return index;
}

static u64 array_mem_usage(const struct map *map)
{
	return sizeof(struct array_map) + map->desc.max_entries * (u64)map_value_stride(map);
}

/* Every store to a value is whole, and there is nothing else. */
static void array_repair(struct map *map __unused, u32 dead __unused)
{
}

const struct map_ops map_ops_array = {
	.type = BPF_MAP_TYPE_ARRAY,
	.batch = MAP_BATCH_ARRAY,
	.size = sizeof(struct array_map),
	.check = array_check,
	.check_btf = array_check_btf,
	.init = array_init,
	.exit = array_exit,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.read = array_read,
	.write = array_write,
	.next_key = array_next_key,
	.direct_value = array_direct_value,
	.for_each = array_for_each,
	.mmap = array_mmap,
	.drop_fields = array_drop_fields,
	.key_of = array_key_of,
	.mem_usage = array_mem_usage,
	.repair = array_repair,
};
