/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes of arrays, alignments of all types and what is behind modifiers,
 * computed once so that queries are look-ups. Each type is laid out after what it consists of, on
 * an explicit stack: nesting is as deep as the input wants.
 *
 * The walk of check_types.c may stop at a pointer behind a typedef, so that
 * Linux lets a few types pass that contain themselves, or that hold an array
 * whose size it takes for 0. Here they are found: every later walk over
 * values relies on containment being finite.
 */
#include <errno.h>

#include "btf/impl.h"

enum layout_state { UNSEEN, OPEN, DONE };

struct layout {
	struct checker *c;
	struct btf *btf;
	u8 *states;
	VEC(struct resolve_frame) stack;
};

/* The @i-th type that is part of @t's value; 0 when there are no more. */
static u32 part(const struct btf_type *t, u32 i)
{
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		return i ? 0 : ((const struct btf_array *)btf_tail(t))->type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return i < btf_vlen(t) ? btf_members(t)[i].type : 0;
	case BTF_KIND_DATASEC:
		return i < btf_vlen(t) ? ((const struct btf_var_secinfo *)btf_tail(t))[i].type : 0;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return i ? 0 : t->type;
	default:
		return 0;
	}
}

static u32 align_of(const struct layout *l, u32 id)
{
	const struct btf *owner = btf_owner(l->btf, id);

	return owner->aligns[id - owner->first_id];
}

/* A scalar is aligned to the largest power of two that divides its size. */
static u32 scalar_align(u32 size)
{
	u32 align = size & -size;

	return !align ? 1 : align < BTF_MAX_ALIGN ? align : BTF_MAX_ALIGN;
}

/* A struct with a member out of its natural place is packed, which means 1. */
static u32 struct_align(const struct layout *l, const struct btf_type *t)
{
	u32 max = 1;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 align = align_of(l, btf_members(t)[i].type);
		u32 offset = btf_member_bit_offset(t, i);

		if (!align || (!btf_member_bitfield_size(t, i) && offset % (8 * align)))
			return 1;
		max = align > max ? align : max;
	}
	return t->size % max ? 1 : max;
}

static u32 datasec_align(const struct layout *l, const struct btf_type *t)
{
	u32 max = 1;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 align = align_of(l, part(t, i));

		max = align > max ? align : max;
	}
	return max;
}

static u32 compute_align(const struct layout *l, const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FLOAT:
		return scalar_align(t->size);
	case BTF_KIND_PTR:
		return BTF_PTR_SIZE;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return struct_align(l, t);
	case BTF_KIND_DATASEC:
		return datasec_align(l, t);
	default:
		return part(t, 0) ? align_of(l, part(t, 0)) : 0;
	}
}

static int fail(struct layout *l, u32 id, const char *text)
{
	l->c->id = id;
	return check_fail_type(l->c, btf_type_by_id(l->btf, id), -EINVAL, "%s", text);
}

static int finish(struct layout *l, u32 id)
{
	const struct btf_type *t = btf_type_by_id(l->btf, id);
	u32 i = id - l->btf->first_id;

	if (btf_kind(t) == BTF_KIND_ARRAY) {
		const struct btf_array *a = btf_tail(t);
		s64 elem = btf_size(l->btf, a->type);

		if (elem < 0)
			return fail(l, id, "Invalid elem");
		if ((u64)elem * a->nelems > UINT32_MAX)
			return fail(l, id, "Array size overflows U32_MAX");
		l->btf->array_sizes[i] = (u32)elem * a->nelems;
	}
	if (btf_is_mod(btf_kind(t)))
		btf_skip_mods(l->btf, t->type, &l->btf->unmodified[i]);
	l->btf->aligns[i] = (u8)compute_align(l, t);
	l->states[i] = DONE;
	l->stack.len--;
	return 0;
}

static int open(struct layout *l, u32 id)
{
	if (l->states[id - l->btf->first_id] == OPEN)
		return fail(l, id, "Loop detected");
	l->states[id - l->btf->first_id] = OPEN;
	return vec_push(&l->stack, l->btf->mem, (struct resolve_frame){.id = id}) ? 0 : -ENOMEM;
}

static int lay_out(struct layout *l, u32 root)
{
	int err = open(l, root);

	while (!err && l->stack.len) {
		struct resolve_frame *top = &l->stack.at[l->stack.len - 1];
		u32 id = part(btf_type_by_id(l->btf, top->id), top->next++);

		if (!id)
			err = finish(l, top->id);
		else if (id >= l->btf->first_id && l->states[id - l->btf->first_id] != DONE)
			err = open(l, id);
	}
	return err;
}

int btf_layout(struct checker *c)
{
	struct btf *btf = c->btf;
	struct layout l = {.c = c, .btf = btf};
	int err = 0;

	btf->array_sizes = mem_zalloc_array(btf->mem, btf->types.len + 1, sizeof(u32));
	btf->aligns = mem_zalloc(btf->mem, btf->types.len + 1);
	btf->unmodified = mem_zalloc_array(btf->mem, btf->types.len + 1, sizeof(u32));
	l.states = mem_zalloc(btf->mem, btf->types.len + 1);
	if (!btf->array_sizes || !btf->aligns || !btf->unmodified || !l.states)
		err = -ENOMEM;
	for (u32 i = 0; i < btf->types.len && !err; i++)
		if (l.states[i] == UNSEEN)
			err = lay_out(&l, btf->first_id + i);
	mem_free(btf->mem, l.states);
	vec_free(&l.stack, btf->mem);
	return err;
}
