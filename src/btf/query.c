/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to a parsed BTF: types by id and by name, sizes, members. */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "btf/impl.h"

u32 btf_type_cnt(const struct btf *btf)
{
	return btf->first_id + (u32)btf->types.len;
}

const struct btf_type *btf_type_by_id(const struct btf *btf, u32 id)
{
	if (id >= btf_type_cnt(btf))
		return NULL;
	btf = btf_owner(btf, id);
	return btf->types.at[id - btf->first_id];
}

const char *btf_str_or_null(const struct btf *btf, u32 off)
{
	while (off < btf->first_str)
		btf = btf->base;
	off -= btf->first_str;
	return off < btf->hdr.str_len ? btf->strs + off : NULL;
}

const char *btf_str(const struct btf *btf, u32 off)
{
	const char *s = btf_str_or_null(btf, off);

	return s ? s : "";
}

const void *btf_raw(const struct btf *btf, u32 *size)
{
	if (size)
		*size = btf->size;
	return btf->data;
}

/* ---- by name ---- */

/*
 * The slot of that kind and name in the own types' index, or the free one where
 * it belongs; NULL for what is no name: texts of tags may be of any length.
 */
static u32 *index_slot(const struct btf *btf, enum btf_kind kind, const char *name)
{
	size_t len = strnlen(name, BTF_NAME_LEN + 1);
	u32 at = hash_bytes(name, len, (u64)(uintptr_t)btf + kind);

	if (!len || len > BTF_NAME_LEN)
		return NULL;

	for (;; at++) {
		u32 *slot = &btf->index[at & btf->index_mask];
		const struct btf_type *t = *slot ? btf_type_by_id(btf, *slot) : NULL;

		if (!t || (btf_kind(t) == kind && !strcmp(btf_name(btf, t), name)))
			return slot;
	}
}

int btf_index_build(struct btf *btf)
{
	u32 slots = 16;

	while (slots < 2 * btf->types.len)
		slots *= 2;
	btf->index = mem_zalloc_array(btf->mem, slots, sizeof(*btf->index));
	if (!btf->index)
		return -ENOMEM;
	btf->index_mask = slots - 1;
	for (u32 id = btf->first_id; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		u32 *slot = index_slot(btf, btf_kind(t), btf_name(btf, t));

		if (slot && !*slot)
			*slot = id;
	}
	return 0;
}

s32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name)
{
	s32 id = btf->base ? btf_find(btf->base, kind, name) : -ENOENT;
	u32 *slot;

	if (id > 0)
		return id;
	slot = index_slot(btf, kind, name);
	return slot && *slot ? (s32)*slot : -ENOENT;
}

/* ---- layout ---- */

const struct btf_type *btf_skip_mods(const struct btf *btf, u32 id, u32 *out_id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	if (t && btf_is_mod(btf_kind(t))) {
		const struct btf *owner = btf_owner(btf, id);

		id = owner->unmodified[id - owner->first_id];
		t = btf_type_by_id(btf, id);
	}
	if (out_id)
		*out_id = id;
	return t;
}

const struct btf_type *btf_skip_quals(const struct btf *btf, u32 id, u32 *out_id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	while (t && btf_is_mod(btf_kind(t)) && btf_kind(t) != BTF_KIND_TYPEDEF) {
		id = t->type;
		t = btf_type_by_id(btf, id);
	}
	if (out_id)
		*out_id = id;
	return t;
}

s64 btf_size(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_skip_mods(btf, id, &id);

	if (t && btf_kind(t) == BTF_KIND_VAR)
		t = btf_skip_mods(btf, t->type, &id);
	if (!t)
		return -EINVAL;
	if (btf_has_size(btf_kind(t)))
		return t->size;
	if (btf_kind(t) == BTF_KIND_PTR)
		return BTF_PTR_SIZE;
	if (btf_kind(t) != BTF_KIND_ARRAY)
		return -EINVAL;
	btf = btf_owner(btf, id);
	return btf->array_sizes[id - btf->first_id];
}

s64 btf_align(const struct btf *btf, u32 id)
{
	u8 align;

	if (id >= btf_type_cnt(btf))
		return -EINVAL;
	btf = btf_owner(btf, id);
	align = btf->aligns[id - btf->first_id];
	return align ? align : -EINVAL;
}

u32 btf_member_bit_offset(const struct btf_type *t, u32 i)
{
	u32 offset = btf_members(t)[i].offset;

	return btf_kflag(t) ? offset & 0xffffff : offset;
}

u32 btf_member_bitfield_size(const struct btf_type *t, u32 i)
{
	return btf_kflag(t) ? btf_members(t)[i].offset >> 24 : 0;
}

/* ---- tags ---- */

const char *btf_next_decl_tag(const struct btf *btf, u32 type_id, s32 component, const char *prefix,
			      u32 *id)
{
	for (u32 i = *id + 1; i < btf_type_cnt(btf); i++) {
		const struct btf_type *t = btf_type_by_id(btf, i);
		const char *name = btf_name(btf, t);

		if (btf_kind(t) != BTF_KIND_DECL_TAG || t->type != type_id ||
		    ((const struct btf_decl_tag *)btf_tail(t))->component_idx != component ||
		    strncmp(name, prefix, strlen(prefix)))
			continue;
		*id = i;
		return name + strlen(prefix);
	}
	return NULL;
}
