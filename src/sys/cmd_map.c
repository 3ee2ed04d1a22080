/* SPDX-License-Identifier: BSD-2-Clause */
/* The map commands: keys and values in and out of the client's memory. */
#include <errno.h>

#include "sys/command.h"

static int map_get(struct call *call, u32 fd, struct map **map)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

static int btf_get(struct call *call, u32 fd, struct btf_object **btf)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_BTF, &obj);

	if (!err)
		*btf = btf_object_of(obj);
	return err;
}

/* A key in private memory; @addr may only be 0 where the map has no keys. */
static int key_read(const struct map *map, u64 addr, void **key)
{
	u32 size = map->desc.key_size;
	int err;

	*key = NULL;
	if (!size)
		return addr ? -EINVAL : 0;
	*key = mem_alloc(map->obj.host->mem, size);
	if (!*key)
		return -ENOMEM;
	err = client_read(*key, addr, size);
	if (err) {
		mem_free(map->obj.host->mem, *key);
		*key = NULL;
	}
	return err;
}

static int create_map(struct call *call, struct btf_object *btf, struct map **map)
{
	int err;

	if (!call->region)
		return map_create(call->host, &call->attr, btf, map, NULL);
	if (*call->region >= 0)
		return map_attach(call->host, *call->region, &call->attr, btf, map, call->err);
	err = map_create_shared(call->host, &call->attr, btf, map, call->err);
	if (!err)
		*call->region = map_region(*map);
	return err;
}

int sys_map_create(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct btf_object *btf = NULL;
	struct map *map;
	int err;

	if (call->host->unprivileged_bpf_disabled && !host_capable(call->host, HOST_CAP_BPF))
		return -EPERM;
	if (check_object_name(attr->map_name) < 0)
		return -EINVAL;
	if (!host_capable(call->host, map_type_caps(attr->map_type)))
		return -EPERM;
	if (attr->btf_key_type_id || attr->btf_value_type_id) {
		err = btf_get(call, attr->btf_fd, &btf);
		if (err)
			return err;
	}
	err = create_map(call, btf, &map);
	if (btf)
		object_put(&btf->obj);
	return err ? err : handle_open(&map->obj);
}

static int lookup(struct call *call,
		  int (*fn)(struct map *map, const void *key, void *value, u64 flags))
{
	const struct mem *mem = call->host->mem;
	void *key = NULL, *value = NULL;
	size_t size;
	struct map *map;
	int err = map_get(call, call->attr.map_fd, &map);

	if (err)
		return err;
	size = map_user_value_size(map);
	err = key_read(map, call->attr.key, &key);
	if (err)
		goto out;
	value = mem_zalloc(mem, size);
	if (!value) {
		err = -ENOMEM;
		goto out;
	}
	if (map->ops->reads_by_value)
		err = client_read(value, call->attr.value, size);
	if (!err)
		err = fn(map, key, value, call->attr.flags);
	if (!err)
		err = client_write(call->attr.value, value, size);
out:
	mem_free(mem, value);
	mem_free(mem, key);
	object_put(&map->obj);
	return err;
}

int sys_map_lookup(struct call *call)
{
	return lookup(call, map_user_lookup);
}

int sys_map_lookup_and_delete(struct call *call)
{
	return lookup(call, map_user_lookup_and_delete);
}

int sys_map_update(struct call *call)
{
	const struct mem *mem = call->host->mem;
	void *key = NULL, *value = NULL;
	size_t size;
	struct map *map;
	int err = map_get(call, call->attr.map_fd, &map);

	if (err)
		return err;
	size = map_user_value_size(map);
	err = key_read(map, call->attr.key, &key);
	if (err)
		goto out;
	value = mem_alloc(mem, size);
	err = value ? client_read(value, call->attr.value, size) : -ENOMEM;
	if (!err)
		err = map_user_update(map, key, value, call->attr.flags);
out:
	mem_free(mem, value);
	mem_free(mem, key);
	object_put(&map->obj);
	return err;
}

int sys_map_delete(struct call *call)
{
	void *key;
	struct map *map;
	int err = map_get(call, call->attr.map_fd, &map);

	if (err)
		return err;
	err = key_read(map, call->attr.key, &key);
	if (!err)
		err = map_user_delete(map, key);
	mem_free(call->host->mem, key);
	object_put(&map->obj);
	return err;
}

int sys_map_next_key(struct call *call)
{
	const struct mem *mem = call->host->mem;
	void *key = NULL, *next = NULL;
	struct map *map;
	int err = map_get(call, call->attr.map_fd, &map);

	if (err)
		return err;
	if (call->attr.key)
		err = key_read(map, call->attr.key, &key);
	if (err)
		goto out;
	next = mem_zalloc(mem, map->desc.key_size);
	err = next ? map_user_next_key(map, key, next) : -ENOMEM;
	if (!err)
		err = client_write(call->attr.next_key, next, map->desc.key_size);
out:
	mem_free(mem, next);
	mem_free(mem, key);
	object_put(&map->obj);
	return err;
}

int sys_map_freeze(struct call *call)
{
	struct map *map;
	int err = map_get(call, call->attr.map_fd, &map);

	if (err)
		return err;
	err = map_freeze(map);
	object_put(&map->obj);
	return err;
}
