/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies at an offset of a structure: down through structures, unions and
 * arrays to a number, a pointer or a structure that starts there. An array of
 * structures counts as so many members; one of numbers is one stretch that
 * any access within it may use.
 */
#include <stdio.h>

#include "verify/btf_ptr.h"

/* Not a part: the walk goes on in the structure that place.id has become. */
#define INTO 100

/* Where the walk is: in type .id, of which .off and .size are wanted. */
struct place {
	u32 id;
	u32 off, size;
	const struct btf_type *t;
	const char *name;
};

/* A member at work; of an array the element that is wanted. */
struct member {
	const char *name;
	u32 id; /* without modifiers */
	const struct btf_type *t;
	u32 start, size;
	u32 end; /* of the whole member */
};

__printf(3, 4) static int refuse(struct btf_walk *w, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, args);
	va_end(args);
	return error;
}

static const struct btf_member *members(const struct btf_type *t)
{
	return btf_tail(t);
}

static int refuse_beyond(struct btf_walk *w, const struct place *at)
{
	return refuse(w, -EACCES, "access beyond struct %s at off %u size %u", at->name, at->off,
		      at->size);
}

/* Beyond the end: only where the last member is an array without a length. */
static int into_flexible(struct btf_walk *w, struct place *at)
{
	u32 vlen = btf_vlen(at->t), id, start;
	const struct btf_type *t;
	const struct btf_array *array;

	if (!w->flexible || !vlen)
		return refuse_beyond(w, at);
	t = btf_skip_mods(w->btf, members(at->t)[vlen - 1].type, NULL);
	start = btf_member_bit_offset(at->t, vlen - 1) / 8;
	array = btf_tail(t);
	if (btf_kind(t) != BTF_KIND_ARRAY || array->nelems || at->off < start)
		return refuse_beyond(w, at);
	t = btf_skip_mods(w->btf, array->type, &id);
	if (btf_kind(t) == BTF_KIND_INT)
		return BTF_PART_SCALAR;
	if (!btf_is_struct(t) || !t->size)
		return refuse_beyond(w, at);
	at->id = id;
	at->off = (at->off - start) % t->size;
	return INTO;
}

/* Moves a member that is an array to its element at @off. False: nothing is there. */
static bool pick_element(const struct btf_walk *w, struct member *m, u32 off)
{
	while (btf_kind(m->t) == BTF_KIND_ARRAY) {
		const struct btf_array *array = btf_tail(m->t);

		if (m->start == m->end)
			return false;
		m->t = btf_skip_mods(w->btf, array->type, &m->id);
		m->size = (u32)btf_size(w->btf, m->id);
		m->start += (off - m->start) / m->size * m->size;
	}
	return true;
}

static u32 pointer_tag(const struct btf_walk *w, const struct btf_type *ptr)
{
	static const struct {
		const char *tag;
		u32 flag;
	} tags[] = {{"user", MEM_USER}, {"percpu", MEM_PERCPU}, {"rcu", MEM_RCU}};
	const struct btf_type *to = btf_type_by_id(w->btf, ptr->type);

	for (u32 i = 0; i < ARRAY_SIZE(tags); i++)
		if (btf_kind(to) == BTF_KIND_TYPE_TAG && !strcmp(btf_name(w->btf, to), tags[i].tag))
			return tags[i].flag;
	return 0;
}

static int check_pointer(struct btf_walk *w, const struct place *at, const struct member *m)
{
	const struct btf_type *to;
	u32 id;

	if (m->size != at->size || at->off != m->start)
		return refuse(w, -EACCES,
			      "cannot access ptr member %s with moff %u in struct %s with off %u "
			      "size %u",
			      m->name, m->start, at->name, at->off, at->size);
	to = btf_skip_mods(w->btf, m->t->type, &id);
	if (!btf_is_struct(to))
		return BTF_PART_SCALAR;
	w->id = id;
	w->flags |= pointer_tag(w, m->t);
	w->field = m->name;
	return BTF_PART_PTR;
}

static int in_member(struct btf_walk *w, struct place *at, const struct member *m)
{
	if (btf_is_struct(m->t)) {
		w->id = m->id;
		if (at->off == m->start)
			return BTF_PART_STRUCT;
		at->id = m->id;
		at->off -= m->start;
		return INTO;
	}
	if (btf_kind(m->t) == BTF_KIND_PTR) {
		int ret = check_pointer(w, at, m);

		if (ret != BTF_PART_SCALAR)
			return ret;
	}
	if (at->off + at->size > m->end && !(w->flags & PTR_UNTRUSTED))
		return refuse(w, -EACCES,
			      "access beyond the end of member %s (mend:%u) in struct %s with off "
			      "%u size %u",
			      m->name, m->end, at->name, at->off, at->size);
	return BTF_PART_SCALAR;
}

/* A number of some bits: accesses that cover it whole are fine. */
static bool covers_bitfield(const struct place *at, u32 i)
{
	u32 bits = btf_member_bit_offset(at->t, i);
	u32 end = (bits + btf_member_bitfield_size(at->t, i) + 7) / 8;

	return at->off <= bits / 8 && end <= at->off + at->size;
}

static int find_member(struct btf_walk *w, struct place *at)
{
	for (u32 i = 0; i < btf_vlen(at->t); i++) {
		const struct btf_member *member = &members(at->t)[i];
		struct member m = {.name = btf_str(w->btf, member->name_off)};
		s64 size;

		m.start = btf_member_bit_offset(at->t, i) / 8;
		if (at->off + at->size <= m.start)
			break;
		if (btf_member_bitfield_size(at->t, i)) {
			if (covers_bitfield(at, i))
				return BTF_PART_SCALAR;
			continue;
		}
		if (at->off < m.start)
			break;
		m.t = btf_skip_mods(w->btf, member->type, &m.id);
		size = btf_size(w->btf, m.id);
		if (size < 0)
			return refuse(w, -EFAULT, "field %s doesn't have size", m.name);
		m.size = (u32)size;
		m.end = m.start + m.size;
		if (at->off >= m.end || !pick_element(w, &m, at->off))
			continue;
		return in_member(w, at, &m);
	}
	return refuse(w, -EINVAL, "struct %s doesn't have field at offset %u", at->name, at->off);
}

int btf_walk_step(struct btf_walk *w, u32 id, s32 off, u32 size)
{
	struct place at = {.id = id, .off = (u32)off, .size = size};
	int ret = INTO;

	while (ret == INTO) {
		at.t = btf_skip_mods(w->btf, at.id, NULL);
		at.name = btf_name(w->btf, at.t);
		if (!btf_is_struct(at.t))
			return refuse(w, -EINVAL, "Type '%s' is not a struct", at.name);
		/* Which member of a union holds is not known; nor is whether a pointer does. */
		if (btf_kind(at.t) == BTF_KIND_UNION && btf_vlen(at.t) != 1)
			w->flags |= PTR_UNTRUSTED;
		if ((u64)at.off + at.size > at.t->size)
			ret = into_flexible(w, &at);
		else
			ret = find_member(w, &at);
	}
	return ret;
}

int btf_walk(struct btf_walk *w, u32 id, s32 off, u32 size)
{
	int ret;

	for (;;) {
		ret = btf_walk_step(w, id, off, size);
		if (ret != BTF_PART_STRUCT)
			return ret;
		id = w->id;
		off = 0;
	}
}

/* ---- by name ---- */

/* The member of @t of that name, also inside of members without one. */
static bool find_named(const struct btf *btf, const struct btf_type *t, const char *name,
		       size_t len, u32 *id, u32 *start)
{
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &members(t)[i];
		const char *member = btf_str(btf, m->name_off);
		u32 at = *start;

		*start = at + btf_member_bit_offset(t, i) / 8;
		*id = m->type;
		if (!*member) {
			const struct btf_type *in = btf_skip_mods(btf, m->type, NULL);

			if (btf_is_struct(in) && find_named(btf, in, name, len, id, start))
				return true;
		} else if (!strncmp(member, name, len) && !member[len]) {
			return true;
		}
		*start = at;
	}
	return false;
}

int btf_member_range(const struct btf *btf, const char *type, const char *path, u32 *start,
		     u32 *end)
{
	s32 found = btf_find(btf, BTF_KIND_STRUCT, type);
	u32 id = (u32)found;
	s64 size;

	*start = 0;
	if (found < 0)
		return -ENOENT;
	while (*path) {
		const struct btf_type *t = btf_skip_mods(btf, id, NULL);
		size_t len = strcspn(path, ".");

		if (!btf_is_struct(t) || !find_named(btf, t, path, len, &id, start))
			return -ENOENT;
		path += len + (path[len] == '.');
	}
	size = btf_size(btf, id);
	*end = *start + (u32)size;
	return size < 0 ? -ENOENT : 0;
}
