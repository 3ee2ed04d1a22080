/* SPDX-License-Identifier: BSD-2-Clause */
/* Models of inner maps and references to them; see inner.h. */
#include "map/inner.h"

#include "map/types.h"
#include "object/btf_object.h"

/* Types that Linux does not compare, because a map of them is tied to what uses it. */
static bool may_be_held(const struct map *map)
{
	switch (map->desc.type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
		return false;
	default:
		return true;
	}
}

static int get_map(struct map *outer, int fd, struct map **map)
{
	struct object *obj;
	int err = handle_get_kind(outer->obj.host, fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

static void copy_model(struct inner_model *model, const struct map *map)
{
	model->desc = map->desc;
	/* What holds for this one map and not for others like it. */
	model->desc.frozen = false;
	model->desc.frozen_value = NULL;
	model->fields = map->fields;
	if (map->desc.fields)
		model->desc.fields = &model->fields;
	model->btf = map->btf;
	if (model->btf)
		object_get(&model->btf->obj);
}

int inner_model_init(struct inner_model *model, struct map *outer, int fd)
{
	struct map *map;
	int err = get_map(outer, fd, &map);

	if (err)
		return err;
	if (map->desc.inner)
		err = -EINVAL;
	else if (!may_be_held(map))
		err = -ENOTSUPP;
	if (!err) {
		copy_model(model, map);
		outer->desc.inner = &model->desc;
	}
	object_put(&map->obj);
	return err;
}

void inner_model_exit(struct inner_model *model)
{
	if (model->btf)
		object_put(&model->btf->obj);
}

static bool field_equal(const struct btf_field *a, const struct btf_field *b)
{
	return a->kind == b->kind && a->offset == b->offset && a->size == b->size &&
	       a->type_id == b->type_id && a->btf == b->btf && a->node_offset == b->node_offset;
}

static bool fields_equal(const struct btf_fields *a, const struct btf_fields *b)
{
	if (a->cnt != b->cnt)
		return false;
	for (u32 i = 0; i < a->cnt; i++)
		if (!field_equal(&a->at[i], &b->at[i]))
			return false;
	return true;
}

/* The size of an array counts, unless programs were told that it may differ. */
static bool entries_count(const struct map_desc *desc)
{
	return desc->type == BPF_MAP_TYPE_XSKMAP ||
	       (desc->type == BPF_MAP_TYPE_ARRAY && !(desc->map_flags & BPF_F_INNER_MAP));
}

static bool is_like(const struct inner_model *model, const struct map *map)
{
	const struct map_desc *a = &model->desc, *b = &map->desc;

	return a->type == b->type && a->key_size == b->key_size && a->value_size == b->value_size &&
	       a->map_flags == b->map_flags && fields_equal(&model->fields, &map->fields) &&
	       (a->max_entries == b->max_entries || !entries_count(a));
}

int inner_get(const struct inner_model *model, struct map *outer, int fd, struct map **inner)
{
	struct map *map;
	int err = get_map(outer, fd, &map);

	if (err)
		return err;
	if (!is_like(model, map)) {
		object_put(&map->obj);
		return -EINVAL;
	}
	*inner = map;
	return 0;
}

void inner_put(struct map *inner)
{
	if (!inner)
		return;
	host_synchronize(inner->obj.host);
	inner_drop(inner);
}

void inner_drop(struct map *inner)
{
	if (inner)
		object_put(&inner->obj);
}
