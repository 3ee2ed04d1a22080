/* SPDX-License-Identifier: BSD-2-Clause */
/* What devmap and cpumap share; see targets.h. */
#include "map/targets.h"

#include "map/types.h"

static struct target_array *array_of(struct map *map)
{
	return container_of(map, struct target_array, map);
}

static size_t table_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(_Atomic(struct xdp_target *)),
			os_page_size());
}

int target_array_init(struct map *map, const union bpf_attr *attr __unused)
{
	struct target_array *array = array_of(map);

	array->targets = os_pages_alloc(table_size(map));
	return array->targets ? 0 : -ENOMEM;
}

void target_array_exit(struct map *map)
{
	struct target_array *array = array_of(map);

	for (u32 i = 0; i < array->used; i++)
		xdp_target_put(atomic_load_explicit(&array->targets[i], memory_order_relaxed));
	os_pages_free(array->targets, table_size(map));
}

static struct xdp_target *find(struct map *map, u32 index)
{
	if (index >= map->desc.max_entries)
		return NULL;
	return atomic_load_explicit(&array_of(map)->targets[index], memory_order_acquire);
}

void *target_array_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct xdp_target *target = find(map, get_u32(key));

	return target ? &target->val : NULL;
}

int target_array_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct target_array *array = array_of(map);
	struct xdp_target *target;

	/* Nothing leaves the map meanwhile. */
	spin_lock(&array->lock);
	target = find(map, get_u32(key));
	if (target)
		memcpy(value, &target->val, map->desc.value_size);
	spin_unlock(&array->lock);
	return target ? 0 : -ENOENT;
}

void target_array_replace(struct map *map, u32 index, struct xdp_target *target)
{
	struct target_array *array = array_of(map);
	struct xdp_target *old;

	spin_lock(&array->lock);
	old = atomic_exchange(&array->targets[index], target);
	if (target && index >= array->used)
		array->used = index + 1;
	spin_unlock(&array->lock);
	xdp_target_put(old);
}

int target_array_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return -EINVAL;
	target_array_replace(map, index, NULL);
	return 0;
}

u64 target_array_mem_usage(const struct map *map)
{
	return sizeof(struct target_array) + map->desc.max_entries * (u64)sizeof(void *);
}

/* ---- programs ---- */

static bool suits_owner(struct target_owner *owner, const struct prog *prog)
{
	bool ok;

	spin_lock(&owner->lock);
	if (!owner->known) {
		owner->known = true;
		owner->type = prog->type;
		owner->has_frags = prog->xdp_has_frags;
	}
	ok = owner->type == prog->type && owner->has_frags == prog->xdp_has_frags;
	spin_unlock(&owner->lock);
	return ok;
}

bool target_map_compatible(struct map *map, const struct prog *prog)
{
	if (map->desc.type != BPF_MAP_TYPE_DEVMAP && map->desc.type != BPF_MAP_TYPE_CPUMAP)
		return true;
	return suits_owner(&array_of(map)->owner, prog);
}

int target_prog(struct host *host, struct target_owner *owner, int fd, enum bpf_attach_type attach,
		struct prog **out)
{
	struct object *obj;
	int err = handle_get_kind(host, fd, OBJECT_PROG, &obj);
	struct prog *prog;

	if (err)
		return err;
	prog = prog_of(obj);
	if (prog->type != BPF_PROG_TYPE_XDP || prog->expected_attach_type != attach ||
	    !suits_owner(owner, prog)) {
		object_put(obj);
		return -EINVAL;
	}
	*out = prog;
	return 0;
}

void *target_find(struct map *map, u64 key)
{
	u32 index = (u32)key;
	void *val = map->ops->lookup(map, &index, 0);

	if (!val || map->desc.type == BPF_MAP_TYPE_XSKMAP)
		return val;
	return container_of(val, struct xdp_target, val);
}
