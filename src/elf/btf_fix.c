/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compilers leave to the loader what only the object file knows: the sizes of
 * DATASECs and the offsets of global variables in them. They are filled in
 * here, in a copy of the raw bytes and in the file's byte order, so that what
 * is parsed, checked and loaded is complete. Also as libbpf:
 *
 * - variables are sorted by offset;
 * - functions with hidden visibility become static, to be verified where they
 *   are called instead of on their own;
 * - what is declared in .ksyms and .kconfig becomes plain variables of type
 *   int, and extern functions become global: no kernel takes externs in BTF.
 *
 * Malformed BTF is left as it is: btf_parse() finds the words for it.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "elf/parse.h"

struct fixer {
	struct parser *p;
	u8 *raw;
	u32 size;
	u32 types, types_end; /* offsets in raw */
	u32 strs, strs_end;
	u32 *offs; /* of each type by id, in raw; [0] unused */
	u32 cnt;
	u32 int_id, dummy_id; /* appended when there are externs */
	bool big_endian;
};

/* ---- raw access, in the byte order of the BTF ---- */

static u32 raw_get(const struct fixer *f, u32 off)
{
	return f->big_endian ? get_be32(f->raw + off) : get_le32(f->raw + off);
}

static void raw_put(struct fixer *f, u32 off, u32 value)
{
	if (f->big_endian)
		put_be32(f->raw + off, value);
	else
		put_le32(f->raw + off, value);
}

static enum btf_kind raw_kind(const struct fixer *f, u32 off)
{
	return (enum btf_kind)(raw_get(f, off + offsetof(struct btf_type, info)) >> 24 & 0x1f);
}

static u32 raw_vlen(const struct fixer *f, u32 off)
{
	return raw_get(f, off + offsetof(struct btf_type, info)) & 0xffff;
}

/* The kind of a type by id; void out of range. */
static enum btf_kind id_kind(const struct fixer *f, u32 id)
{
	return id && id < f->cnt ? raw_kind(f, f->offs[id]) : BTF_KIND_UNKN;
}

/* A terminated string, or "". */
static const char *raw_name(const struct fixer *f, u32 off)
{
	u32 str = raw_get(f, off + offsetof(struct btf_type, name_off));

	if (str >= f->strs_end - f->strs ||
	    !memchr(f->raw + f->strs + str, 0, f->strs_end - f->strs - str))
		return "";
	return (const char *)f->raw + f->strs + str;
}

/* Bytes after the struct btf_type. */
static u32 tail_size(enum btf_kind kind, u32 vlen)
{
	static const struct {
		u8 fixed, each;
	} tails[BTF_KINDS] = {
		[BTF_KIND_INT] = {4, 0},
		[BTF_KIND_ARRAY] = {sizeof(struct btf_array), 0},
		[BTF_KIND_STRUCT] = {0, sizeof(struct btf_member)},
		[BTF_KIND_UNION] = {0, sizeof(struct btf_member)},
		[BTF_KIND_ENUM] = {0, sizeof(struct btf_enum)},
		[BTF_KIND_ENUM64] = {0, sizeof(struct btf_enum64)},
		[BTF_KIND_FUNC_PROTO] = {0, sizeof(struct btf_param)},
		[BTF_KIND_VAR] = {sizeof(struct btf_var), 0},
		[BTF_KIND_DATASEC] = {0, sizeof(struct btf_var_secinfo)},
		[BTF_KIND_DECL_TAG] = {sizeof(struct btf_decl_tag), 0},
	};

	return tails[kind].fixed + vlen * tails[kind].each;
}

/* ---- finding the parts ---- */

static bool read_header(struct fixer *f)
{
	u32 hdr_len, type_off, type_len, str_off, str_len;
	u64 body;

	if (f->size < sizeof(struct btf_header))
		return false;
	f->big_endian = get_be16(f->raw) == BTF_MAGIC;
	hdr_len = raw_get(f, offsetof(struct btf_header, hdr_len));
	type_off = raw_get(f, offsetof(struct btf_header, type_off));
	type_len = raw_get(f, offsetof(struct btf_header, type_len));
	str_off = raw_get(f, offsetof(struct btf_header, str_off));
	str_len = raw_get(f, offsetof(struct btf_header, str_len));
	if (hdr_len < sizeof(struct btf_header) || hdr_len > f->size)
		return false;
	body = f->size - hdr_len;
	if ((u64)type_off + type_len > body || (u64)str_off + str_len > body)
		return false;
	f->types = hdr_len + type_off;
	f->types_end = f->types + type_len;
	f->strs = hdr_len + str_off;
	f->strs_end = f->strs + str_len;
	return true;
}

/* Offset of the type after the one at @off, or 0 when it is malformed. */
static u32 next_type(const struct fixer *f, u32 off)
{
	u32 left = f->types_end - off, need = sizeof(struct btf_type);

	if (left < need || raw_kind(f, off) >= BTF_KINDS)
		return 0;
	need += tail_size(raw_kind(f, off), raw_vlen(f, off));
	return left < need ? 0 : off + need;
}

/* 1 when all types were found, 0 when the BTF is malformed. */
static int index_types(struct fixer *f)
{
	f->offs = parser_alloc(f->p, (f->types_end - f->types) / sizeof(struct btf_type) + 1,
			       sizeof(*f->offs));
	if (!f->offs)
		return -ENOMEM;
	f->cnt = 1;
	for (u32 off = f->types; off < f->types_end; f->cnt++) {
		f->offs[f->cnt] = off;
		off = next_type(f, off);
		if (!off)
			return 0;
	}
	return 1;
}

/* ---- externs ---- */

static bool is_extern_section(const char *name)
{
	return !strcmp(name, ".ksyms") || !strcmp(name, ".kconfig");
}

static bool has_externs(const struct fixer *f)
{
	for (u32 id = 1; id < f->cnt; id++) {
		if (id_kind(f, id) == BTF_KIND_DATASEC &&
		    is_extern_section(raw_name(f, f->offs[id])))
			return true;
	}
	return false;
}

/*
 * Appends `int` and a variable of that type. They belong at the end of the
 * types, which are followed by the strings: room is made between the two.
 */
static int append_dummies(struct fixer *f)
{
	static const char strings[] = "int\0dummy_ksym";
	const u32 types_add = 2 * (sizeof(struct btf_type) + sizeof(u32));
	const u32 str_len = f->strs_end - f->strs, hdr_len = (u32)sizeof(struct btf_header);
	u32 types_len = f->types_end - f->types, off;
	u8 *raw = parser_alloc(f->p,
			       (u64)hdr_len + types_len + types_add + str_len + sizeof(strings), 1);

	if (!raw)
		return -ENOMEM;
	memcpy(raw, f->raw, hdr_len);
	memcpy(raw + hdr_len, f->raw + f->types, types_len);
	memcpy(raw + hdr_len + types_len + types_add, f->raw + f->strs, str_len);
	memcpy(raw + hdr_len + types_len + types_add + str_len, strings, sizeof(strings));
	for (u32 id = 1; id < f->cnt; id++)
		f->offs[id] = f->offs[id] - f->types + hdr_len;
	f->raw = raw;
	f->types = hdr_len;
	f->types_end = hdr_len + types_len + types_add;
	f->strs = f->types_end;
	f->strs_end = f->strs + str_len + (u32)sizeof(strings);
	f->size = f->strs_end;
	raw_put(f, offsetof(struct btf_header, hdr_len), hdr_len);
	raw_put(f, offsetof(struct btf_header, type_off), 0);
	raw_put(f, offsetof(struct btf_header, type_len), types_len + types_add);
	raw_put(f, offsetof(struct btf_header, str_off), types_len + types_add);
	raw_put(f, offsetof(struct btf_header, str_len), f->strs_end - f->strs);

	f->int_id = f->cnt;
	f->dummy_id = f->cnt + 1;
	off = hdr_len + types_len;
	raw_put(f, off, str_len);
	raw_put(f, off + 4, (u32)BTF_KIND_INT << 24);
	raw_put(f, off + 8, sizeof(u32));
	raw_put(f, off + 12, (u32)BTF_INT_SIGNED << 24 | 32);
	raw_put(f, off + 16, str_len + 4);
	raw_put(f, off + 20, (u32)BTF_KIND_VAR << 24);
	raw_put(f, off + 24, f->int_id);
	raw_put(f, off + 28, 1);
	return 0;
}

/*
 * Parameters of extern and of naked functions have no names, which no kernel
 * takes: they get @name, an identifier's.
 */
static void name_params(struct fixer *f, u32 proto_id, u32 name)
{
	u32 off;

	if (id_kind(f, proto_id) != BTF_KIND_FUNC_PROTO)
		return;
	off = f->offs[proto_id] + (u32)sizeof(struct btf_type);
	for (u32 i = 0; i < raw_vlen(f, f->offs[proto_id]); i++, off += sizeof(struct btf_param)) {
		if (!raw_get(f, off) && raw_get(f, off + 4))
			raw_put(f, off, name);
	}
}

static void fix_extern_section(struct fixer *f, u32 datasec)
{
	u32 at = 0, info = datasec + (u32)sizeof(struct btf_type);

	for (u32 i = 0; i < raw_vlen(f, datasec); i++, info += sizeof(struct btf_var_secinfo)) {
		u32 id = raw_get(f, info), off = id < f->cnt ? f->offs[id] : 0;

		if (id_kind(f, id) == BTF_KIND_FUNC) {
			raw_put(f, off + 4, (u32)BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL);
			raw_put(f, info, f->dummy_id);
		} else if (id_kind(f, id) == BTF_KIND_VAR) {
			raw_put(f, off + 8, f->int_id);
			raw_put(f, off + 12, 1);
		}
		raw_put(f, info + 4, at);
		raw_put(f, info + 8, sizeof(u32));
		at += (u32)sizeof(u32);
	}
	raw_put(f, datasec + 8, at);
}

/* ---- data sections and functions ---- */

static int compare_infos(const void *a, const void *b)
{
	const struct btf_var_secinfo *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int sort_infos(struct fixer *f, u32 datasec)
{
	u32 n = raw_vlen(f, datasec), off = datasec + (u32)sizeof(struct btf_type);
	struct btf_var_secinfo *infos = parser_alloc(f->p, n, sizeof(*infos));

	if (!infos)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++) {
		infos[i].type = raw_get(f, off + i * 12);
		infos[i].offset = raw_get(f, off + i * 12 + 4);
		infos[i].size = raw_get(f, off + i * 12 + 8);
	}
	qsort(infos, n, sizeof(*infos), compare_infos);
	for (u32 i = 0; i < n; i++) {
		raw_put(f, off + i * 12, infos[i].type);
		raw_put(f, off + i * 12 + 4, infos[i].offset);
		raw_put(f, off + i * 12 + 8, infos[i].size);
	}
	return 0;
}

/* The offsets of static variables are there already; those of global ones are their symbols'. */
static int fix_var(struct fixer *f, u32 info, const struct image_section *sec)
{
	u32 id = raw_get(f, info);
	const struct image_symbol *sym;
	const char *name;

	if (id_kind(f, id) != BTF_KIND_VAR || raw_get(f, f->offs[id] + 12) != 1)
		return 0;
	name = raw_name(f, f->offs[id]);
	/* What clang writes for a map that is no struct. */
	if (!raw_get(f, f->offs[id] + 8))
		return err_set(f->p->err, -EINVAL,
			       "section \"%s\": variable \"%s\" is of no type that BTF has%s",
			       sec->name, name,
			       strcmp(sec->name, ".maps") ? "" : "; a map is one struct");
	sym = image_symbol(&f->p->image, name);
	if (!sym || sym->section != image_section_index(&f->p->image, sec))
		return err_set(f->p->err, -EINVAL,
			       "section \"%s\": variable \"%s\" of BTF is no symbol of the section",
			       sec->name, name);
	if (sym->value > UINT32_MAX)
		return err_set(f->p->err, -EINVAL,
			       "section \"%s\": variable \"%s\" at offset 0x%llx is beyond its end",
			       sec->name, name, (unsigned long long)sym->value);
	raw_put(f, info + 4, (u32)sym->value);
	/* Of no interest to others, so it must not be one of the names that they see. */
	if (sym->visibility == STV_HIDDEN || sym->visibility == STV_INTERNAL)
		raw_put(f, f->offs[id] + 12, 0);
	return 0;
}

static int fix_datasec(struct fixer *f, u32 datasec)
{
	const char *name = raw_name(f, datasec);
	const struct image_section *sec = image_section(&f->p->image, name);
	u32 info = datasec + (u32)sizeof(struct btf_type);
	int ret;

	if (is_extern_section(name)) {
		fix_extern_section(f, datasec);
		return 0;
	}
	if (!sec || !sec->size)
		return 0;
	if (sec->size > UINT32_MAX)
		return err_set(f->p->err, -EINVAL, "section \"%s\": %llu bytes are too many", name,
			       (unsigned long long)sec->size);
	for (u32 i = 0; i < raw_vlen(f, datasec); i++, info += sizeof(struct btf_var_secinfo)) {
		ret = fix_var(f, info, sec);
		if (ret)
			return ret;
	}
	raw_put(f, datasec + 8, (u32)sec->size);
	return sort_infos(f, datasec);
}

static void fix_func(struct fixer *f, u32 func)
{
	const struct image_symbol *sym;

	name_params(f, raw_get(f, func + 8), raw_get(f, func));
	if (raw_vlen(f, func) != BTF_FUNC_GLOBAL)
		return;
	sym = image_symbol(&f->p->image, raw_name(f, func));
	if (sym && sym->type == STT_FUNC &&
	    (sym->visibility == STV_HIDDEN || sym->visibility == STV_INTERNAL))
		raw_put(f, func + 4, (u32)BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC);
}

/* What only a linker can resolve: anything extern but for .ksyms and .kconfig. */
static int check_no_extern(struct fixer *f, u32 id)
{
	u32 off = f->offs[id];
	bool is_extern = (id_kind(f, id) == BTF_KIND_VAR && raw_get(f, off + 12) == 2) ||
			 (id_kind(f, id) == BTF_KIND_FUNC && raw_vlen(f, off) == BTF_FUNC_EXTERN);

	if (!is_extern)
		return 0;
	return err_set(f->p->err, -EOPNOTSUPP,
		       "\"%s\" is declared here and defined elsewhere: link the objects first",
		       raw_name(f, off));
}

static int fix_types(struct fixer *f)
{
	int ret = index_types(f);

	if (ret <= 0)
		return ret;
	if (has_externs(f)) {
		ret = append_dummies(f);
		if (ret < 0)
			return ret;
	}
	ret = 0;
	for (u32 id = 1; id < f->cnt && !ret; id++) {
		if (id_kind(f, id) == BTF_KIND_DATASEC)
			ret = fix_datasec(f, f->offs[id]);
		else if (id_kind(f, id) == BTF_KIND_FUNC)
			fix_func(f, f->offs[id]);
	}
	for (u32 id = 1; id < f->cnt && !ret; id++)
		ret = check_no_extern(f, id);
	return ret;
}

/*
 * Only maps need BTF. Linux would refuse to load this one, and libbpf then
 * loads the programs without: so do we.
 */
static int go_without(struct parser *p)
{
	p->spec->btf_error = p->err ? arena_strdup(&p->spec->arena, p->err->text) : "";
	if (!p->spec->btf_error)
		return err_set(p->err, -ENOMEM, "out of memory");
	if (p->err)
		*p->err = (struct err){0};
	p->btf_ext = NULL;
	return 0;
}

int parse_btf(struct parser *p)
{
	struct fixer f = {.p = p};
	int ret = 0;

	if (!p->btf)
		return 0;
	f.size = (u32)p->btf->size;
	f.raw = arena_dup(&p->spec->arena, p->btf->data, f.size);
	if (!f.raw)
		return err_set(p->err, -ENOMEM, "out of memory");
	if (read_header(&f))
		ret = fix_types(&f);
	if (ret)
		return ret;
	ret = btf_parse(p->mem, f.raw, f.size, NULL, &p->spec->btf, NULL, p->err);
	if (!ret)
		return 0;
	p->spec->btf = NULL;
	err_prefix(p->err, "section \".BTF\"");
	return p->maps || ret == -ENOMEM ? ret : go_without(p);
}
