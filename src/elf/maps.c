/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps: the variables of .maps, whose types say what they are in the
 * conventions of libbpf's __uint(), __type(), __array() and __ulong(), and
 * one array map for each section of global data.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "elf/parse.h"

struct map_parser {
	struct parser *p;
	const struct btf *btf;
	struct spec_map *map;
	struct map_slots *slots; /* NULL in the definition of an inner map */
	u32 var_size;		 /* bytes of the variable, where the slots end */
	bool has_type, has_values;
};

/* A field's value: from an array's length as __uint() writes it, or an enumerator as __ulong(). */
static int field_number(struct map_parser *m, const char *name, u32 type_id, u64 *value)
{
	const struct btf_type *t = btf_skip_mods(m->btf, type_id, NULL);

	if (btf_kind(t) == BTF_KIND_PTR) {
		t = btf_skip_mods(m->btf, t->type, NULL);
		if (btf_kind(t) == BTF_KIND_ARRAY) {
			*value = ((const struct btf_array *)btf_tail(t))->nelems;
			return 0;
		}
	} else if (btf_kind(t) == BTF_KIND_ENUM && btf_vlen(t) == 1) {
		*value = (u64)((const struct btf_enum *)btf_tail(t))->val;
		return 0;
	} else if (btf_kind(t) == BTF_KIND_ENUM64 && btf_vlen(t) == 1) {
		const struct btf_enum64 *e = btf_tail(t);

		*value = (u64)e->val_hi32 << 32 | e->val_lo32;
		return 0;
	}
	return err_set(m->p->err, -EINVAL,
		       "map \"%s\": field \"%s\" is no number as __uint(%s, N) gives it",
		       m->map->name, name, name);
}

static int field_u32(struct map_parser *m, const char *name, u32 type_id, u32 *value)
{
	u64 wide = 0;
	int ret = field_number(m, name, type_id, &wide);

	if (ret)
		return ret;
	if (wide > UINT32_MAX)
		return err_set(m->p->err, -EINVAL, "map \"%s\": field \"%s\": %llu is too large",
			       m->map->name, name, (unsigned long long)wide);
	*value = (u32)wide;
	return 0;
}

/* A size may be given as a number and by a type, but then they must agree. */
static int set_size(struct map_parser *m, const char *what, u32 *size, u64 value)
{
	if (*size && *size != value)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": conflicting %s sizes: %u and %llu bytes", m->map->name,
			       what, *size, (unsigned long long)value);
	*size = (u32)value;
	return 0;
}

/* A type given by __type(name, T): a pointer to T. */
static int field_type(struct map_parser *m, const char *what, u32 type_id, u32 *size, u32 *id)
{
	const struct btf_type *t = btf_type_by_id(m->btf, type_id);
	s64 bytes;

	if (btf_kind(t) != BTF_KIND_PTR)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": field \"%s\" is no type as __type(%s, T) gives it",
			       m->map->name, what, what);
	bytes = btf_size(m->btf, t->type);
	if (bytes < 0 || bytes > INT_MAX)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": the size of the %s's type (BTF id %u) is not known",
			       m->map->name, what, t->type);
	*id = t->type;
	return set_size(m, what, size, (u64)bytes);
}

static int parse_type(struct map_parser *m, const struct btf_member *member)
{
	m->has_type = true;
	return field_u32(m, "type", member->type, &m->map->type);
}

static int parse_max_entries(struct map_parser *m, const struct btf_member *member)
{
	return field_u32(m, "max_entries", member->type, &m->map->max_entries);
}

static int parse_map_flags(struct map_parser *m, const struct btf_member *member)
{
	return field_u32(m, "map_flags", member->type, &m->map->map_flags);
}

static int parse_numa_node(struct map_parser *m, const struct btf_member *member)
{
	return field_u32(m, "numa_node", member->type, &m->map->numa_node);
}

static int parse_map_extra(struct map_parser *m, const struct btf_member *member)
{
	return field_number(m, "map_extra", member->type, &m->map->map_extra);
}

static int parse_key_size(struct map_parser *m, const struct btf_member *member)
{
	u32 size = 0;
	int ret = field_u32(m, "key_size", member->type, &size);

	return ret ? ret : set_size(m, "key", &m->map->key_size, size);
}

static int parse_value_size(struct map_parser *m, const struct btf_member *member)
{
	u32 size = 0;
	int ret = field_u32(m, "value_size", member->type, &size);

	return ret ? ret : set_size(m, "value", &m->map->value_size, size);
}

static int parse_key(struct map_parser *m, const struct btf_member *member)
{
	return field_type(m, "key", member->type, &m->map->key_size, &m->map->btf_key_type_id);
}

static int parse_value(struct map_parser *m, const struct btf_member *member)
{
	return field_type(m, "value", member->type, &m->map->value_size,
			  &m->map->btf_value_type_id);
}

static int parse_pinning(struct map_parser *m, const struct btf_member *member)
{
	int ret = field_u32(m, "pinning", member->type, &m->map->pinning);

	if (ret)
		return ret;
	if (!m->slots)
		return err_set(m->p->err, -EINVAL, "map \"%s\": an inner map cannot be pinned",
			       m->map->name);
	if (m->map->pinning > 1)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": pinning %u is neither LIBBPF_PIN_NONE nor "
			       "LIBBPF_PIN_BY_NAME",
			       m->map->name, m->map->pinning);
	return 0;
}

static bool is_map_of_maps(u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static int parse_def(struct map_parser *m, const struct btf_type *def);

/* The inner map's definition, from the type that the values point to. */
static int parse_inner(struct map_parser *m, const struct btf_type *def)
{
	struct arena *arena = &m->p->spec->arena;
	size_t len = strlen(m->map->name);
	struct spec_map *inner = parser_alloc(m->p, 1, sizeof(*inner));
	struct map_parser sub = {.p = m->p, .btf = m->btf, .map = inner};
	char *name;
	int ret;

	if (!inner)
		return -ENOMEM;
	if (!m->slots)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": an inner map cannot hold maps itself", m->map->name);
	if (btf_kind(def) != BTF_KIND_STRUCT)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": values are not defined as an inner map's struct",
			       m->map->name);
	name = arena_alloc(arena, len + sizeof(".inner"));
	if (!name)
		return err_set(m->p->err, -ENOMEM, "out of memory");
	memcpy(name, m->map->name, len);
	memcpy(name + len, ".inner", sizeof(".inner"));
	inner->name = name;
	inner->section_index = m->map->section_index;
	ret = parse_def(&sub, def);
	if (!ret)
		m->map->inner = inner;
	return ret;
}

/* __array(values, T): what a map of maps or of programs holds, at its variable's end. */
static int parse_values(struct map_parser *m, const struct btf_member *member)
{
	const char *name = m->map->name;
	const struct btf_type *t = btf_type_by_id(m->btf, member->type);
	const struct btf_array *array;
	int ret;

	m->has_values = true;
	if (!is_map_of_maps(m->map->type) && m->map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": only maps of maps and of programs have \"values\"; "
			       "\"type\" must come before",
			       name);
	if (btf_kind(t) != BTF_KIND_ARRAY || ((const struct btf_array *)btf_tail(t))->nelems)
		return err_set(m->p->err, -EINVAL,
			       "map \"%s\": \"values\" is no array as __array(values, T) gives it",
			       name);
	ret = set_size(m, "value", &m->map->value_size, sizeof(u32));
	if (ret)
		return ret;
	array = btf_tail(t);
	t = btf_skip_mods(m->btf, array->type, NULL);
	if (btf_kind(t) != BTF_KIND_PTR)
		return err_set(m->p->err, -EINVAL, "map \"%s\": \"values\" are not pointers", name);
	t = btf_skip_mods(m->btf, t->type, NULL);
	if (m->slots) {
		m->slots->off = member->offset / 8;
		if (member->offset % 64 || m->slots->off > m->var_size)
			return err_set(m->p->err, -EINVAL,
				       "map \"%s\": \"values\" at bit %u is misplaced", name,
				       member->offset);
		m->slots->cnt = (m->var_size - m->slots->off) / (u32)sizeof(u64);
	}
	if (m->map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return parse_inner(m, t);
	if (btf_kind(t) != BTF_KIND_FUNC_PROTO)
		return err_set(m->p->err, -EINVAL, "map \"%s\": \"values\" are not functions",
			       name);
	return 0;
}

static const struct map_field_def {
	const char *name;
	int (*parse)(struct map_parser *m, const struct btf_member *member);
} field_defs[] = {
	{"type", parse_type},
	{"max_entries", parse_max_entries},
	{"map_flags", parse_map_flags},
	{"numa_node", parse_numa_node},
	{"map_extra", parse_map_extra},
	{"key_size", parse_key_size},
	{"key", parse_key},
	{"value_size", parse_value_size},
	{"value", parse_value},
	{"values", parse_values},
	{"pinning", parse_pinning},
};

static const struct map_field_def *find_field(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_defs); i++) {
		if (!strcmp(field_defs[i].name, name))
			return &field_defs[i];
	}
	return NULL;
}

static int parse_def(struct map_parser *m, const struct btf_type *def)
{
	const struct btf_member *member = btf_tail(def);
	int ret;

	for (u32 i = 0; i < btf_vlen(def); i++, member++) {
		const char *name = btf_str(m->btf, member->name_off);
		const struct map_field_def *field = find_field(name);

		if (!field)
			return err_set(m->p->err, -EOPNOTSUPP,
				       "map \"%s\": field \"%s\" is not known", m->map->name, name);
		if (m->has_values)
			return err_set(
				m->p->err, -EINVAL,
				"map \"%s\": field \"%s\" comes after \"values\", which must "
				"be the last",
				m->map->name, name);
		ret = field->parse(m, member);
		if (ret)
			return ret;
	}
	if (!m->map->type)
		return err_set(m->p->err, -EINVAL, "map \"%s\": no type is given", m->map->name);
	return 0;
}

/* One variable of .maps. */
static int parse_map(struct parser *p, const struct btf_var_secinfo *info, u32 i)
{
	const struct btf *btf = p->spec->btf;
	const struct btf_type *var = btf_type_by_id(btf, info->type);
	struct spec_map *map = &p->spec->maps[i];
	struct map_parser m = {
		.p = p, .btf = btf, .map = map, .slots = &p->slots[i], .var_size = info->size};
	const struct btf_type *def;

	map->name = btf_name(btf, var);
	map->section_index = image_section_index(&p->image, p->maps);
	map->section_off = info->offset;
	if (btf_kind(var) != BTF_KIND_VAR || !*map->name)
		return err_set(p->err, -EINVAL, "section \".maps\": map %u has no name", i);
	if (info->offset > p->maps->size || info->size > p->maps->size - info->offset)
		return err_set(p->err, -EINVAL,
			       "map \"%s\": %u bytes at offset 0x%x reach beyond section \".maps\"",
			       map->name, info->size, info->offset);
	def = btf_skip_mods(btf, var->type, NULL);
	if (btf_kind(def) != BTF_KIND_STRUCT)
		return err_set(p->err, -EINVAL, "map \"%s\": its type is no struct", map->name);
	if (def->size > info->size)
		return err_set(p->err, -EINVAL,
			       "map \"%s\": the variable has %u bytes, its struct %u", map->name,
			       info->size, def->size);
	return parse_def(&m, def);
}

static const struct btf_type *find_datasec(const struct parser *p, const char *name, u32 *id)
{
	s32 found = p->spec->btf ? btf_find(p->spec->btf, BTF_KIND_DATASEC, name) : -ENOENT;

	*id = found > 0 ? (u32)found : 0;
	return *id ? btf_type_by_id(p->spec->btf, *id) : NULL;
}

static bool is_data(enum section_kind kind)
{
	return kind == SECTION_DATA || kind == SECTION_RODATA || kind == SECTION_BSS;
}

/* As libbpf: only data with a global variable may be mapped by clients. */
static bool has_global_var(const struct btf *btf, const struct btf_type *datasec)
{
	const struct btf_var_secinfo *info = btf_tail(datasec);

	for (u32 i = 0; i < btf_vlen(datasec); i++) {
		const struct btf_type *var = btf_type_by_id(btf, info[i].type);
		const struct btf_var *v = btf_tail(var);

		if (btf_kind(var) == BTF_KIND_VAR && v->linkage)
			return true;
	}
	return false;
}

static void data_map(struct parser *p, u32 section, struct spec_map *map)
{
	const struct image_section *sec = &p->image.sections[section];
	enum section_kind kind = p->sections[section].kind;
	const struct btf_type *datasec = find_datasec(p, sec->name, &map->datasec_id);

	map->name = sec->name;
	map->section_index = section;
	map->type = BPF_MAP_TYPE_ARRAY;
	map->key_size = sizeof(u32);
	map->value_size = (u32)sec->size;
	map->max_entries = 1;
	map->btf_value_type_id = map->datasec_id;
	map->initial = kind == SECTION_BSS ? NULL : sec->data;
	map->data = kind == SECTION_DATA ? DATA_DATA : kind == SECTION_BSS ? DATA_BSS : DATA_RODATA;
	if (map->data == DATA_RODATA)
		map->map_flags |= BPF_F_RDONLY_PROG;
	if (datasec && has_global_var(p->spec->btf, datasec))
		map->map_flags |= BPF_F_MMAPABLE;
}

static int compare_maps(const void *a, const void *b)
{
	const struct btf_var_secinfo *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* The declared maps come first, by their offsets, so that they can be found by them. */
static int parse_declared(struct parser *p, const struct btf_type *datasec)
{
	u32 n = btf_vlen(datasec);
	struct btf_var_secinfo *infos =
		arena_dup(&p->spec->arena, btf_tail(datasec), n * sizeof(*infos));
	int ret;

	if (!infos)
		return err_set(p->err, -ENOMEM, "out of memory");
	qsort(infos, n, sizeof(*infos), compare_maps);
	for (u32 i = 0; i < n; i++) {
		ret = parse_map(p, &infos[i], i);
		if (ret)
			return ret;
		if (i && infos[i].offset == infos[i - 1].offset)
			return err_set(
				p->err, -EINVAL, "maps \"%s\" and \"%s\" are both at offset 0x%x",
				p->spec->maps[i - 1].name, p->spec->maps[i].name, infos[i].offset);
	}
	p->spec->map_cnt = p->declared_cnt = n;
	return 0;
}

int parse_maps(struct parser *p)
{
	const struct btf_type *datasec = NULL;
	u32 id, cnt = 0;
	int ret = 0;

	if (p->maps && !p->spec->btf)
		return err_set(p->err, -EINVAL,
			       "section \".maps\" needs BTF, which is missing: compile with -g");
	if (p->maps)
		datasec = find_datasec(p, ".maps", &id);
	if (p->maps && !datasec)
		return err_set(p->err, -EINVAL, "section \".maps\" is not described in BTF");
	if (datasec)
		cnt = btf_vlen(datasec);
	for (u32 i = 1; i < p->image.section_cnt; i++)
		cnt += is_data(p->sections[i].kind);
	p->spec->maps = parser_alloc(p, cnt, sizeof(*p->spec->maps));
	p->slots = parser_alloc(p, cnt, sizeof(*p->slots));
	if (!p->spec->maps || !p->slots)
		return -ENOMEM;
	if (datasec)
		ret = parse_declared(p, datasec);
	for (u32 i = 1; i < p->image.section_cnt && !ret; i++) {
		if (!is_data(p->sections[i].kind))
			continue;
		p->sections[i].data_map = p->spec->map_cnt;
		data_map(p, i, &p->spec->maps[p->spec->map_cnt++]);
	}
	return ret;
}

s64 parser_map_at(const struct parser *p, u64 off)
{
	u32 low = 0, high = p->declared_cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (p->spec->maps[mid].section_off < off)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->declared_cnt && p->spec->maps[low].section_off == off ? (s64)low : -1;
}
