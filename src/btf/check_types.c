/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second phase of the check: what types say of each other. A depth-first
 * walk from each type, on a stack of Linux's depth and with its three modes,
 * which decide where a walk may stop: a struct may hold a pointer to itself
 * but not itself, and pointers may not form a ring of nothing but pointers.
 * The order of the walk is Linux's, since it decides which error is found.
 *
 * A step looks at the type on top of the stack. It either puts a type that
 * must be resolved first on top (and is called again later), or finishes its
 * own, or fails.
 */
#include <errno.h>

#include "btf/kinds.h"

enum resolve_state { UNSEEN, OPEN, RESOLVED };

static const struct btf_type *type_of(const struct checker *c, u32 id)
{
	return btf_type_by_id(c->btf, id);
}

/* Kinds that refer to other types but that none but their own kind refers to. */
static bool is_source_only(enum btf_kind kind)
{
	return kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG || kind == BTF_KIND_DATASEC;
}

static bool needs_resolve(enum btf_kind kind)
{
	return btf_is_mod(kind) || btf_is_struct(kind) || is_source_only(kind) ||
	       kind == BTF_KIND_PTR || kind == BTF_KIND_ARRAY || kind == BTF_KIND_FUNC;
}

static bool has_no_value(enum btf_kind kind)
{
	return kind == BTF_KIND_UNKN || kind == BTF_KIND_FWD || kind == BTF_KIND_FUNC ||
	       kind == BTF_KIND_FUNC_PROTO || kind == BTF_KIND_DECL_TAG;
}

/* NULL, or the type where it may be part of a value: an element or a member. */
static const struct btf_type *valued(const struct checker *c, u32 id)
{
	const struct btf_type *t = type_of(c, id);

	return t && !has_no_value(btf_kind(t)) && !is_source_only(btf_kind(t)) ? t : NULL;
}

static bool is_sink(const struct checker *c, enum btf_kind kind)
{
	switch (c->mode) {
	case RESOLVE_ANY:
		return !needs_resolve(kind);
	case RESOLVE_PTR:
		return !btf_is_mod(kind) && kind != BTF_KIND_PTR;
	case RESOLVE_AGGREGATE:
		break;
	}
	return !btf_is_mod(kind) && kind != BTF_KIND_ARRAY && !btf_is_struct(kind);
}

static bool is_resolved(const struct checker *c, u32 id)
{
	return id < c->btf->first_id || c->states[id - c->btf->first_id] == RESOLVED;
}

static int push(struct checker *c, u32 id)
{
	enum btf_kind kind = btf_kind(type_of(c, id));

	if (c->depth == RESOLVE_DEPTH)
		return -E2BIG;
	if (id < c->btf->first_id || c->states[id - c->btf->first_id] != UNSEEN)
		return -EEXIST;
	c->states[id - c->btf->first_id] = OPEN;
	c->stack[c->depth++] = (struct resolve_frame){.id = id};
	if (c->mode == RESOLVE_ANY) {
		if (kind == BTF_KIND_PTR)
			c->mode = RESOLVE_PTR;
		else if (btf_is_struct(kind) || kind == BTF_KIND_ARRAY)
			c->mode = RESOLVE_AGGREGATE;
	}
	return 0;
}

/* 0: @id is resolved as far as this walk asks; 1: it was put on the stack. */
static int visit(struct checker *c, u32 id)
{
	int err;

	if (is_sink(c, btf_kind(type_of(c, id))) || is_resolved(c, id))
		return 0;
	err = push(c, id);
	return err ? err : 1;
}

/* What a resolved type stands for; 0 where it stands for itself. */
static u32 target_of(const struct checker *c, u32 id)
{
	const struct btf_type *t;

	if (id >= c->btf->first_id)
		return c->targets[id - c->btf->first_id];
	t = type_of(c, id);
	if (btf_is_mod(btf_kind(t)))
		btf_skip_mods(c->btf, id, &id);
	else
		id = btf_kind(t) == BTF_KIND_FUNC ? t->type : 0;
	return id;
}

static int finish(struct checker *c, u32 target, u32 size)
{
	u32 i = c->stack[--c->depth].id - c->btf->first_id;

	c->targets[i] = target;
	c->sizes[i] = size;
	c->states[i] = RESOLVED;
	return 0;
}

const struct btf_type *check_sized(const struct checker *c, u32 *id, u32 *size)
{
	const struct btf_type *t = type_of(c, *id);

	if (t && (btf_is_mod(btf_kind(t)) || btf_kind(t) == BTF_KIND_VAR)) {
		*id = target_of(c, *id);
		t = type_of(c, *id);
	}
	if (!t)
		return NULL;
	if (btf_has_size(btf_kind(t)))
		*size = t->size;
	else if (btf_kind(t) == BTF_KIND_PTR)
		*size = BTF_PTR_SIZE;
	else if (btf_kind(t) == BTF_KIND_ARRAY)
		*size = *id < c->btf->first_id ? (u32)btf_size(c->btf, *id)
					       : c->sizes[*id - c->btf->first_id];
	else
		return NULL;
	return t;
}

static bool is_sized(const struct checker *c, u32 id)
{
	u32 size;

	return check_sized(c, &id, &size);
}

/*
 * A modifier may have been resolved in a walk that stopped at a pointer. A
 * pointer or variable goes on from there.
 */
static int visit_pointer_behind(struct checker *c, u32 id)
{
	if (!btf_is_mod(btf_kind(type_of(c, id))))
		return 0;
	id = target_of(c, id);
	return btf_kind(type_of(c, id)) == BTF_KIND_PTR ? visit(c, id) : 0;
}

/* Whether a type may stand for @id, which may have no size: void, forward, prototype. */
static bool is_referable(const struct checker *c, u32 *id)
{
	enum btf_kind kind;

	if (is_resolved(c, *id))
		*id = target_of(c, *id);
	kind = btf_kind(type_of(c, *id));
	return kind == BTF_KIND_UNKN || kind == BTF_KIND_FWD || kind == BTF_KIND_FUNC_PROTO;
}

/* Modifiers, pointers and variables. */
static int step_reference(struct checker *c, const struct btf_type *t)
{
	const struct btf_type *next = type_of(c, t->type);
	u32 id = t->type, size;
	int ret;

	if (!next || is_source_only(btf_kind(next)))
		return check_fail_type(c, t, -EINVAL, "Invalid type_id");
	ret = visit(c, id);
	if (!ret && !btf_is_mod(btf_kind(t)))
		ret = visit_pointer_behind(c, id);
	if (ret)
		return ret < 0 ? ret : 0;
	if (!check_sized(c, &id, &size)) {
		id = t->type;
		if (btf_kind(t) == BTF_KIND_VAR || !is_referable(c, &id))
			return check_fail_type(c, t, -EINVAL, "Invalid type_id");
	}
	return finish(c, id, 0);
}

static int check_index(struct checker *c, const struct btf_type *t, u32 id)
{
	u32 size;
	const struct btf_type *index = check_sized(c, &id, &size);

	if (!index || btf_kind(index) != BTF_KIND_INT || !check_int_is_regular(index))
		return check_fail_type(c, t, -EINVAL, "Invalid index");
	return 0;
}

static int finish_array(struct checker *c, const struct btf_type *t, const struct btf_array *a)
{
	u32 id = a->type, size = 0;
	const struct btf_type *elem = check_sized(c, &id, &size);

	if (!elem)
		return check_fail_type(c, t, -EINVAL, "Invalid elem");
	if (btf_kind(elem) == BTF_KIND_INT && !check_int_is_regular(elem))
		return check_fail_type(c, t, -EINVAL, "Invalid array of int");
	if ((u64)size * a->nelems > UINT32_MAX)
		return check_fail_type(c, t, -EINVAL, "Array size overflows U32_MAX");
	return finish(c, id, size * a->nelems);
}

static int step_array(struct checker *c, const struct btf_type *t)
{
	const struct btf_array *a = btf_tail(t);
	int ret;

	if (!valued(c, a->index_type))
		return check_fail_type(c, t, -EINVAL, "Invalid index");
	ret = visit(c, a->index_type);
	if (ret)
		return ret < 0 ? ret : 0;
	ret = check_index(c, t, a->index_type);
	if (ret)
		return ret;
	if (!valued(c, a->type))
		return check_fail_type(c, t, -EINVAL, "Invalid elem");
	ret = visit(c, a->type);
	if (ret)
		return ret < 0 ? ret : 0;
	return finish_array(c, t, a);
}

static int step_struct(struct checker *c, const struct btf_type *t)
{
	struct resolve_frame *frame = &c->stack[c->depth - 1];
	const struct btf_member *m = btf_members(t);

	for (; frame->next < btf_vlen(t); frame->next++) {
		int ret;

		if (!valued(c, m[frame->next].type))
			return check_fail_member(c, t, m + frame->next, "Invalid member");
		ret = visit(c, m[frame->next].type);
		if (!ret)
			ret = check_member(c, t, m + frame->next);
		if (ret)
			return ret < 0 ? ret : 0;
	}
	return finish(c, 0, 0);
}

static int step_datasec(struct checker *c, const struct btf_type *t)
{
	struct resolve_frame *frame = &c->stack[c->depth - 1];
	const struct btf_var_secinfo *v = btf_tail(t);

	c->mode = RESOLVE_ANY;
	while (frame->next < btf_vlen(t)) {
		const struct btf_var_secinfo *at = v + frame->next++;
		const struct btf_type *var = type_of(c, at->type);
		u32 id, size;
		int ret;

		if (!var || btf_kind(var) != BTF_KIND_VAR)
			return check_fail_var(c, t, at, "Not a VAR kind member");
		/* As in Linux, a variable that is resolved only now is not compared in size. */
		ret = visit(c, at->type);
		if (ret)
			return ret < 0 ? ret : 0;
		id = var->type;
		if (!check_sized(c, &id, &size))
			return check_fail_var(c, t, at, "Invalid type");
		if (at->size < size)
			return check_fail_var(c, t, at, "Invalid size");
	}
	return finish(c, 0, 0);
}

static u32 count_named(const struct btf_type *proto)
{
	const struct btf_param *p = btf_tail(proto);
	u32 n = 0;

	while (n < btf_vlen(proto) && (p[n].name_off || !p[n].type))
		n++;
	return n;
}

/*
 * Every parameter of a function has a name, unlike those of a mere prototype.
 * Many functions may share a prototype, which is looked through only once: a
 * prototype needs no target, and how many of its names are there is kept as it.
 */
static int step_func(struct checker *c, const struct btf_type *t)
{
	const struct btf_type *proto = type_of(c, t->type);
	u32 named, *kept;

	if (!proto || btf_kind(proto) != BTF_KIND_FUNC_PROTO)
		return check_fail_type(c, t, -EINVAL, "Invalid type_id");
	if (t->type < c->btf->first_id) {
		named = count_named(proto);
	} else {
		kept = &c->targets[t->type - c->btf->first_id];
		*kept = *kept ? *kept : 1 + count_named(proto);
		named = *kept - 1;
	}
	if (named < btf_vlen(proto))
		return check_fail_type(c, t, -EINVAL, "Invalid arg#%u", named + 1);
	return finish(c, t->type, 0);
}

static bool may_be_tagged(enum btf_kind kind)
{
	return kind == BTF_KIND_FUNC || btf_is_struct(kind) || kind == BTF_KIND_VAR ||
	       kind == BTF_KIND_TYPEDEF;
}

/* Members or parameters that a tag can be meant for. */
static u32 component_count(const struct checker *c, const struct btf_type *t)
{
	if (btf_is_struct(btf_kind(t)))
		return btf_vlen(t);
	return btf_kind(t) == BTF_KIND_FUNC ? btf_vlen(type_of(c, t->type)) : 0;
}

static int step_decl_tag(struct checker *c, const struct btf_type *t)
{
	const struct btf_type *next = type_of(c, t->type);
	s32 component = *(const s32 *)btf_tail(t);
	int ret;

	if (!next || !may_be_tagged(btf_kind(next)))
		return check_fail_type(c, t, -EINVAL, "Invalid type_id");
	ret = visit(c, t->type);
	if (ret)
		return ret < 0 ? ret : 0;
	if (component != -1 && (u32)component >= component_count(c, next))
		return check_fail_type(c, t, -EINVAL, "Invalid component_idx");
	return finish(c, t->type, 0);
}

static int step(struct checker *c)
{
	const struct btf_type *t = type_of(c, c->stack[c->depth - 1].id);

	c->id = c->stack[c->depth - 1].id;
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		return step_array(c, t);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return step_struct(c, t);
	case BTF_KIND_DATASEC:
		return step_datasec(c, t);
	case BTF_KIND_FUNC:
		return step_func(c, t);
	case BTF_KIND_DECL_TAG:
		return step_decl_tag(c, t);
	default:
		return step_reference(c, t);
	}
}

static int resolve(struct checker *c, const struct btf_type *t, u32 id)
{
	u32 saved = c->id;
	int err;

	c->mode = RESOLVE_ANY;
	err = push(c, id);
	while (!err && c->depth)
		err = step(c);
	c->id = id;
	if (err == -E2BIG)
		check_fail_type(c, t, err, "Exceeded max resolving depth:%u", RESOLVE_DEPTH);
	else if (err == -EEXIST)
		check_fail_type(c, t, err, "Loop detected");
	c->id = saved;
	return err;
}

static int resolve_if_needed(struct checker *c, const struct btf_type *t, u32 id)
{
	return needs_resolve(btf_kind(t)) && !is_resolved(c, id) ? resolve(c, t, id) : 0;
}

/* 1: what a function takes or returns is in order; 0: it is not. */
static int check_passed(struct checker *c, u32 id)
{
	const struct btf_type *t = type_of(c, id);
	int err;

	if (!t || is_source_only(btf_kind(t)))
		return 0;
	err = resolve_if_needed(c, t, id);
	return err ? err : is_sized(c, id);
}

static bool param_name_valid(const struct checker *c, u32 off)
{
	return !off || (check_name_off(c->btf, off) && check_is_identifier(c->btf, off));
}

static int check_proto(struct checker *c, const struct btf_type *t)
{
	const struct btf_param *p = btf_tail(t);
	u32 n = btf_vlen(t);
	int ret = t->type ? check_passed(c, t->type) : 1;

	if (ret <= 0)
		return ret ? ret : check_fail_type(c, t, -EINVAL, "Invalid return type");
	if (n && !p[n - 1].type) { /* ... */
		if (p[n - 1].name_off)
			return check_fail_type(c, t, -EINVAL, "Invalid arg#%u", n);
		n--;
	}
	for (u32 i = 0; i < n; i++) {
		ret = param_name_valid(c, p[i].name_off) ? check_passed(c, p[i].type) : 0;
		if (ret <= 0)
			return ret ? ret : check_fail_type(c, t, -EINVAL, "Invalid arg#%u", i + 1);
	}
	return 0;
}

/*
 * Type tags come first in a chain of modifiers: pointer, tags, qualifiers. A
 * chain that ends in one looked at before is not followed again.
 */
static int check_tag_order(struct checker *c, u32 first)
{
	u32 done = first - 1;

	for (u32 i = first; i < btf_type_cnt(c->btf); i++) {
		const struct btf_type *t = type_of(c, i);
		bool in_tags = btf_kind(t) == BTF_KIND_TYPE_TAG;
		u32 at = i;

		if (!btf_is_mod(btf_kind(t)))
			continue;
		for (u32 left = 32; btf_is_mod(btf_kind(t)); left--) {
			bool is_tag = btf_kind(t) == BTF_KIND_TYPE_TAG;

			if (!left)
				return check_fail(c, -ELOOP, "Max chain length or cycle detected");
			if (is_tag && !in_tags)
				return check_fail(c, -EINVAL, "Type tags don't precede modifiers");
			in_tags = is_tag;
			if (at <= done)
				break;
			at = t->type;
			t = type_of(c, at);
		}
		done = i;
	}
	return 0;
}

int check_types(struct checker *c)
{
	struct btf *btf = c->btf;
	u32 first = btf->base ? btf->first_id : 1;

	c->in_types = true;
	for (u32 id = first; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = type_of(c, id);
		int err;

		c->id = id;
		err = resolve_if_needed(c, t, id);
		if (!err && btf_kind(t) == BTF_KIND_FUNC_PROTO)
			err = check_proto(c, t);
		if (err)
			return err;
	}
	return check_tag_order(c, first);
}
