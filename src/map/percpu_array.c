/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PERCPU_ARRAY: one array after the other, one per CPU, each
 * starting on its own cache line, so that an element's address is two
 * multiplications and CPUs do not share lines.
 */
#include "map/array.h"
#include "map/types.h"

static int percpu_array_init(struct map *map, const union bpf_attr *attr)
{
	struct array_map *array = array_map_of(map);

	array->stride = map_value_stride(map);
	array->cpu_stride = ROUND_UP(attr->max_entries * array->stride, MAP_CACHE_LINE);
	array->size = array->cpu_stride * map_nr_cpus(map);
	array->values = os_pages_alloc(array->size);
	return array->values ? 0 : -ENOMEM;
}

static void drop_all_cpus(struct map *map, u8 *first)
{
	for (u32 cpu = 0; map->fields.mask && cpu < map_nr_cpus(map); cpu++)
		map_drop_fields(map, first + cpu * array_map_of(map)->cpu_stride);
}

static void percpu_array_exit(struct map *map)
{
	struct array_map *array = array_map_of(map);

	os_pages_free(array->values, array->size);
}

static void *percpu_array_lookup(struct map *map, const void *key, u32 cpu)
{
	struct array_map *array = array_map_of(map);
	u32 index = get_u32(key);

	if (unlikely(index >= map->desc.max_entries))
		return NULL;
	return array->values + cpu * array->cpu_stride + index * array->stride;
}

static int percpu_array_update(struct map *map, const void *key, const void *value, u64 flags,
			       u32 cpu)
{
	void *shared = percpu_array_lookup(map, key, cpu);

	if ((flags & MAP_FLAGS_UNLOCK) > BPF_EXIST)
		return -EINVAL;
	if (!shared)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	if (flags & BPF_F_LOCK)
		return -EINVAL; /* a per-CPU value has no lock */
	map_copy_in(map, shared, value, 0);
	map_drop_fields(map, shared);
	return 0;
}

static int percpu_array_write(struct map *map, const void *key, const void *value, u64 flags)
{
	void *first = percpu_array_lookup(map, key, 0);

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (!first)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	map_copy_percpu_in(map, first, array_map_of(map)->cpu_stride, value);
	drop_all_cpus(map, first);
	return 0;
}

static int percpu_array_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	void *first = percpu_array_lookup(map, key, 0);

	if (!first)
		return -ENOENT;
	map_copy_percpu_out(map, value, first, array_map_of(map)->cpu_stride);
	return 0;
}

static int percpu_array_delete(struct map *map __unused, const void *key __unused)
{
	return -EINVAL;
}

static long percpu_array_for_each(struct map *map, u32 cpu,
				  long (*fn)(void *arg, void *key, void *value), void *arg)
{
	u32 i = 0;

	while (i < map->desc.max_entries) {
		u32 key = i++;

		if (fn(arg, &key, percpu_array_lookup(map, &key, cpu)))
			break;
	}
	return i;
}

static void percpu_array_drop_fields(struct map *map, u32 kinds __unused)
{
	struct array_map *array = array_map_of(map);

	for (u32 i = 0; i < map->desc.max_entries; i++)
		drop_all_cpus(map, array->values + i * array->stride);
}

static u64 percpu_array_mem_usage(const struct map *map)
{
	u64 one_cpu = map->desc.max_entries * (u64)map_value_stride(map);

	return sizeof(struct array_map) + ROUND_UP(one_cpu, MAP_CACHE_LINE) * map_nr_cpus(map);
}

const struct map_ops map_ops_percpu_array = {
	.type = BPF_MAP_TYPE_PERCPU_ARRAY,
	.batch = MAP_BATCH_ARRAY,
	.percpu = true,
	.size = sizeof(struct array_map),
	.check = array_check,
	.check_btf = array_check_btf,
	.init = percpu_array_init,
	.exit = percpu_array_exit,
	.lookup = percpu_array_lookup,
	.update = percpu_array_update,
	.delete = percpu_array_delete,
	.read = percpu_array_read,
	.write = percpu_array_write,
	.next_key = array_next_key,
	.for_each = percpu_array_for_each,
	.drop_fields = percpu_array_drop_fields,
	.mem_usage = percpu_array_mem_usage,
};
