/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_TASK_STORAGE, CGRP_STORAGE, SK_STORAGE and INODE_STORAGE: maps
 * without a table, whose values kernel objects hold (kernel/storage.h).
 * User space names an object by its handle, programs have pointers.
 *
 * An update of what is there makes a new value, as in Linux, so that who still
 * looks at the old one sees it unchanged; only with BPF_F_LOCK it is written in
 * place.
 */
#include "map/local_storage.h"

#include <errno.h>

#include "map/types.h"

#define STORAGE_FLAGS	  (BPF_F_NO_PREALLOC | BPF_F_CLONE)
#define STORAGE_VALUE_MAX 65392u /* one value with its header stays below 64 KB */

static int storage_check(const union bpf_attr *attr)
{
	if ((attr->map_flags & ~(u32)STORAGE_FLAGS) || !(attr->map_flags & BPF_F_NO_PREALLOC) ||
	    attr->max_entries || attr->key_size != sizeof(u32) || !attr->value_size ||
	    !attr->btf_key_type_id || !attr->btf_value_type_id)
		return -EINVAL;
	return attr->value_size > STORAGE_VALUE_MAX ? -E2BIG : 0;
}

/* A plain integer of 32 bits as key. */
static int storage_check_btf(const struct map *map, const struct btf *btf)
{
	const struct btf_type *t = btf_skip_mods(btf, map->desc.btf_key_type_id, NULL);

	if (btf_kind(t) != BTF_KIND_INT || btf_int_bits(t) != 32 || btf_int_offset(t))
		return -EINVAL;
	return 0;
}

static int storage_init(struct map *map, const union bpf_attr *attr)
{
	storage_map_init(&local_storage_map_of(map)->storage, map->obj.host, attr->value_size);
	return 0;
}

static int storage_ready(struct map *map)
{
	if (!map->fields.cnt)
		return 0;
	return storage_map_set_fields(&local_storage_map_of(map)->storage, &map->fields, map->btf);
}

static void storage_exit(struct map *map)
{
	storage_map_exit(&local_storage_map_of(map)->storage);
}

/* ---- for programs ---- */

/* A new value, filled; NULL without memory. */
static struct storage_elem *make_elem(struct map *map, const void *value)
{
	struct storage_elem *elem = storage_alloc(&local_storage_map_of(map)->storage);

	if (elem && value)
		map_copy_in(map, elem->value, value, 0);
	return elem;
}

void *local_storage_get(struct map *map, struct kernel_object *owner, const void *init)
{
	struct storage_map *of = &local_storage_map_of(map)->storage;
	void *value = storage_find(owner, of);
	struct local_storage *storage;
	struct storage_elem *elem, *there;

	if (value || !kernel_object_try_get(owner))
		return value;
	elem = make_elem(map, init);
	storage = elem ? storage_of(owner) : NULL;
	if (storage) {
		spin_lock(&storage->lock);
		there = storage_find_locked(storage, of);
		if (!there)
			storage_link(storage, owner, elem, NULL);
		spin_unlock(&storage->lock);
		value = there ? there->value : elem->value;
	}
	if (elem && value != elem->value)
		storage_free(of, elem);
	kernel_object_put(owner);
	return value;
}

int local_storage_delete(struct map *map, struct kernel_object *owner)
{
	return storage_delete(owner, &local_storage_map_of(map)->storage);
}

/* ---- for user space ---- */

static const struct {
	enum bpf_map_type type;
	enum object_kind kind;
	int other; /* where the handle is of another kind */
} holders[] = {
	{BPF_MAP_TYPE_TASK_STORAGE, OBJECT_TASK, -EBADF},
	{BPF_MAP_TYPE_CGRP_STORAGE, OBJECT_CGROUP, -EBADF},
	{BPF_MAP_TYPE_SK_STORAGE, OBJECT_SOCKET, -ENOTSOCK},
	{BPF_MAP_TYPE_INODE_STORAGE, OBJECT_FILE, -EBADF},
};

/* From what has the handle to what has the values. */
static int use_holder(struct kernel_object **owner)
{
	struct kernel_object *named = *owner;

	if (!named->ops->holder)
		return 0;
	*owner = named->ops->holder(named);
	if (*owner)
		kernel_object_get(*owner);
	kernel_object_put(named);
	return *owner ? 0 : -EBADF;
}

/* A reference of what the handle names. */
static int owner_get(const struct map *map, const void *key, struct kernel_object **owner)
{
	struct object *obj;
	u32 i = 0;
	int err;

	while (holders[i].type != map->desc.type)
		i++;
	err = handle_get_kind(map->obj.host, (int)get_u32(key), holders[i].kind, &obj);
	if (err)
		return err == -EINVAL ? holders[i].other : err;
	*owner = container_of(obj, struct kernel_object, obj);
	return use_holder(owner);
}

static int storage_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct local_storage *storage;
	struct storage_elem *elem = NULL;
	struct kernel_object *owner;
	int err = owner_get(map, key, &owner);

	if (err)
		return err;
	storage = atomic_load_explicit(&owner->storage, memory_order_acquire);
	if (storage) {
		spin_lock(&storage->lock);
		elem = storage_find_locked(storage, &local_storage_map_of(map)->storage);
		if (elem)
			map_copy_out(map, value, elem->value, flags);
		spin_unlock(&storage->lock);
	}
	kernel_object_put(owner);
	return elem ? 0 : -ENOENT;
}

static int check_flags(const struct storage_elem *there, u64 flags)
{
	flags &= MAP_FLAGS_UNLOCK;
	if (there && flags == BPF_NOEXIST)
		return -EEXIST;
	return !there && flags == BPF_EXIST ? -ENOENT : 0;
}

/* The new value is made beforehand, as nothing may be allocated under the lock. */
static int update_of(struct map *map, struct kernel_object *owner, const void *value, u64 flags)
{
	struct storage_map *of = &local_storage_map_of(map)->storage;
	struct storage_elem *elem = make_elem(map, value), *there;
	struct local_storage *storage = elem ? storage_of(owner) : NULL;
	bool in_place;
	int err;

	if (!storage) {
		if (elem)
			storage_free(of, elem);
		return -ENOMEM;
	}
	spin_lock(&storage->lock);
	there = storage_find_locked(storage, of);
	err = check_flags(there, flags);
	in_place = there && flags & BPF_F_LOCK;
	if (!err && in_place)
		map_copy_in(map, there->value, value, flags);
	else if (!err)
		storage_link(storage, owner, elem, there);
	spin_unlock(&storage->lock);
	if (err || in_place)
		storage_free(of, elem);
	return err;
}

static int storage_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct kernel_object *owner;
	int err = owner_get(map, key, &owner);

	if (err)
		return err;
	if ((flags & MAP_FLAGS_UNLOCK) > BPF_EXIST)
		err = -EINVAL;
	else
		err = update_of(map, owner, value, flags);
	kernel_object_put(owner);
	return err;
}

static int storage_user_delete(struct map *map, const void *key)
{
	struct kernel_object *owner;
	int err = owner_get(map, key, &owner);

	if (err)
		return err;
	err = local_storage_delete(map, owner);
	kernel_object_put(owner);
	return err;
}

/* ---- sockets that are accepted ---- */

static struct map *map_of_elem(struct storage_elem *elem)
{
	return &container_of(elem->map, struct local_storage_map, storage)->map;
}

static struct storage_elem *copy_elem(struct storage_elem *from)
{
	struct map *map = map_of_elem(from);
	struct storage_elem *copy = storage_alloc(from->map);

	if (copy)
		map_copy_out(map, copy->value, from->value, map_has_lock(map) ? BPF_F_LOCK : 0);
	return copy;
}

/* Copies of all values to be cloned, chained through .map_next, each with a reference of its map.
 */
static int copy_all(struct local_storage *storage, struct storage_elem **copies)
{
	struct storage_elem *elem, *copy;
	struct map *map = NULL;

	spin_lock(&storage->lock);
	for (elem = atomic_load(&storage->first); elem; elem = atomic_load(&elem->next)) {
		map = map_of_elem(elem);
		/* A map that is just going takes its values along. */
		if (!(map->desc.map_flags & BPF_F_CLONE) || !object_get_unless_zero(&map->obj))
			continue;
		copy = copy_elem(elem);
		if (!copy)
			break;
		copy->map_next = *copies;
		*copies = copy;
	}
	spin_unlock(&storage->lock);
	if (!elem)
		return 0;
	object_put(&map->obj);
	return -ENOMEM;
}

int local_storage_clone(struct kernel_object *from, struct kernel_object *to)
{
	struct local_storage *storage = atomic_load_explicit(&from->storage, memory_order_acquire);
	struct storage_elem *copies = NULL;
	int err;

	if (!storage)
		return 0;
	err = copy_all(storage, &copies);
	storage = err ? NULL : storage_of(to);
	if (!err && !storage)
		err = -ENOMEM;
	while (copies) {
		struct storage_elem *elem = copies;
		struct map *map = map_of_elem(elem);

		copies = elem->map_next;
		if (storage) {
			spin_lock(&storage->lock);
			storage_link(storage, to, elem, storage_find_locked(storage, elem->map));
			spin_unlock(&storage->lock);
		} else {
			storage_free(elem->map, elem);
		}
		object_put(&map->obj);
	}
	return err;
}

static u64 storage_mem_usage(const struct map *map __unused)
{
	/* As in Linux without the values, whose number nobody counts. */
	return sizeof(struct local_storage_map);
}

#define STORAGE_OPS(symbol, map_type)                                                              \
	const struct map_ops map_ops_##symbol = {                                                  \
		.type = BPF_MAP_TYPE_##map_type,                                                   \
		.size = sizeof(struct local_storage_map),                                          \
		.check = storage_check,                                                            \
		.check_btf = storage_check_btf,                                                    \
		.init = storage_init,                                                              \
		.ready = storage_ready,                                                            \
		.exit = storage_exit,                                                              \
		.read = storage_read,                                                              \
		.write = storage_write,                                                            \
		.delete = storage_user_delete,                                                     \
		.mem_usage = storage_mem_usage,                                                    \
	}

STORAGE_OPS(task_storage, TASK_STORAGE);
STORAGE_OPS(cgrp_storage, CGRP_STORAGE);
STORAGE_OPS(sk_storage, SK_STORAGE);
STORAGE_OPS(inode_storage, INODE_STORAGE);
