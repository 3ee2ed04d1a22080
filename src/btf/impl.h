/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only this room sees: how a parsed BTF is kept, and the checker that
 * makes it trustworthy. Immutable once btf_parse() has returned.
 */
#ifndef ANYBPF_BTF_IMPL_H
#define ANYBPF_BTF_IMPL_H

#include "btf/btf.h"
#include "btf/fields.h"

/* Limits of include/uapi/linux/btf.h */
#define BTF_MAX_NAME_OFF 0x00ffffffu
#define BTF_MAX_SIZE	 (16u << 20) /* of one BTF_LOAD */

#define BTF_INFO_BITS 0x9f00ffffu
#define BTF_INT_BITS  0x0fffffffu

#define BTF_PTR_SIZE  8u  /* everywhere: BPF knows no other */
#define BTF_MAX_ALIGN 16u /* of __int128 */

/* A structure with special fields. */
struct btf_object_fields {
	u32 id;
	u8 depth; /* of objects that it owns, itself included; 0: not counted yet */
	struct btf_fields *fields;
};

struct btf {
	const struct mem *mem;
	const struct btf *base;
	void *alloc; /* holds data, which is placed so that the types are aligned */
	u8 *data;
	u32 size;
	struct btf_header hdr;
	const char *strs;
	u32 first_str; /* offset of the first string of its own */
	u32 first_id;  /* of the types of its own; 0 is void where there is no base */
	VEC(const struct btf_type *) types;
	u32 *array_sizes; /* of the ARRAYs among types, 0 of others */
	u8 *aligns;	  /* of all types, 0 where there is no value */
	u32 *unmodified;  /* of modifiers, the type behind all of them; 0 of others */
	u32 *index;	  /* open addressing by kind and name: ids, 0 is free */
	u32 index_mask;
	VEC(struct btf_object_fields) objects; /* by id */
};

/* The BTF among @btf and its bases that has type @id; @id is in range. */
static inline const struct btf *btf_owner(const struct btf *btf, u32 id)
{
	while (id < btf->first_id)
		btf = btf->base;
	return btf;
}

#define BTF_NAME_LEN 512u /* KSYM_NAME_LEN: no name that is checked is longer */

/* NULL where btf_str() says "". */
const char *btf_str_or_null(const struct btf *btf, u32 off);

static inline bool btf_is_mod(enum btf_kind kind)
{
	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

static inline bool btf_is_struct(enum btf_kind kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/* Kinds whose type has a size of its own. */
static inline bool btf_has_size(enum btf_kind kind)
{
	return kind == BTF_KIND_INT || btf_is_struct(kind) || kind == BTF_KIND_ENUM ||
	       kind == BTF_KIND_ENUM64 || kind == BTF_KIND_DATASEC || kind == BTF_KIND_FLOAT;
}

static inline const struct btf_member *btf_members(const struct btf_type *t)
{
	return btf_tail(t);
}

static inline u64 btf_enum64_value(const struct btf_enum64 *e)
{
	return (u64)e->val_hi32 << 32 | e->val_lo32;
}

/* ---- the checker ---- */

#define RESOLVE_DEPTH 32

enum resolve_mode { RESOLVE_ANY, RESOLVE_PTR, RESOLVE_AGGREGATE };

struct resolve_frame {
	u32 id;
	u32 next; /* member or variable to go on with */
};

struct checker {
	struct btf *btf;
	struct log *log;
	struct err *err;
	u32 id;	       /* the type that messages are about */
	bool native;   /* the other byte order is an error */
	bool in_types; /* second phase: members are logged with their struct */
	u8 *states;    /* enum resolve_state of each own type */
	u32 *targets;  /* what modifiers, pointers, variables resolved to; see step_func() */
	u32 *sizes;    /* of resolved arrays */
	struct resolve_frame stack[RESOLVE_DEPTH];
	u32 depth;
	enum resolve_mode mode;
};

/* check_log.c: every message goes to the log as Linux words it and to the error. */
bool check_logs(const struct checker *c);
/* Only where check_logs(); cut to Linux's 1023 characters a call. */
void check_log(struct checker *c, const char *fmt, ...) __printf(2, 3);
const char *check_name(const struct checker *c, u32 name_off);
void check_log_type(struct checker *c, const struct btf_type *t);
void check_log_member(struct checker *c, const struct btf_type *t, const struct btf_member *m);
void check_log_var(struct checker *c, const struct btf_var_secinfo *v);
/* All return @code. */
int check_fail(struct checker *c, int code, const char *fmt, ...) __printf(3, 4);
int check_fail_type(struct checker *c, const struct btf_type *t, int code, const char *fmt, ...)
	__printf(4, 5);
int check_fail_basic(struct checker *c, const struct btf_type *t, int code, const char *fmt, ...)
	__printf(4, 5);
int check_fail_member(struct checker *c, const struct btf_type *t, const struct btf_member *m,
		      const char *fmt, ...) __printf(4, 5);
int check_fail_var(struct checker *c, const struct btf_type *t, const struct btf_var_secinfo *v,
		   const char *text);

/* check_name.c */
bool check_name_off(const struct btf *btf, u32 off);
bool check_is_identifier(const struct btf *btf, u32 off);
bool check_is_section_name(const struct btf *btf, u32 off);

/* check_meta.c: each type by itself; fills btf->types. */
int check_metas(struct checker *c);
/* check_types.c: what types say of each other. */
int check_types(struct checker *c);
/* check_member.c: member @m of type @type_id, which is resolved, lies within @t. */
int check_member(struct checker *c, const struct btf_type *t, const struct btf_member *m);
bool check_int_is_regular(const struct btf_type *t);
/* Type and size of a value of type @id as far as resolved, or NULL; @id is updated. */
const struct btf_type *check_sized(const struct checker *c, u32 *id, u32 *size);

/* layout.c: sizes and alignments of all types; -EINVAL where a type contains itself. */
int btf_layout(struct checker *c);
/* query.c */
int btf_index_build(struct btf *btf);
void btf_swap_words(void *p, size_t size);

#endif
