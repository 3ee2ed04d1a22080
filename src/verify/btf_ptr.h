/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers to kernel objects, whose types are in BTF: what is at an offset of
 * a structure, which type fits which, how far a pointer can be trusted, and
 * what may be read and written through it.
 */
#ifndef ANYBPF_VERIFY_BTF_PTR_H
#define ANYBPF_VERIFY_BTF_PTR_H

#include "verify/verifier.h"

/* ---- registers ---- */

/*
 * A pointer to type @id of @btf; @flags are PTR_MAYBE_NULL, PTR_TRUSTED, MEM_RCU, ... A null check
 * of one that may be null finds it by the new id.
 */
void reg_set_btf(struct verifier *v, struct reg *reg, const struct btf *btf, u32 id, u32 flags);
/* Guaranteed to be alive and what its type says: for arguments that demand it. */
bool reg_is_trusted(const struct reg *reg);
static inline bool reg_is_rcu(const struct reg *reg)
{
	return reg->type & MEM_RCU;
}
/* The path is in a section where objects protected by RCU stay. */
bool in_rcu_section(const struct verifier *v);
/* Of the kernel or a module, not of the program. */
bool btf_is_kernel(const struct verifier *v, const struct btf *btf);
/* "task_struct"; "" without a name. */
static inline const char *btf_id_name(const struct btf *btf, u32 id)
{
	return btf_name(btf, btf_type_by_id(btf, id));
}
static inline bool btf_is_struct(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_STRUCT || btf_kind(t) == BTF_KIND_UNION;
}
/* "STRUCT", as Linux names kinds in messages. */
const char *btf_kind_name(const struct btf_type *t);

/* ---- what is at an offset (btf_walk.c) ---- */

enum btf_part {
	BTF_PART_SCALAR,
	BTF_PART_PTR, /* to a structure: .id */
	BTF_PART_STRUCT,
};

struct btf_walk {
	const struct btf *btf;
	bool flexible;	   /* an array of no elements at the end may have any number of them */
	u32 flags;	   /* met on the way: PTR_UNTRUSTED; of the pointer: MEM_USER, ... */
	u32 id;		   /* of the structure found or pointed to */
	const char *field; /* the pointer's name */
	char text[200];	   /* why not, in Linux's words */
};

/*
 * What an access of @size bytes at @off of type @id meets: enum btf_part, or
 * -EACCES or -EINVAL with .text. A structure that starts at @off is a
 * BTF_PART_STRUCT, one around it is gone into.
 */
int btf_walk_step(struct btf_walk *w, u32 id, s32 off, u32 size);
/* The same down to what is no structure. */
int btf_walk(struct btf_walk *w, u32 id, s32 off, u32 size);

/* ---- types that fit (btf_match.c) ---- */

/* The same type, also where a module's BTF and the kernel's both know it. */
bool btf_same_type(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id);

struct btf_match {
	const struct btf *btf; /* what there is */
	u32 id;
	s32 off;
	const struct btf *need_btf;
	u32 need_id;
	bool strict;   /* the type itself, not what it begins with */
	bool flexible; /* as in struct btf_walk */
};
/* Whether at the offset there is what is needed; logs why not where Linux does. */
bool btf_struct_ids_match(struct verifier *v, const struct btf_match *m);
/* One type is the other before it is ready for use: "nf_conn___init". Neither passes for the other.
 */
bool btf_is_nocast_alias(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id);
/* The bytes [start, end) of a member by its name, dotted where nested; -ENOENT. */
int btf_member_range(const struct btf *btf, const char *type, const char *path, u32 *start,
		     u32 *end);

/* ---- access (btf_access.c) ---- */

struct mem_access;
int check_btf_access(struct verifier *v, const struct mem_access *a, s32 off);
/* Objects that the program allocated: fields that are the kernel's may not be touched as bytes. */
int check_alloc_fields(struct verifier *v, const struct reg *reg, s32 off, u32 size);

/* ---- variables (btf_var.c) ---- */

/* What a wide load with BPF_PSEUDO_BTF_ID refers to, before any path is followed. */
int resolve_btf_ref(struct verifier *v, u32 insn);
void load_btf_ref(const struct insn_aux *aux, struct reg *dst);
/* bpf_per_cpu_ptr(), bpf_this_cpu_ptr(): the argument and the result. */
int check_percpu_arg(struct verifier *v, u32 regno, struct call_args *args);
int set_percpu_result(struct verifier *v, const struct call_args *args, u32 flags);

/* ---- memory that is attached later (buf.c), maps as objects (map_ptr.c) ---- */

/* PTR_TO_BUF: bytes [off, off + size) of what register @regno points to. */
int check_buf(struct verifier *v, u32 regno, s32 off, s64 size);
int check_buf_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_tp_buffer_access(struct verifier *v, const struct mem_access *a, s32 off);
int check_map_ptr_access(struct verifier *v, const struct mem_access *a, s32 off);

#endif
