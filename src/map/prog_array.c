/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PROG_ARRAY: programs that tail calls enter. The elements hold
 * pointers and references, so the map belongs to one process. A program that
 * leaves the array is let go only when no run that may have read it is left.
 *
 * A program usually uses the very array that it is in. So that the two do not
 * keep each other for ever, user space's last handle of the array empties it.
 */
#include "map/prog_array.h"

#include "map/types.h"
#include "object/prog.h"

static struct prog_array *prog_array_of(struct map *map)
{
	return container_of(map, struct prog_array, map);
}

static size_t targets_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(_Atomic(struct prog *)), os_page_size());
}

static int prog_array_init(struct map *map, const union bpf_attr *attr __unused)
{
	struct prog_array *array = prog_array_of(map);

	array->targets = os_pages_alloc(targets_size(map));
	return array->targets ? 0 : -ENOMEM;
}

struct prog *prog_array_target(struct map *map, u32 index)
{
	if (index >= map->desc.max_entries)
		return NULL;
	return atomic_load_explicit(&prog_array_of(map)->targets[index], memory_order_acquire);
}

bool prog_array_compatible(struct map *map, const struct prog *prog)
{
	struct prog_array *array = prog_array_of(map);
	bool ok;

	spin_lock(&array->lock);
	if (!array->owned) {
		array->owned = true;
		array->owner_type = prog->type;
		array->owner_attach_type = prog->expected_attach_type;
	}
	ok = array->owner_type == prog->type &&
	     array->owner_attach_type == prog->expected_attach_type;
	spin_unlock(&array->lock);
	return ok;
}

/* Puts @prog, or nothing, there and lets go what was there before. */
static bool replace(struct map *map, u32 index, struct prog *prog)
{
	struct prog_array *array = prog_array_of(map);
	struct prog *old;

	spin_lock(&array->lock);
	old = atomic_exchange(&array->targets[index], prog);
	if (prog && index >= array->used)
		array->used = index + 1;
	if (old)
		atomic_fetch_sub(&old->array_members, 1);
	spin_unlock(&array->lock);
	if (!old)
		return false;
	host_synchronize(map->obj.host);
	object_put(&old->obj);
	return true;
}

static void prog_array_closed(struct map *map)
{
	struct prog_array *array = prog_array_of(map);
	u32 used;

	spin_lock(&array->lock);
	used = array->used;
	spin_unlock(&array->lock);
	for (u32 i = 0; i < used; i++)
		replace(map, i, NULL);
}

static void prog_array_exit(struct map *map)
{
	prog_array_closed(map);
	os_pages_free(prog_array_of(map)->targets, targets_size(map));
}

/* The value is a program's handle. */
static int prog_array_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct object *obj;
	struct prog *prog;
	u32 index = get_u32(key);
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	err = handle_get_kind(map->obj.host, (int)get_u32(value), OBJECT_PROG, &obj);
	if (err)
		return err;
	prog = prog_of(obj);
	if (prog->type == BPF_PROG_TYPE_EXT || !prog_array_compatible(map, prog)) {
		object_put(obj);
		return -EINVAL;
	}
	/* What replaces one of its functions might call it in turn, for ever. */
	atomic_fetch_add(&prog->array_members, 1);
	if (atomic_load(&prog->extended)) {
		atomic_fetch_sub(&prog->array_members, 1);
		object_put(obj);
		return -EBUSY;
	}
	replace(map, index, prog);
	return 0;
}

static int prog_array_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return -E2BIG;
	return replace(map, index, NULL) ? 0 : -ENOENT;
}

/* What user space reads is the program's id. */
static int prog_array_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct prog_array *array = prog_array_of(map);
	struct prog *prog;

	/* Nothing leaves the array meanwhile. */
	spin_lock(&array->lock);
	prog = prog_array_target(map, get_u32(key));
	if (prog)
		put_u32(value, prog->obj.id);
	spin_unlock(&array->lock);
	return prog ? 0 : -ENOENT;
}

static u64 prog_array_mem_usage(const struct map *map)
{
	return sizeof(struct prog_array) + map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_prog_array = {
	.type = BPF_MAP_TYPE_PROG_ARRAY,
	.size = sizeof(struct prog_array),
	.check = handle_array_check,
	.init = prog_array_init,
	.closed = prog_array_closed,
	.exit = prog_array_exit,
	.delete = prog_array_delete,
	.read = prog_array_read,
	.write = prog_array_write,
	.next_key = array_next_key,
	.mem_usage = prog_array_mem_usage,
};
