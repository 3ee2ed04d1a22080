/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that are a member of a structure of functions: attach_btf_id says
 * which structure, expected_attach_type which member.
 */
#include <stdio.h>

#include "verify/attach.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

static const struct ops_member {
	const char *ops, *member;
	bool sleeps;
	u32 nullable;
} ops_members[] = {
#define OPS(ops, member, sleeps, nullable) {#ops, #member, sleeps, nullable},
#include "verify/struct_ops.def"
#undef OPS
};

static const struct ops_member *find_member(const char *ops, const char *member)
{
	for (u32 i = 0; i < ARRAY_SIZE(ops_members); i++)
		if (!strcmp(ops_members[i].ops, ops) &&
		    (!member || !strcmp(ops_members[i].member, member)))
			return &ops_members[i];
	return NULL;
}

bool struct_ops_nullable(const char *ops, const char *member, u32 arg)
{
	const struct ops_member *row = find_member(ops, member);

	return row && arg < 32 && row->nullable & BIT(arg);
}

/* The kernel has a value type for each structure that programs may fill in. */
static bool kernel_takes(const struct btf *btf, const char *ops)
{
	char name[128];

	snprintf(name, sizeof(name), "bpf_struct_ops_%s", ops);
	return find_member(ops, NULL) && btf_find(btf, BTF_KIND_STRUCT, name) > 0;
}

/* The prototype of a member that is a pointer to a function, or NULL. */
static const struct btf_type *func_proto(const struct btf *btf, u32 type)
{
	const struct btf_type *t = btf_skip_mods(btf, type, NULL);

	if (btf_kind(t) != BTF_KIND_PTR)
		return NULL;
	t = btf_skip_mods(btf, t->type, NULL);
	return btf_kind(t) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

static int check_member(struct verifier *v, const struct btf_type *ops, const char *name)
{
	u32 i = v->in->attach_type;
	const struct btf *btf = v->in->attach_btf;
	const struct btf_member *member;
	const struct ops_member *row;
	const char *member_name;

	if (i >= btf_vlen(ops))
		return reject_program(v, -EINVAL, "attach to invalid member idx %u of struct %s", i,
				      name);
	member = (const struct btf_member *)btf_tail(ops) + i;
	member_name = btf_str(btf, member->name_off);
	v->attach.proto = func_proto(btf, member->type);
	if (!v->attach.proto)
		return reject_program(v, -EINVAL,
				      "attach to invalid member %s(@idx %u) of struct %s",
				      member_name, i, name);
	row = find_member(name, member_name);
	if (!row || (v->info.sleepable && !row->sleeps))
		return reject_program(v, row ? -EINVAL : -ENOTSUPP,
				      "attach to unsupported member %s of struct %s", member_name,
				      name);
	v->attach.btf = btf;
	v->attach.name = member_name;
	v->attach.ops = name;
	return 0;
}

int check_struct_ops(struct verifier *v)
{
	u32 id = v->in->attach_btf_id;
	const struct btf *btf = v->in->attach_btf;
	const struct btf_type *t;

	if (!v->in->gpl_compatible)
		return reject_program(v, -EINVAL,
				      "struct ops programs must have a GPL compatible license");
	if (!id || !btf)
		return -ENOTSUPP;
	t = btf_type_by_id(btf, id);
	if (!t || btf_kind(t) != BTF_KIND_STRUCT || !kernel_takes(btf, btf_name(btf, t)))
		return reject_program(v, -ENOTSUPP, "attach_btf_id %u is not a supported struct",
				      id);
	return check_member(v, t, btf_name(btf, t));
}
