/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding special fields in a struct or a section of variables. Like Linux
 * this looks at types as they are written: a typedef of a struct hides what is
 * in it, and so does a union.
 */
#include "btf/fields.h"

#include <errno.h>
#include <string.h>

#include "btf/impl.h"

#define MAX_DEPTH 32 /* of nested structs and arrays */

/*
 * Types that one search may look at. Structs that hold each other many times
 * over take time beyond all measure, and no C program has them.
 */
#define MAX_STEPS (1u << 26)

/* One row per kind that is told by the name of its struct. */
static const struct kind_row {
	const char *name;
	enum btf_field_kind kind;
	u8 size, align;
	bool once;     /* in a value */
	bool in_array; /* elements of an array count */
} kind_rows[] = {
	{"bpf_spin_lock", BTF_FIELD_SPIN_LOCK, 4, 4, true, false},
	{"bpf_timer", BTF_FIELD_TIMER, 16, 8, true, false},
	{"bpf_wq", BTF_FIELD_WORKQUEUE, 16, 8, true, false},
	{"bpf_list_head", BTF_FIELD_LIST_HEAD, 16, 8, false, true},
	{"bpf_list_node", BTF_FIELD_LIST_NODE, 24, 8, false, false},
	{"bpf_rb_root", BTF_FIELD_RB_ROOT, 16, 8, false, true},
	{"bpf_rb_node", BTF_FIELD_RB_NODE, 32, 8, false, false},
	{"bpf_refcount", BTF_FIELD_REFCOUNT, 4, 4, true, false},
};

static const struct kind_row kptr_row = {"kptr", BTF_FIELD_KPTR_REF, 8, 8, false, true};

static const struct {
	const char *tag;
	enum btf_field_kind kind;
} kptr_tags[] = {
	{"kptr_untrusted", BTF_FIELD_KPTR_UNREF},
	{"kptr", BTF_FIELD_KPTR_REF},
	{"percpu_kptr", BTF_FIELD_KPTR_PERCPU},
};

/* Types of the kernel whose objects it knows how to give back when a map goes away. */
static const char *const kept_types[] = {
	"task_struct",	       "cgroup",	   "bpf_cpumask", "bpf_crypto_ctx",
	"prog_test_ref_kfunc", "prog_test_member",
};

static bool is_struct(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_STRUCT;
}

const char *btf_field_name(enum btf_field_kind kind)
{
	for (u32 i = 0; i < ARRAY_SIZE(kind_rows); i++)
		if (kind_rows[i].kind == kind)
			return kind_rows[i].name;
	switch (kind) {
	case BTF_FIELD_KPTR_UNREF:
	case BTF_FIELD_KPTR_REF:
		return "kptr";
	case BTF_FIELD_KPTR_PERCPU:
		return "percpu_kptr";
	case BTF_FIELD_UPTR:
		return "uptr";
	default:
		return "unknown";
	}
}

const struct btf_field *btf_fields_kind(const struct btf_fields *fields, u32 mask)
{
	for (u32 i = 0; fields && i < fields->cnt; i++)
		if (fields->at[i].kind & mask)
			return &fields->at[i];
	return NULL;
}

const struct btf_field *btf_fields_at(const struct btf_fields *fields, u32 offset, u32 mask)
{
	for (u32 i = 0; fields && i < fields->cnt; i++)
		if (fields->at[i].offset == offset && fields->at[i].kind & mask)
			return &fields->at[i];
	return NULL;
}

/* ---- search ---- */

struct found {
	enum btf_field_kind kind;
	u32 offset, size;
	u32 type_id;
	const char *node; /* name of the member that links what a list or tree holds */
};

struct search {
	const struct btf *btf;
	u32 mask, seen;
	u32 *steps; /* that are left */
	u32 cnt;
	struct found at[BTF_MAX_FIELDS];
};

/* Where a type is used: a member of a struct, or a variable. */
struct place {
	u32 owner; /* the struct's or variable's type */
	s32 component;
	u32 offset;
	u32 size; /* what the section says; 0: a member */
	u32 depth;
};

static int add_found(struct search *s, const struct found *f)
{
	if (s->cnt == BTF_MAX_FIELDS)
		return -E2BIG;
	s->at[s->cnt++] = *f;
	return 0;
}

static bool may_repeat(enum btf_field_kind kind)
{
	return kind & (BTF_FIELD_KPTR | BTF_FIELD_GRAPH_ROOT);
}

/* The fields from @first on are those of one element of an array. */
static int repeat(struct search *s, u32 first, u32 nelems, u32 elem_size)
{
	u32 n = s->cnt - first;

	for (u32 i = first; i < s->cnt; i++)
		if (!may_repeat(s->at[i].kind))
			return -EINVAL;
	if ((u64)n * nelems > BTF_MAX_FIELDS - first)
		return -E2BIG;
	for (u32 e = 1; e < nelems; e++)
		for (u32 i = 0; i < n; i++) {
			struct found f = s->at[first + i];

			f.offset += e * elem_size;
			s->at[s->cnt++] = f;
		}
	return 0;
}

/* A pointer with one tag, which says what it may hold. 1: found, 0: plain. */
static int find_kptr(const struct btf *btf, const struct btf_type *t, struct found *f)
{
	const char *tag;

	if (btf_kind(t) == BTF_KIND_VOLATILE)
		t = btf_type_by_id(btf, t->type);
	if (btf_kind(t) != BTF_KIND_PTR)
		return 0;
	t = btf_type_by_id(btf, t->type);
	if (btf_kind(t) != BTF_KIND_TYPE_TAG)
		return 0;
	if (btf_kind(btf_type_by_id(btf, t->type)) == BTF_KIND_TYPE_TAG)
		return -EINVAL;
	tag = btf_name(btf, t);
	f->kind = 0;
	for (u32 i = 0; i < ARRAY_SIZE(kptr_tags); i++)
		if (!strcmp(kptr_tags[i].tag, tag))
			f->kind = kptr_tags[i].kind;
	if (!f->kind)
		return -EINVAL;
	t = btf_skip_mods(btf, t->type, &f->type_id);
	return t && is_struct(t) ? 1 : -EINVAL;
}

static bool take_steps(u32 *steps, u32 n)
{
	if (*steps < n)
		return false;
	*steps -= n;
	return true;
}

/* The text behind @key in the one tag of the place. */
static int find_tag(struct search *s, const struct place *at, const char *key, const char **value)
{
	const struct btf *btf = s->btf;
	size_t len = strlen(key);

	*value = NULL;
	if (!take_steps(s->steps, btf_type_cnt(btf)))
		return -E2BIG;
	for (u32 i = 1; i < btf_type_cnt(btf); i++) {
		const struct btf_type *t = btf_type_by_id(btf, i);
		const struct btf_decl_tag *tag = btf_tail(t);

		if (btf_kind(t) != BTF_KIND_DECL_TAG || t->type != at->owner ||
		    tag->component_idx != at->component || strncmp(btf_name(btf, t), key, len))
			continue;
		if (*value)
			return -EEXIST;
		*value = btf_name(btf, t) + len;
	}
	return *value ? 0 : -ENOENT;
}

/* "contains:element:node" says what a list or tree holds, and by which member. */
static int find_contents(struct search *s, const struct place *at, struct found *f)
{
	const struct btf *btf = s->btf;
	const char *value, *colon;
	char name[BTF_NAME_LEN];
	size_t len;
	s32 id;

	if (find_tag(s, at, "contains:", &value))
		return -EINVAL;
	colon = strchr(value, ':');
	if (!colon)
		return -EINVAL;
	len = (size_t)(colon - value);
	if (len >= sizeof(name))
		return -ENOENT;
	memcpy(name, value, len);
	name[len] = 0;
	id = btf_find(btf, BTF_KIND_STRUCT, name);
	if (id < 0)
		return id;
	if (!colon[1])
		return -EINVAL;
	f->type_id = (u32)id;
	f->node = colon + 1;
	return 0;
}

static int find_row(struct search *s, const struct btf_type *t, const struct kind_row **out)
{
	const char *name = btf_name(s->btf, t);

	*out = NULL;
	for (u32 i = 0; i < ARRAY_SIZE(kind_rows); i++) {
		const struct kind_row *row = &kind_rows[i];

		if (!(s->mask & row->kind) || strcmp(name, row->name))
			continue;
		if (row->once && s->seen & row->kind)
			return -E2BIG;
		if (row->once)
			s->seen |= row->kind;
		*out = row;
		return 0;
	}
	if (s->mask & BTF_FIELD_KPTR && !is_struct(t))
		*out = &kptr_row;
	return 0;
}

static int search_struct(struct search *s, const struct btf_type *t, u32 id, u32 depth);

static int search_nested(struct search *s, const struct btf_type *t, u32 id, u32 nelems,
			 const struct place *at)
{
	u32 first = s->cnt;
	int err;

	if (at->depth + 1 >= MAX_DEPTH)
		return -E2BIG;
	err = search_struct(s, t, id, at->depth + 1);
	for (u32 i = first; i < s->cnt; i++)
		s->at[i].offset += at->offset;
	if (err || nelems <= 1 || first == s->cnt)
		return err;
	return repeat(s, first, nelems, t->size);
}

/* A field told by its type's name, or a pointer. */
static int search_field(struct search *s, const struct btf_type *t, const struct kind_row *row,
			u32 nelems, const struct place *at)
{
	struct found f = {.kind = row->kind, .offset = at->offset, .size = row->size};
	u32 first = s->cnt;
	int err;

	if (row == &kptr_row) {
		err = find_kptr(s->btf, t, &f);
		if (err <= 0)
			return err;
	} else {
		if (!is_struct(t) || t->size != row->size)
			return 0;
		err = row->kind & BTF_FIELD_GRAPH_ROOT ? find_contents(s, at, &f) : 0;
		if (err)
			return err;
	}
	err = add_found(s, &f);
	return err || nelems <= 1 ? err : repeat(s, first, nelems, row->size);
}

static int search_type(struct search *s, u32 id, const struct place *at)
{
	const struct btf_type *t = btf_type_by_id(s->btf, id);
	const struct kind_row *row;
	u32 nelems = 1, depth = 0;
	int err;

	while (depth++ < MAX_DEPTH && btf_kind(t) == BTF_KIND_ARRAY) {
		const struct btf_array *array = btf_tail(t);

		nelems *= array->nelems;
		id = array->type;
		t = btf_type_by_id(s->btf, id);
	}
	if (depth > MAX_DEPTH)
		return -E2BIG;
	if (!nelems)
		return 0;
	err = find_row(s, t, &row);
	if (err)
		return err;
	if (!row) {
		if (!is_struct(t) || (at->size && at->size != t->size * nelems))
			return 0;
		return search_nested(s, t, id, nelems, at);
	}
	if ((at->size && at->size != row->size * nelems) || at->offset % row->align)
		return 0;
	return search_field(s, t, row, nelems, at);
}

static int search_struct(struct search *s, const struct btf_type *t, u32 id, u32 depth)
{
	const struct btf_member *member = btf_tail(t);
	int err = 0;

	for (u32 i = 0; i < btf_vlen(t) && !err; i++) {
		u32 bits = btf_member_bit_offset(t, i);
		struct place at = {id, (s32)i, bits / 8, 0, depth};

		if (!take_steps(s->steps, 1))
			return -E2BIG;
		err = bits % 8 ? -EINVAL : search_type(s, member[i].type, &at);
	}
	return err;
}

static int search_section(struct search *s, const struct btf_type *t)
{
	const struct btf_var_secinfo *var = btf_tail(t);
	int err = 0;

	for (u32 i = 0; i < btf_vlen(t) && !err; i++) {
		struct place at = {var[i].type, -1, var[i].offset, var[i].size, 0};

		err = search_type(s, btf_type_by_id(s->btf, var[i].type)->type, &at);
	}
	return err;
}

/* ---- what a field refers to ---- */

u32 btf_object_offset(const struct btf *kernel, u32 id)
{
	const struct btf_type *t = btf_type_by_id(kernel, id);
	const struct btf_member *m = t ? btf_tail(t) : NULL;

	for (u32 i = 0; t && is_struct(t) && i < btf_vlen(t); i++)
		if (!strcmp(btf_str(kernel, m[i].name_off), "host_object"))
			return btf_member_bit_offset(t, i) / 8;
	return 0;
}

/* A type of the kernel by name, else one of the program's own. */
static int resolve_kptr(const struct btf *btf, const struct btf *kernel, struct btf_field *field)
{
	const struct btf_type *t = btf_type_by_id(btf, field->type_id);
	const char *name = btf_name(btf, t);
	s32 id = kernel ? btf_find(kernel, btf_kind(t), name) : -ENOENT;

	field->btf = btf;
	if (id < 0)
		return 0;
	field->btf = kernel;
	field->type_id = (u32)id;
	field->node_offset = btf_object_offset(kernel, (u32)id);
	if (field->kind != BTF_FIELD_KPTR_REF)
		return 0;
	for (u32 i = 0; i < ARRAY_SIZE(kept_types); i++)
		if (!strcmp(kept_types[i], name))
			return 0;
	return -ENOENT;
}

static int resolve_root(const struct btf *btf, const struct found *f, struct btf_field *field)
{
	const char *node = f->kind == BTF_FIELD_LIST_HEAD ? "bpf_list_node" : "bpf_rb_node";
	const struct btf_type *t = btf_type_by_id(btf, f->type_id), *n = NULL;
	const struct btf_member *member = btf_tail(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 bits = btf_member_bit_offset(t, i);

		if (strcmp(f->node, btf_str(btf, member[i].name_off)))
			continue;
		if (n)
			return -EINVAL;
		n = btf_type_by_id(btf, member[i].type);
		if (!is_struct(n) || strcmp(node, btf_name(btf, n)) || bits % 64)
			return -EINVAL;
		field->btf = btf;
		field->node_offset = bits / 8;
	}
	return n ? 0 : -ENOENT;
}

static int resolve(const struct btf *btf, const struct btf *kernel, const struct found *f,
		   struct btf_field *field)
{
	*field = (struct btf_field){
		.kind = f->kind,
		.offset = f->offset,
		.size = f->size,
		.type_id = f->type_id,
	};
	if (f->kind & BTF_FIELD_KPTR)
		return resolve_kptr(btf, kernel, field);
	if (f->kind & BTF_FIELD_GRAPH_ROOT)
		return resolve_root(btf, f, field);
	return 0;
}

/* Fields come in the order of members, which must be that of offsets. */
static int resolve_all(const struct search *s, const struct btf *kernel, u32 size,
		       struct btf_fields *fields)
{
	u32 next = 0;

	for (u32 i = 0; i < s->cnt; i++) {
		const struct found *f = &s->at[i];
		int err;

		if ((u64)f->offset + f->size > size)
			return -EFAULT;
		if (f->offset < next)
			return -EEXIST;
		next = f->offset + f->size;
		fields->mask |= f->kind;
		err = resolve(s->btf, kernel, f, &fields->at[fields->cnt]);
		if (err)
			return err;
		fields->cnt++;
	}
	return 0;
}

/* @steps: that are left; less afterwards. */
static int find_fields(const struct btf *btf, const struct btf *kernel, u32 id, u32 mask, u32 size,
		       struct btf_fields *fields, u32 *steps)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	struct search s = {.btf = btf, .mask = mask, .steps = steps};
	int err = -EINVAL;

	memset(fields, 0, sizeof(*fields));
	if (t && is_struct(t))
		err = search_struct(&s, t, id, 0);
	else if (t && btf_kind(t) == BTF_KIND_DATASEC)
		err = search_section(&s, t);
	if (!err)
		err = resolve_all(&s, kernel, size, fields);
	if (err)
		return err;
	if (fields->mask & BTF_FIELD_GRAPH_ROOT && !(fields->mask & BTF_FIELD_SPIN_LOCK))
		return -EINVAL;
	/* An object in two collections needs a count of its owners. */
	if (!(fields->mask & BTF_FIELD_REFCOUNT) &&
	    (fields->mask & BTF_FIELD_GRAPH_NODE) == BTF_FIELD_GRAPH_NODE)
		return -EINVAL;
	return 0;
}

int btf_find_fields(const struct btf *btf, const struct btf *kernel, u32 id, u32 mask, u32 size,
		    struct btf_fields *fields)
{
	u32 steps = MAX_STEPS;

	return find_fields(btf, kernel, id, mask, size, fields, &steps);
}

int btf_check_roots(const struct btf *btf, const struct btf_fields *fields)
{
	for (u32 i = 0; i < fields->cnt; i++)
		if (fields->at[i].kind & BTF_FIELD_GRAPH_ROOT &&
		    !btf_struct_fields(btf, fields->at[i].type_id))
			return -EFAULT;
	return 0;
}

bool btf_has_kptrs(const struct btf *btf)
{
	struct found f;

	for (u32 i = 1; i < btf_type_cnt(btf); i++)
		if (btf_kind(btf_type_by_id(btf, i)) == BTF_KIND_PTR &&
		    find_kptr(btf, btf_type_by_id(btf, i), &f) > 0)
			return true;
	return false;
}

/* ---- all structures of a BTF ---- */

static struct btf_object_fields *find_object(const struct btf *btf, u32 id)
{
	u32 lo = 0, hi = (u32)btf->objects.len;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (btf->objects.at[mid].id == id)
			return &btf->objects.at[mid];
		if (btf->objects.at[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct btf_fields *btf_struct_fields(const struct btf *btf, u32 id)
{
	const struct btf_object_fields *object = find_object(btf, id);

	return object ? object->fields : NULL;
}

/* Whether a member of that type makes its struct one with special fields. */
static bool is_object_field(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	struct found f;

	if (find_kptr(btf, t, &f) > 0)
		return true;
	if (!is_struct(t))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(kind_rows); i++)
		if (kind_rows[i].kind & BTF_FIELDS_OF_OBJECTS &&
		    !strcmp(kind_rows[i].name, btf_name(btf, t)))
			return true;
	return false;
}

static bool is_object(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_member *member = btf_tail(t);

	if (!is_struct(t))
		return false;
	for (u32 i = 0; i < btf_vlen(t); i++)
		if (is_object_field(btf, member[i].type))
			return true;
	return false;
}

static int add_object(struct btf *btf, const struct btf *kernel, u32 id, u32 *steps)
{
	struct btf_object_fields object = {.id = id};
	int err;

	object.fields = mem_zalloc(btf->mem, sizeof(*object.fields));
	if (!object.fields)
		return -ENOMEM;
	err = find_fields(btf, kernel, id, BTF_FIELDS_OF_OBJECTS, btf_type_by_id(btf, id)->size,
			  object.fields, steps);
	if (!err && !object.fields->cnt)
		err = -EFAULT;
	if (!err && !vec_push(&btf->objects, btf->mem, object))
		err = -ENOMEM;
	if (err)
		mem_free(btf->mem, object.fields);
	return err;
}

#define MAX_OWNERSHIP 8

/* How deep objects of the type own others, itself included; -ELOOP. */
static int ownership_depth(const struct btf *btf, struct btf_object_fields *object, u32 left)
{
	u32 deepest = 0;

	if (!left)
		return -ELOOP;
	for (u32 i = 0; !object->depth && i < object->fields->cnt; i++) {
		const struct btf_field *f = &object->fields->at[i];
		struct btf_object_fields *owned;
		int depth;

		if (!(f->kind &
		      (BTF_FIELD_GRAPH_ROOT | BTF_FIELD_KPTR_REF | BTF_FIELD_KPTR_PERCPU)) ||
		    f->btf != btf)
			continue;
		owned = find_object(btf, f->type_id);
		if (!owned)
			continue;
		depth = ownership_depth(btf, owned, left - 1);
		if (depth < 0)
			return depth;
		deepest = (u32)depth > deepest ? (u32)depth : deepest;
	}
	if (!object->depth)
		object->depth = (u8)(deepest + 1);
	return object->depth > left ? -ELOOP : object->depth;
}

int btf_add_struct_fields(struct btf *btf, const struct btf *kernel)
{
	u32 steps = MAX_STEPS;
	int err;

	for (u32 i = 1; i < btf_type_cnt(btf); i++) {
		if (!is_object(btf, btf_type_by_id(btf, i)))
			continue;
		err = add_object(btf, kernel, i, &steps);
		if (err)
			return err;
	}
	for (u32 i = 0; i < btf->objects.len; i++) {
		err = btf_check_roots(btf, btf->objects.at[i].fields);
		if (err)
			return err;
	}
	for (u32 i = 0; i < btf->objects.len; i++) {
		err = ownership_depth(btf, &btf->objects.at[i], MAX_OWNERSHIP);
		if (err < 0)
			return err;
	}
	return 0;
}
