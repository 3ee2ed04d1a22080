/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields of a map's value, and which kinds a type of map can hold.
 * Maps with kinds that have no functions here yet exist in hosts that only
 * verify: to others they would be plain memory that programs take for
 * something else.
 */
#include <string.h>

#include "map/types.h"
#include "object/btf_object.h"
#include "object/owned.h"

#define MAPS(type) BIT_ULL(BPF_MAP_TYPE_##type)

#define LOCAL_STORAGE                                                                              \
	(MAPS(SK_STORAGE) | MAPS(INODE_STORAGE) | MAPS(TASK_STORAGE) | MAPS(CGRP_STORAGE))
#define HASH_OR_ARRAY (MAPS(HASH) | MAPS(LRU_HASH) | MAPS(ARRAY))
#define PERCPU	      (MAPS(PERCPU_HASH) | MAPS(LRU_PERCPU_HASH) | MAPS(PERCPU_ARRAY))

static const struct {
	u32 kinds;
	u64 maps; /* types that can hold them */
} holders[] = {
	{BTF_FIELD_SPIN_LOCK, MAPS(HASH) | MAPS(ARRAY) | MAPS(CGROUP_STORAGE) | LOCAL_STORAGE},
	{BTF_FIELD_TIMER | BTF_FIELD_WORKQUEUE, HASH_OR_ARRAY},
	{BTF_FIELD_KPTR | BTF_FIELD_REFCOUNT, HASH_OR_ARRAY | PERCPU | LOCAL_STORAGE},
	{BTF_FIELD_GRAPH_ROOT, HASH_OR_ARRAY},
};

static int check_holder(const struct map *map, const struct btf_field *field, struct err *err)
{
	for (u32 i = 0; i < ARRAY_SIZE(holders); i++)
		if (holders[i].kinds & field->kind && holders[i].maps & BIT_ULL(map->desc.type))
			return 0;
	return err_set(err, -EOPNOTSUPP, "a map of type %s cannot hold a %s",
		       map_type_name(map->desc.type), btf_field_name(field->kind));
}

static int check_fields(const struct map *map, struct err *err)
{
	const struct btf_fields *fields = &map->fields;

	if (map->desc.map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return err_set(err, -EACCES, "a map that programs cannot write cannot hold a %s",
			       btf_field_name(fields->at[0].kind));
	for (u32 i = 0; i < fields->cnt; i++) {
		int ret = check_holder(map, &fields->at[i], err);

		if (ret)
			return ret;
	}
	if (!map->obj.host->verify_only && !owned_fields_known(map->desc.btf, fields))
		return err_set(
			err, -EOPNOTSUPP,
			"the map's value has a pointer to an object of the kernel, which is not "
			"supported yet");
	return btf_check_roots(map->desc.btf, fields);
}

int map_find_fields(struct map *map, struct err *err)
{
	struct btf_object *kernel = NULL;
	u32 id;
	int ret = btf_has_kptrs(map->desc.btf) ? host_vmlinux(map->obj.host, &kernel) : 0;

	if (ret && ret != -ENOENT)
		return ret;
	btf_skip_mods(map->desc.btf, map->desc.btf_value_type_id, &id);
	/* As in Linux a value with fields that make no sense has none, and is no error. */
	if (btf_find_fields(map->desc.btf, kernel ? kernel->btf : NULL, id, BTF_FIELDS_OF_MAPS,
			    map->desc.value_size, &map->fields)) {
		memset(&map->fields, 0, sizeof(map->fields));
		return 0;
	}
	if (!map->fields.cnt)
		return 0;
	ret = check_fields(map, err);
	if (!ret)
		map->desc.fields = &map->fields;
	return ret;
}

void map_drop_kinds(struct map *map, void *value, u32 kinds)
{
	if (map->fields.mask & kinds)
		owned_drop_fields(map->obj.host, map_this_cpu(map), value, &map->fields, kinds);
}
