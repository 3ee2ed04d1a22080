/* SPDX-License-Identifier: BSD-2-Clause */
/* That a member lies within its struct: the rules depend on the kind of the member's type. */
#include <errno.h>

#include "btf/impl.h"

/* Where a member lies: what its rules look at. */
struct place {
	const struct btf_type *t; /* the struct */
	const struct btf_member *m;
	u32 offset, bits; /* in bits; bits is 0 when no bitfield */
};

static u32 bytes_of_bits(u32 bits)
{
	return bits / 8 + !!(bits % 8);
}

/* Of the size, bytes after the offset; the first phase has checked that the offset is within. */
static u32 room(const struct place *p)
{
	return p->t->size - p->offset / 8;
}

static int check_bytes(struct checker *c, const struct place *p, u32 size)
{
	if (p->offset % 8)
		return check_fail_member(c, p->t, p->m, "Member is not byte aligned");
	if (room(p) < size)
		return check_fail_member(c, p->t, p->m, "Member exceeds struct_size");
	return 0;
}

/* Linux asks for the least alignment that any architecture has. */
static int check_float(struct checker *c, const struct place *p, u32 size)
{
	u32 align = 8 * (size < BTF_PTR_SIZE ? size : BTF_PTR_SIZE);

	if (p->offset % align)
		return check_fail_member(c, p->t, p->m, "Member is not properly aligned");
	if (room(p) < size)
		return check_fail_member(c, p->t, p->m, "Member exceeds struct_size");
	return 0;
}

bool check_int_is_regular(const struct btf_type *t)
{
	u32 bits = btf_int_bits(t);

	return !btf_int_offset(t) &&
	       (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
}

static int check_bits(struct checker *c, const struct place *p, u32 offset, u32 bits)
{
	u32 copy = bits + offset % 8;

	if (copy > 128)
		return check_fail_member(c, p->t, p->m, "nr_copy_bits exceeds 128");
	if (p->t->size < offset / 8 || p->t->size - offset / 8 < bytes_of_bits(copy))
		return check_fail_member(c, p->t, p->m, "Member exceeds struct_size");
	return 0;
}

/* Of old, the INT itself told the bits of a bitfield and where in a unit they begin. */
static int check_plain_int(struct checker *c, const struct place *p, const struct btf_type *type)
{
	if (UINT32_MAX - p->offset < btf_int_offset(type))
		return check_fail_member(c, p->t, p->m, "bits_offset exceeds U32_MAX");
	return check_bits(c, p, p->offset + btf_int_offset(type), btf_int_bits(type));
}

static int check_kflag_int(struct checker *c, const struct place *p, const struct btf_type *type)
{
	if (!check_int_is_regular(type))
		return check_fail_member(c, p->t, p->m, "Invalid member base type");
	if (!p->bits && p->offset % 8)
		return check_fail_member(c, p->t, p->m, "Invalid member offset");
	if (p->bits > btf_int_bits(type))
		return check_fail_member(c, p->t, p->m, "Invalid member bitfield_size");
	return check_bits(c, p, p->offset, p->bits ? p->bits : btf_int_bits(type));
}

/* Linux takes every enum for one of 32 bits here. */
static int check_kflag_enum(struct checker *c, const struct place *p)
{
	u32 bits = p->bits ? p->bits : 32;

	if (!p->bits && p->offset % 8)
		return check_fail_member(c, p->t, p->m, "Member is not byte aligned");
	if (p->bits > 32)
		return check_fail_member(c, p->t, p->m, "Invalid member bitfield_size");
	if (p->t->size < bytes_of_bits(p->offset + bits))
		return check_fail_member(c, p->t, p->m, "Member exceeds struct_size");
	return 0;
}

int check_member(struct checker *c, const struct btf_type *t, const struct btf_member *m)
{
	bool kflag = btf_kflag(t);
	struct btf_member resolved = *m; /* what messages show */
	struct place p = {t, &resolved, kflag ? m->offset & 0xffffff : m->offset,
			  kflag ? m->offset >> 24 : 0};
	u32 size;
	const struct btf_type *type = check_sized(c, &resolved.type, &size);

	if (!type)
		return check_fail_member(c, t, m, "Invalid member");
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return kflag ? check_kflag_int(c, &p, type) : check_plain_int(c, &p, type);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (kflag)
			return check_kflag_enum(c, &p);
		break;
	default:
		if (p.bits)
			return check_fail_member(c, t, p.m, "Invalid member bitfield_size");
	}
	if (btf_kind(type) == BTF_KIND_FLOAT)
		return check_float(c, &p, size);
	return check_bytes(c, &p, size);
}
