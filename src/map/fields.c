/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields of a map's value: members whose type's name says that the
 * kernel, here the host, owns them. bpf_spin_lock is served; a value with any
 * other kind is refused, because without its rules it would be plain memory
 * that programs take for something else.
 */
#include <string.h>

#include "map/types.h"

#define MAX_DEPTH 32 /* of nested structures; BTF itself allows as many */

static const struct special {
	const char *name;
	enum btf_field_kind kind;
} specials[] = {
	{"bpf_spin_lock", BTF_FIELD_SPIN_LOCK}, {"bpf_timer", BTF_FIELD_TIMER},
	{"bpf_wq", BTF_FIELD_WORKQUEUE},	{"bpf_list_head", BTF_FIELD_LIST_HEAD},
	{"bpf_list_node", BTF_FIELD_LIST_NODE}, {"bpf_rb_root", BTF_FIELD_RB_ROOT},
	{"bpf_rb_node", BTF_FIELD_RB_NODE},	{"bpf_refcount", BTF_FIELD_REFCOUNT},
};

static const struct special pointer_tags[] = {
	{"kptr_untrusted", BTF_FIELD_KPTR_UNREF},
	{"kptr", BTF_FIELD_KPTR_REF},
	{"percpu_kptr", BTF_FIELD_KPTR_PERCPU},
	{"uptr", BTF_FIELD_UPTR},
};

struct search {
	struct map *map;
	const struct btf *btf;
	struct err *err;
};

static const struct special *by_name(const struct special *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static int add_field(struct search *s, const struct special *special, u32 offset, u32 size)
{
	struct btf_fields *fields = &s->map->fields;

	if (special->kind != BTF_FIELD_SPIN_LOCK)
		return err_set(s->err, -EOPNOTSUPP,
			       "the map's value has a %s at offset %u, which is not supported yet",
			       special->name, offset);
	/* Linux creates the map and then refuses programs that use the lock. */
	if (fields->mask & BTF_FIELD_SPIN_LOCK)
		return err_set(s->err, -EOPNOTSUPP, "the map's value has more than one %s",
			       special->name);
	if (size != sizeof(u32) || offset % sizeof(u32))
		return err_set(s->err, -EINVAL, "%s at offset %u: size %u, not 4 aligned bytes",
			       special->name, offset, size);
	fields->mask |= special->kind;
	fields->at[fields->cnt++] = (struct btf_field){
		.kind = special->kind,
		.offset = offset,
		.size = size,
	};
	return 0;
}

static int search_type(struct search *s, u32 id, u32 offset, u32 depth);

static int search_members(struct search *s, const struct btf_type *t, u32 offset, u32 depth)
{
	const struct btf_member *member = btf_tail(t);
	int err = 0;

	for (u32 i = 0; i < btf_vlen(t) && !err; i++)
		err = search_type(s, member[i].type, offset + btf_member_bit_offset(t, i) / 8,
				  depth + 1);
	return err;
}

static int search_struct(struct search *s, const struct btf_type *t, u32 offset, u32 depth)
{
	const struct special *special =
		by_name(specials, ARRAY_SIZE(specials), btf_name(s->btf, t));

	if (special)
		return add_field(s, special, offset, t->size);
	return search_members(s, t, offset, depth);
}

static int search_section(struct search *s, const struct btf_type *t, u32 depth)
{
	const struct btf_var_secinfo *var = btf_tail(t);
	int err = 0;

	for (u32 i = 0; i < btf_vlen(t) && !err; i++) {
		const struct btf_type *v = btf_type_by_id(s->btf, var[i].type);

		err = search_type(s, v->type, var[i].offset, depth + 1);
	}
	return err;
}

/* The tags of what a pointer points to. */
static int search_pointer(struct search *s, const struct btf_type *t, u32 offset)
{
	const struct special *special;

	for (t = btf_type_by_id(s->btf, t->type); t && btf_kind(t) == BTF_KIND_TYPE_TAG;
	     t = btf_type_by_id(s->btf, t->type)) {
		special = by_name(pointer_tags, ARRAY_SIZE(pointer_tags), btf_name(s->btf, t));
		if (special)
			return add_field(s, special, offset, sizeof(u64));
	}
	return 0;
}

/* The first element stands for all: two locks are refused just as one of the other kinds. */
static int search_array(struct search *s, const struct btf_type *t, u32 offset, u32 depth)
{
	const struct btf_array *array = btf_tail(t);
	int err = array->nelems ? search_type(s, array->type, offset, depth + 1) : 0;

	if (!err && array->nelems > 1)
		err = search_type(s, array->type, offset + (u32)btf_size(s->btf, array->type),
				  depth + 1);
	return err;
}

/* As in Linux what is in a union is plain memory. */
static int search_type(struct search *s, u32 id, u32 offset, u32 depth)
{
	const struct btf_type *t = btf_skip_mods(s->btf, id, NULL);

	if (!t || depth > MAX_DEPTH)
		return 0;
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
		return search_struct(s, t, offset, depth);
	case BTF_KIND_ARRAY:
		return search_array(s, t, offset, depth);
	case BTF_KIND_PTR:
		return search_pointer(s, t, offset);
	default:
		return 0;
	}
}

int map_find_fields(struct map *map, struct err *err)
{
	struct search s = {.map = map, .btf = map->desc.btf, .err = err};
	const struct btf_type *t = btf_skip_mods(s.btf, map->desc.btf_value_type_id, NULL);
	int ret = 0;

	/* The value itself is not special, whatever its name. */
	if (btf_kind(t) == BTF_KIND_STRUCT)
		ret = search_members(&s, t, 0, 0);
	else if (btf_kind(t) == BTF_KIND_DATASEC)
		ret = search_section(&s, t, 0);
	if (ret)
		return ret;
	if (map->fields.mask && map->desc.type != BPF_MAP_TYPE_HASH &&
	    map->desc.type != BPF_MAP_TYPE_ARRAY)
		return err_set(err, -EOPNOTSUPP, "a map of type %s cannot hold a bpf_spin_lock",
			       map_type_name(map->desc.type));
	if (map->fields.mask && (map->desc.map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)))
		return err_set(err, -EACCES,
			       "a map that programs cannot write cannot hold a bpf_spin_lock");
	if (map->fields.mask)
		map->desc.fields = &map->fields;
	return 0;
}
