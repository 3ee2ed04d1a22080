/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first phase of the check: each type by itself. After it every type and
 * what follows it lies within the type section, every name offset that was
 * checked is valid, and no id is larger than BTF_MAX_TYPE. What each kind
 * demands is a row of btf_kinds; the order within a row is Linux's, because
 * the first rule that is broken is the one that it reports.
 */
#include <errno.h>

#include "btf/kinds.h"

static u32 first_word(const struct btf_type *t)
{
	return *(const u32 *)btf_tail(t);
}

static bool no_vlen(__unused const struct btf *btf, const struct btf_type *t)
{
	return !btf_vlen(t);
}

static bool no_kflag(__unused const struct btf *btf, const struct btf_type *t)
{
	return !btf_kflag(t);
}

static bool no_name(__unused const struct btf *btf, const struct btf_type *t)
{
	return !t->name_off;
}

static bool is_named(const struct btf *btf, const struct btf_type *t)
{
	return t->name_off && check_is_identifier(btf, t->name_off);
}

static bool is_named_or_anon(const struct btf *btf, const struct btf_type *t)
{
	return !t->name_off || check_is_identifier(btf, t->name_off);
}

static bool is_named_section(const struct btf *btf, const struct btf_type *t)
{
	return t->name_off && check_is_section_name(btf, t->name_off);
}

static bool has_text(const struct btf *btf, const struct btf_type *t)
{
	const char *text = btf_str_or_null(btf, t->name_off);

	return text && *text;
}

static bool is_id_or_void(__unused const struct btf *btf, const struct btf_type *t)
{
	return t->type <= BTF_MAX_TYPE;
}

static bool is_id(u32 id)
{
	return id && id <= BTF_MAX_TYPE;
}

static bool has_type(__unused const struct btf *btf, const struct btf_type *t)
{
	return is_id(t->type);
}

static bool has_size(__unused const struct btf *btf, const struct btf_type *t)
{
	return t->size;
}

static bool no_size(__unused const struct btf *btf, const struct btf_type *t)
{
	return !t->size;
}

/* ---- INT ---- */

static bool int_data_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return !(first_word(t) & ~BTF_INT_BITS);
}

static bool int_fits_128(__unused const struct btf *btf, const struct btf_type *t)
{
	return btf_int_offset(t) + btf_int_bits(t) <= 128;
}

static bool int_fits_size(__unused const struct btf *btf, const struct btf_type *t)
{
	return (btf_int_offset(t) + btf_int_bits(t) + 7) / 8 <= t->size;
}

static bool int_encoding_known(__unused const struct btf *btf, const struct btf_type *t)
{
	u32 encoding = btf_int_encoding(t);

	return !(encoding & (encoding - 1)) && encoding <= BTF_INT_BOOL;
}

/* ---- other kinds ---- */

static bool enum_size_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8;
}

static bool float_size_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return t->size == 2 || t->size == 4 || t->size == 8 || t->size == 12 || t->size == 16;
}

static bool array_elem_given(__unused const struct btf *btf, const struct btf_type *t)
{
	return is_id(((const struct btf_array *)btf_tail(t))->type);
}

static bool array_index_given(__unused const struct btf *btf, const struct btf_type *t)
{
	return is_id(((const struct btf_array *)btf_tail(t))->index_type);
}

static bool func_linkage_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return btf_vlen(t) <= BTF_FUNC_GLOBAL;
}

static bool var_linkage_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return first_word(t) <= 1; /* static or global */
}

static bool component_known(__unused const struct btf *btf, const struct btf_type *t)
{
	return (s32)first_word(t) >= -1;
}

/* ---- what types consist of ---- */

static int check_member_meta(struct checker *c, const struct btf_type *t,
			     const struct btf_member *m, u32 offset, u32 last_offset)
{
	if (!check_name_off(c->btf, m->name_off))
		return check_fail_member(c, t, m, "Invalid member name_offset:%u", m->name_off);
	if (m->name_off && !check_is_identifier(c->btf, m->name_off))
		return check_fail_member(c, t, m, "Invalid name");
	if (!is_id(m->type))
		return check_fail_member(c, t, m, "Invalid type_id");
	if ((btf_kind(t) == BTF_KIND_UNION && offset) || offset < last_offset)
		return check_fail_member(c, t, m, "Invalid member bits_offset");
	if (((u64)offset + 7) / 8 > t->size)
		return check_fail_member(c, t, m, "Member bits_offset exceeds its struct size");
	check_log_member(c, t, m);
	return 0;
}

static int check_members(struct checker *c, const struct btf_type *t)
{
	u32 last_offset = 0;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 offset = btf_member_bit_offset(t, i);
		int err = check_member_meta(c, t, btf_members(t) + i, offset, last_offset);

		if (err)
			return err;
		last_offset = offset;
	}
	return 0;
}

static int check_enumerator(struct checker *c, const struct btf_type *t, u32 name_off)
{
	if (!check_name_off(c->btf, name_off))
		return check_fail(c, -EINVAL, "\tInvalid name_offset:%u", name_off);
	if (!name_off || !check_is_identifier(c->btf, name_off))
		return check_fail_type(c, t, -EINVAL, "Invalid name");
	return 0;
}

static int check_enums(struct checker *c, const struct btf_type *t)
{
	const struct btf_enum *e = btf_tail(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		int err = check_enumerator(c, t, e[i].name_off);

		if (err)
			return err;
		if (check_logs(c))
			check_log(c, btf_kflag(t) ? "\t%s val=%d\n" : "\t%s val=%u\n",
				  check_name(c, e[i].name_off), e[i].val);
	}
	return 0;
}

static int check_enums64(struct checker *c, const struct btf_type *t)
{
	const struct btf_enum64 *e = btf_tail(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		int err = check_enumerator(c, t, e[i].name_off);

		if (err)
			return err;
		if (check_logs(c))
			check_log(c, btf_kflag(t) ? "\t%s val=%lld\n" : "\t%s val=%llu\n",
				  check_name(c, e[i].name_off),
				  (unsigned long long)btf_enum64_value(e + i));
	}
	return 0;
}

static const char *var_error(const struct btf_type *t, const struct btf_var_secinfo *v,
			     u64 last_end)
{
	if (!is_id(v->type))
		return "Invalid type_id";
	if (v->offset < last_end || v->offset >= t->size)
		return "Invalid offset";
	if (!v->size || v->size > t->size)
		return "Invalid size";
	/* Linux adds in 32 bits and lets a sum that wraps pass. */
	if ((u64)v->offset + v->size > t->size)
		return "Invalid offset+size";
	return NULL;
}

static int check_datasec(struct checker *c, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_tail(t);
	u64 last_end = 0;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		const char *text = var_error(t, v + i, last_end);

		if (text)
			return check_fail_var(c, t, v + i, text);
		last_end = (u64)v[i].offset + v[i].size;
		check_log_var(c, v + i);
	}
	return 0;
}

/* ---- the kinds ---- */

#define RULES(...)                                                                                 \
	(const struct btf_rule[])                                                                  \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/* clang-format off */
#define VLEN	{no_vlen, "vlen != 0", 0}
#define KFLAG	{no_kflag, "Invalid btf_info kind_flag", 0}
#define NO_NAME	{no_name, "Invalid name", 0}
#define NAMED	{is_named, "Invalid name", 0}
#define NAMED_OR_ANON {is_named_or_anon, "Invalid name", 0}

#define QUALIFIER RULES(VLEN, KFLAG, {is_id_or_void, "Invalid type_id", 0}, NO_NAME)
#define INT_DATA "Invalid int_data:%x"

const struct btf_kind_desc btf_kinds[BTF_KINDS] = {
	[BTF_KIND_UNKN] = {"UNKNOWN", 0, 0, DETAILS_SIZE, NULL, NULL},
	[BTF_KIND_INT] = {"INT", 4, 0, DETAILS_INT,
		RULES(VLEN, KFLAG,
		      {int_data_known, INT_DATA, 0},
		      {int_fits_128, "nr_bits exceeds 128", 0},
		      {int_fits_size, "nr_bits exceeds type_size", 0},
		      {int_encoding_known, "Unsupported encoding", -ENOTSUPP}), NULL},
	[BTF_KIND_PTR] = {"PTR", 0, 0, DETAILS_TYPE_ID, QUALIFIER, NULL},
	[BTF_KIND_ARRAY] = {"ARRAY", sizeof(struct btf_array), 0, DETAILS_ARRAY,
		RULES(NO_NAME, VLEN, KFLAG,
		      {no_size, "size != 0", 0},
		      {array_elem_given, "Invalid elem", 0},
		      {array_index_given, "Invalid index", 0}), NULL},
	[BTF_KIND_STRUCT] = {"STRUCT", 0, sizeof(struct btf_member), DETAILS_SIZE_VLEN,
		RULES(NAMED_OR_ANON), check_members},
	[BTF_KIND_UNION] = {"UNION", 0, sizeof(struct btf_member), DETAILS_SIZE_VLEN,
		RULES(NAMED_OR_ANON), check_members},
	[BTF_KIND_ENUM] = {"ENUM", 0, sizeof(struct btf_enum), DETAILS_SIZE_VLEN,
		RULES({enum_size_known, "Unexpected size", 0}, NAMED_OR_ANON), check_enums},
	[BTF_KIND_FWD] = {"FWD", 0, 0, DETAILS_FWD,
		RULES(VLEN, {no_size, "type != 0", 0}, NAMED), NULL},
	[BTF_KIND_TYPEDEF] = {"TYPEDEF", 0, 0, DETAILS_TYPE_ID,
		RULES(VLEN, KFLAG, {is_id_or_void, "Invalid type_id", 0}, NAMED), NULL},
	[BTF_KIND_VOLATILE] = {"VOLATILE", 0, 0, DETAILS_TYPE_ID, QUALIFIER, NULL},
	[BTF_KIND_CONST] = {"CONST", 0, 0, DETAILS_TYPE_ID, QUALIFIER, NULL},
	[BTF_KIND_RESTRICT] = {"RESTRICT", 0, 0, DETAILS_TYPE_ID, QUALIFIER, NULL},
	[BTF_KIND_FUNC] = {"FUNC", 0, 0, DETAILS_TYPE_ID,
		RULES(NAMED, {func_linkage_known, "Invalid func linkage", 0}, KFLAG), NULL},
	[BTF_KIND_FUNC_PROTO] = {"FUNC_PROTO", 0, sizeof(struct btf_param), DETAILS_PROTO,
		RULES(NO_NAME, KFLAG), NULL},
	[BTF_KIND_VAR] = {"VAR", sizeof(struct btf_var), 0, DETAILS_VAR,
		RULES(VLEN, KFLAG, NAMED,
		      {has_type, "Invalid type_id", 0},
		      {var_linkage_known, "Linkage not supported", 0}), NULL},
	[BTF_KIND_DATASEC] = {"DATASEC", 0, sizeof(struct btf_var_secinfo), DETAILS_SIZE_VLEN,
		RULES({has_size, "size == 0", 0}, KFLAG,
		      {is_named_section, "Invalid name", 0}), check_datasec},
	[BTF_KIND_FLOAT] = {"FLOAT", 0, 0, DETAILS_SIZE,
		RULES(VLEN, KFLAG, {float_size_known, "Invalid type_size", 0}), NULL},
	/* The kind_flag of tags, "an attribute in C", came with Linux 6.14. */
	[BTF_KIND_DECL_TAG] = {"DECL_TAG", sizeof(struct btf_decl_tag), 0, DETAILS_DECL_TAG,
		RULES({has_text, "Invalid value", 0}, VLEN,
		      {component_known, "Invalid component_idx", 0}), NULL},
	[BTF_KIND_TYPE_TAG] = {"TYPE_TAG", 0, 0, DETAILS_TYPE_ID,
		RULES(VLEN, {is_id_or_void, "Invalid type_id", 0},
		      {has_text, "Invalid name", 0}), NULL},
	[BTF_KIND_ENUM64] = {"ENUM64", 0, sizeof(struct btf_enum64), DETAILS_SIZE_VLEN,
		RULES({enum_size_known, "Unexpected size", 0}, NAMED_OR_ANON), check_enums64},
};
/* clang-format on */

static int check_rules(struct checker *c, const struct btf_type *t)
{
	for (const struct btf_rule *r = btf_kinds[btf_kind(t)].rules; r->holds; r++) {
		if (r->holds(c->btf, t))
			continue;
		if (r->holds == int_data_known)
			return check_fail_basic(c, t, -EINVAL, r->text, first_word(t));
		return check_fail_type(c, t, r->code ? r->code : -EINVAL, "%s", r->text);
	}
	return 0;
}

/* The bytes of the type at @t, of which @left are there; or an error. */
static s64 check_meta(struct checker *c, const struct btf_type *t, u32 left)
{
	const struct btf_kind_desc *kind;
	u32 need;
	int err;

	if (left < sizeof(*t))
		return check_fail(c, -EINVAL, "[%u] meta_left:%u meta_needed:%zu", c->id, left,
				  sizeof(*t));
	if (t->info & ~BTF_INFO_BITS)
		return check_fail(c, -EINVAL, "[%u] Invalid btf_info:%x", c->id, t->info);
	if (btf_kind(t) == BTF_KIND_UNKN || btf_kind(t) >= BTF_KINDS)
		return check_fail(c, -EINVAL, "[%u] Invalid kind:%u", c->id, btf_kind(t));
	if (!check_name_off(c->btf, t->name_off))
		return check_fail(c, -EINVAL, "[%u] Invalid name_offset:%u", c->id, t->name_off);
	kind = &btf_kinds[btf_kind(t)];
	need = kind->fixed + kind->each * btf_vlen(t);
	left -= (u32)sizeof(*t);
	/* A fixed part does not depend on vlen, which is checked after it. */
	if (left < need)
		return check_fail_basic(c, t, -EINVAL, "meta_left:%u meta_needed:%u", left, need);
	err = check_rules(c, t);
	if (err)
		return err;
	check_log_type(c, t);
	err = kind->items ? kind->items(c, t) : 0;
	return err ? err : (s64)(sizeof(*t) + need);
}

int check_metas(struct checker *c)
{
	struct btf *btf = c->btf;
	const u8 *at = btf->data + btf->hdr.hdr_len + btf->hdr.type_off;
	const u8 *end = at + btf->hdr.type_len;

	c->id = btf->base ? btf->first_id : 1;
	while (at < end) {
		s64 size = check_meta(c, (const void *)at, (u32)(end - at));

		if (size < 0)
			return (int)size;
		if (c->id > BTF_MAX_TYPE)
			return check_fail(c, -E2BIG, "Exceeded max num of types");
		if (!vec_push(&btf->types, btf->mem, (const void *)at))
			return -ENOMEM;
		at += size;
		c->id++;
	}
	return 0;
}
