/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_CGROUP_ARRAY: references of control groups, which user space puts
 * there by their handles and nobody reads back. A group that leaves the array
 * stays for the programs that have just seen it, as all groups do.
 */
#include "map/cgroup_array.h"

#include "map/types.h"

struct cgroup_array {
	struct map map;
	_Atomic(struct cgroup *) *groups; /* NULL where empty */
};

static struct cgroup_array *cgroup_array_of(struct map *map)
{
	return container_of(map, struct cgroup_array, map);
}

static size_t groups_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(_Atomic(struct cgroup *)), os_page_size());
}

static int cgroup_array_init(struct map *map, const union bpf_attr *attr __unused)
{
	struct cgroup_array *array = cgroup_array_of(map);

	array->groups = os_pages_alloc(groups_size(map));
	return array->groups ? 0 : -ENOMEM;
}

/* Puts the group (or none), whose reference it takes over, there; whether there was one before. */
static bool replace(struct map *map, u32 index, struct cgroup *cgrp)
{
	struct cgroup *old = atomic_exchange(&cgroup_array_of(map)->groups[index], cgrp);

	if (old)
		cgroup_put(old);
	return old;
}

static void cgroup_array_exit(struct map *map)
{
	for (u32 i = 0; i < map->desc.max_entries; i++)
		replace(map, i, NULL);
	os_pages_free(cgroup_array_of(map)->groups, groups_size(map));
}

int cgroup_array_has_above(struct map *map, u32 index, const struct cgroup *cgrp)
{
	const struct cgroup *above;

	if (index >= map->desc.max_entries)
		return -E2BIG;
	above = atomic_load_explicit(&cgroup_array_of(map)->groups[index], memory_order_acquire);
	return above ? cgroup_is_descendant(cgrp, above) : -EAGAIN;
}

static int cgroup_array_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct cgroup *cgrp;
	u32 index = get_u32(key);
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	err = cgroup_by_handle(map->obj.host, (int)get_u32(value), &cgrp);
	if (!err)
		replace(map, index, cgrp);
	return err;
}

static int cgroup_array_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return -E2BIG;
	return replace(map, index, NULL) ? 0 : -ENOENT;
}

static u64 cgroup_array_mem_usage(const struct map *map)
{
	return sizeof(struct cgroup_array) + map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_cgroup_array = {
	.type = BPF_MAP_TYPE_CGROUP_ARRAY,
	.size = sizeof(struct cgroup_array),
	.check = handle_array_check,
	.check_btf = map_check_no_btf,
	.init = cgroup_array_init,
	.exit = cgroup_array_exit,
	.delete = cgroup_array_delete,
	.write = cgroup_array_write,
	.next_key = array_next_key,
	.mem_usage = cgroup_array_mem_usage,
};
