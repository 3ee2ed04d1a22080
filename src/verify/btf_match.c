/* SPDX-License-Identifier: BSD-2-Clause */
/* Which BTF types are the same, and which are found within others. */
#include "verify/btf_ptr.h"

bool btf_same_type(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id)
{
	return a_id == b_id && (a == b || btf_type_by_id(a, a_id) == btf_type_by_id(b, b_id));
}

bool btf_struct_ids_match(struct verifier *v, const struct btf_match *m)
{
	struct btf_walk w = {.btf = m->btf, .flexible = m->flexible};
	u32 id = m->id;
	s32 off = m->off;

	if (!off && btf_same_type(m->btf, id, m->need_btf, m->need_id))
		return true;
	if (m->strict)
		return false;
	do {
		int ret = btf_walk_step(&w, id, off, 1);

		if (ret < 0)
			note(v, "%s\n", w.text);
		if (ret != BTF_PART_STRUCT)
			return false;
		id = w.id;
		off = 0;
	} while (!btf_same_type(m->btf, id, m->need_btf, m->need_id));
	return true;
}

/* @name is @base and a suffix that says that the object is not ready yet. */
static bool is_unready_alias(const char *name, const char *base)
{
	size_t len = strlen(base);

	return !strncmp(name, base, len) && !strcmp(name + len, "___init");
}

bool btf_is_nocast_alias(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id)
{
	const char *a_name = btf_id_name(a, a_id), *b_name = btf_id_name(b, b_id);

	return is_unready_alias(a_name, b_name) || is_unready_alias(b_name, a_name);
}

const char *btf_kind_name(const struct btf_type *t)
{
	static const char *const names[BTF_KINDS] = {
		[BTF_KIND_UNKN] = "UNKNOWN",	  [BTF_KIND_INT] = "INT",
		[BTF_KIND_PTR] = "PTR",		  [BTF_KIND_ARRAY] = "ARRAY",
		[BTF_KIND_STRUCT] = "STRUCT",	  [BTF_KIND_UNION] = "UNION",
		[BTF_KIND_ENUM] = "ENUM",	  [BTF_KIND_FWD] = "FWD",
		[BTF_KIND_TYPEDEF] = "TYPEDEF",	  [BTF_KIND_VOLATILE] = "VOLATILE",
		[BTF_KIND_CONST] = "CONST",	  [BTF_KIND_RESTRICT] = "RESTRICT",
		[BTF_KIND_FUNC] = "FUNC",	  [BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
		[BTF_KIND_VAR] = "VAR",		  [BTF_KIND_DATASEC] = "DATASEC",
		[BTF_KIND_FLOAT] = "FLOAT",	  [BTF_KIND_DECL_TAG] = "DECL_TAG",
		[BTF_KIND_TYPE_TAG] = "TYPE_TAG", [BTF_KIND_ENUM64] = "ENUM64",
	};

	return names[btf_kind(t)];
}
