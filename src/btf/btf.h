/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF: type information (Documentation/bpf/btf.rst). A struct btf is parsed,
 * checked and immutable: after btf_parse() every id, offset and name in it is
 * valid, so that queries need no checks and have no errors. Queries are
 * thread safe. Either byte order is read; both become the host's.
 */
#ifndef ANYBPF_BTF_BTF_H
#define ANYBPF_BTF_BTF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/vec.h"
#include "isa/uapi_structs.h"

#define BTF_MAGIC    0xeb9f
#define BTF_VERSION  1
#define BTF_MAX_TYPE 0x000fffffu /* no id is larger */

enum btf_kind {
	BTF_KIND_UNKN,
	BTF_KIND_INT,
	BTF_KIND_PTR,
	BTF_KIND_ARRAY,
	BTF_KIND_STRUCT,
	BTF_KIND_UNION,
	BTF_KIND_ENUM,
	BTF_KIND_FWD,
	BTF_KIND_TYPEDEF,
	BTF_KIND_VOLATILE,
	BTF_KIND_CONST,
	BTF_KIND_RESTRICT,
	BTF_KIND_FUNC,
	BTF_KIND_FUNC_PROTO,
	BTF_KIND_VAR,
	BTF_KIND_DATASEC,
	BTF_KIND_FLOAT,
	BTF_KIND_DECL_TAG,
	BTF_KIND_TYPE_TAG,
	BTF_KIND_ENUM64,
	BTF_KINDS,
};

enum btf_func_linkage {
	BTF_FUNC_STATIC = 0,
	BTF_FUNC_GLOBAL = 1,
	BTF_FUNC_EXTERN = 2,
};

/* INT encoding bits */
#define BTF_INT_SIGNED BIT(0)
#define BTF_INT_CHAR   BIT(1)
#define BTF_INT_BOOL   BIT(2)

struct btf_header {
	u16 magic;
	u8 version;
	u8 flags;
	u32 hdr_len;
	u32 type_off, type_len; /* from the end of the header */
	u32 str_off, str_len;
};

struct btf_type {
	u32 name_off;
	u32 info; /* vlen 0-15, kind 24-28, kind_flag 31 */
	union {
		u32 size; /* INT, ENUM, ENUM64, STRUCT, UNION, DATASEC, FLOAT */
		u32 type; /* PTR, TYPEDEF, qualifiers, FUNC, FUNC_PROTO, VAR, tags */
	};
};

struct btf_array {
	u32 type, index_type, nelems;
};
struct btf_member {
	u32 name_off, type, offset; /* with kind_flag: bitfield size 24-31, bit offset 0-23 */
};
struct btf_param {
	u32 name_off, type;
};
struct btf_enum {
	u32 name_off;
	s32 val;
};
struct btf_enum64 {
	u32 name_off, val_lo32, val_hi32;
};
struct btf_var {
	u32 linkage;
};
struct btf_var_secinfo {
	u32 type, offset, size;
};
struct btf_decl_tag {
	s32 component_idx;
};

struct btf;

static inline enum btf_kind btf_kind(const struct btf_type *t)
{
	return (enum btf_kind)((t->info >> 24) & 0x1f);
}

static inline u32 btf_vlen(const struct btf_type *t)
{
	return t->info & 0xffff;
}

static inline bool btf_kflag(const struct btf_type *t)
{
	return t->info >> 31;
}

/* What follows a struct btf_type in memory; the caller knows the kind. */
static inline const void *btf_tail(const struct btf_type *t)
{
	return t + 1;
}

/*
 * Parses and checks @size bytes, which are copied. @base is the BTF that a
 * split BTF continues, or NULL, and must outlive the result. @log, which may
 * be NULL, gets what Linux writes to btf_log_buf. 0, -EINVAL, -ENOMEM,
 * -E2BIG, -ENOTSUPP...; @err then names the place.
 */
int btf_parse(const struct mem *mem, const void *data, size_t size, const struct btf *base,
	      struct btf **btf, struct log *log, struct err *err);
/*
 * The same for BTF_LOAD, which takes the host's byte order alone ("Invalid
 * magic"), no base and at most 16 MB.
 */
int btf_load(const struct mem *mem, const void *data, size_t size, struct btf **btf,
	     struct log *log);
void btf_free(struct btf *btf);

/* The raw bytes in the host's byte order, as given to BTF_LOAD. */
const void *btf_raw(const struct btf *btf, u32 *size);

/* One more than the largest id; id 0 is void. */
u32 btf_type_cnt(const struct btf *btf);
/* NULL for an id out of range; void has kind BTF_KIND_UNKN. */
const struct btf_type *btf_type_by_id(const struct btf *btf, u32 id);
/* "" for offset 0 and for offsets out of range. */
const char *btf_str(const struct btf *btf, u32 off);
static inline const char *btf_name(const struct btf *btf, const struct btf_type *t)
{
	return btf_str(btf, t->name_off);
}

/* The id of the first type of that kind and name, or -ENOENT. Names have at most 512 bytes. */
s32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name);

/* Follows typedefs, qualifiers and type tags; @id may be updated, may be NULL. */
const struct btf_type *btf_skip_mods(const struct btf *btf, u32 id, u32 *out_id);
/* Qualifiers and tags only, not typedefs. */
const struct btf_type *btf_skip_quals(const struct btf *btf, u32 id, u32 *out_id);
/* Bytes of a value of the type; -EINVAL where it has no size (void, func, forward). */
s64 btf_size(const struct btf *btf, u32 id);
s64 btf_align(const struct btf *btf, u32 id);

/* Member @i of a struct or union: bit offset, and bit size when a bitfield, else 0. */
u32 btf_member_bit_offset(const struct btf_type *t, u32 i);
u32 btf_member_bitfield_size(const struct btf_type *t, u32 i);
/* Parts of an INT: encoding bits, bit offset, bits. */
static inline u32 btf_int_encoding(const struct btf_type *t)
{
	return (*(const u32 *)btf_tail(t) >> 24) & 0x0f;
}
static inline u32 btf_int_offset(const struct btf_type *t)
{
	return (*(const u32 *)btf_tail(t) >> 16) & 0xff;
}
static inline u32 btf_int_bits(const struct btf_type *t)
{
	return *(const u32 *)btf_tail(t) & 0xff;
}

/* The C spelling of a type, such as "struct iphdr *" or "int[4]". */
void btf_type_name(const struct btf *btf, u32 id, struct buf *out);

/* ---- typed values (btf/value.c) ---- */

struct btf_value_options {
	bool json;	  /* else C-like text: {.a = 1, .b = "x"} */
	u32 indent;	  /* text: levels to start at */
	bool compact;	  /* on one line */
	bool zero_fields; /* print members that are zero too; JSON always does */
};

/*
 * Prints the value at @data of @size bytes as type @id: enums by name, char
 * arrays as strings when they are, bitfields, nested and anonymous members,
 * arrays, pointers as 0x..., 128-bit integers, floats. Missing bytes are said
 * so, never read. 0, -EINVAL when the type has no size, -ENOMEM.
 */
int btf_print_value(const struct btf *btf, u32 id, const void *data, size_t size,
		    const struct btf_value_options *opts, struct buf *out);

/* ---- .BTF.ext ---- */

struct btf_ext_sec { /* one section's records of one kind */
	u32 sec_name_off;
	u32 num_info;
	u32 rec_size;	  /* as in the file, at least the struct's size */
	const void *recs; /* host byte order, insn_off in bytes */
};

struct btf_ext {
	VEC(struct btf_ext_sec) func_info, line_info, core_relo;
	struct arena arena;
};

/*
 * @btf is what the ids and strings of the records are of: all are valid after
 * it, and those of func_info are FUNCs. Either byte order. 0, -EINVAL,
 * -ENOTSUPP, -ENOMEM.
 */
int btf_ext_parse(const struct mem *mem, const void *data, size_t size, const struct btf *btf,
		  struct btf_ext **ext, struct err *err);
void btf_ext_free(struct btf_ext *ext);

/*
 * The checks of func_info and line_info that PROG_LOAD makes, with Linux's
 * messages to @log, which may be NULL. func_info is checked before the
 * program is looked at; that its functions are those of the program is the
 * verifier's to say. line_info is checked when subprograms are known:
 * @starts has the first instruction of each, in order. 0 or -EINVAL.
 */
int btf_check_func_info(const struct btf *btf, const struct bpf_func_info *info, u32 n,
			struct log *log);
int btf_check_line_info(const struct btf *btf, const struct bpf_line_info *info, u32 n,
			const struct bpf_insn *insns, u32 insn_cnt, const u32 *starts,
			u32 subprog_cnt, struct log *log);
/* The last record at or before the instruction, or NULL. They are in order. */
const struct bpf_line_info *btf_find_line(const struct bpf_line_info *info, u32 n, u32 insn);

/*
 * What follows @prefix in the next tag, after id @id, of a function (@component
 * -1) or one of its arguments; NULL: there is none. @id becomes the tag's.
 */
const char *btf_next_decl_tag(const struct btf *btf, u32 type_id, s32 component, const char *prefix,
			      u32 *id);

#endif
