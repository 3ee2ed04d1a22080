/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of kernel functions. What is called is found once, before any path is
 * followed (kfunc.c); each call then checks its registers against the BTF
 * prototype (kfunc_args.c, kfunc_ptr.c) and makes the result (kfunc_ret.c).
 * What some functions do besides is in the file of its kind: lock.c, graph.c,
 * kptr.c, alloc.c, dynptr.c, iter.c, callback.c, throw.c.
 */
#ifndef ANYBPF_VERIFY_KFUNC_H
#define ANYBPF_VERIFY_KFUNC_H

#include "helper/kfunc.h"
#include "verify/verifier.h"

#define MAX_KFUNCS     256 /* different ones in a program */
#define MAX_KFUNC_BTFS 256

/* What a parameter is by its type and its name, before any register is looked at. */
enum kfunc_param_kind {
	PARAM_BY_REG, /* a pointer whose register decides: an object, memory, a function */
	PARAM_IGNORED,
	PARAM_SCALAR,
	PARAM_NO_VALUE, /* neither a number nor a pointer */
	PARAM_CTX,
	PARAM_ALLOC_OBJ,
	PARAM_REFCOUNTED,
	PARAM_DYNPTR,
	PARAM_ITER,
	PARAM_LIST_HEAD,
	PARAM_LIST_NODE,
	PARAM_RB_ROOT,
	PARAM_RB_NODE,
	PARAM_STR,
	PARAM_MAP,
	PARAM_WQ,
	/* what PARAM_BY_REG becomes */
	PARAM_NULL,
	PARAM_OBJ,
	PARAM_MEM,
	PARAM_MEM_SIZE,
	PARAM_CALLBACK,
};

/* ---- of a parameter, by its name ---- */
#define PARAM_F_SIZE	    BIT(0) /* __sz: bytes of the memory before it */
#define PARAM_F_CONST_SIZE  BIT(1) /* __szk */
#define PARAM_F_CONST	    BIT(2) /* __k */
#define PARAM_F_OPTIONAL    BIT(3) /* __opt */
#define PARAM_F_UNINIT	    BIT(4) /* __uninit */
#define PARAM_F_NULLABLE    BIT(5) /* __nullable */
#define PARAM_F_RDONLY_SIZE BIT(6) /* rdonly_buf_size: bytes of what is returned */
#define PARAM_F_RDWR_SIZE   BIT(7)
#define PARAM_F_FUNC	    BIT(8) /* a pointer to a function */

struct kfunc_param {
	enum kfunc_param_kind kind;
	u32 flags;
	const struct btf_type *type; /* without modifiers */
	/* of a pointer, without modifiers */
	const struct btf_type *to;
	u32 to_id;
	const char *to_name;
};

/* What one instruction calls. */
struct kfunc {
	const struct btf *btf; /* the kernel's or a module's */
	u32 id;		       /* of the FUNC in .btf */
	s16 off;	       /* of the instruction: which BTF */
	const char *name;
	const struct btf_type *proto;
	enum kfunc_id kind;	     /* KFUNC_UNKNOWN in modules */
	const struct kfunc_row *row; /* NULL: programs of this type may not call it */
	u32 flags;		     /* KF_* of the row */
	u32 param_cnt;
	struct kfunc_param params[5];
	bool new_btf; /* the first of its BTF, a module's */
	struct kfunc *next;
};

/* What the arguments of a call turned out to be. */
struct kfunc_args {
	const struct kfunc *kfunc;
	u32 ref_id;	 /* of an argument that carries one */
	u32 release_reg; /* 0: none */
	bool owning_ref; /* bpf_refcount_acquire() of an owner: not NULL */
	bool has_constant;
	u64 constant; /* of __k and __szk */
	u64 ret_size; /* of the memory that is returned, 0: by its type */
	bool ret_rdonly;
	u32 subprog;		   /* of a callback */
	const struct btf *obj_btf; /* what an object is that is passed or made ... */
	u32 obj_id;
	const struct btf_field *root; /* the list or tree */
	u32 ret_btf_id;		      /* of bpf_cast_to_kern_ctx() */
	const struct map_desc *map;
	u32 map_index, map_uid;
	struct {
		u32 id, ref_id;
		u8 type; /* enum dynptr_type */
	} dynptr;	 /* the last one that is initialised */
	struct iter_arg iter;
};

static inline bool kfunc_is(const struct kfunc_args *args, enum kfunc_id kind)
{
	return args->kfunc->kind == kind;
}

/* ---- finding (kfunc.c) ---- */

/* The call at instruction @i: its function is found, of any program; 0 or a rejection. */
int add_kfunc(struct verifier *v, u32 i);
/* Types and names of the parameters. */
int fill_kfunc_params(struct verifier *v, struct kfunc *kfunc);
/* After all paths: calls of no function, which only dead code may have. */
int check_kfunc_ids(struct verifier *v);
/* The type in vmlinux behind the program's context, or -ENOENT. */
s32 kernel_ctx_type(struct verifier *v);
/* The kfunc that @insn calls, or NULL. */
const struct kfunc *insn_kfunc(const struct verifier *v, u32 insn);
/* Whether the instruction calls the function of the kernel itself. */
bool insn_calls_kfunc(const struct verifier *v, u32 insn, enum kfunc_id kind);
static inline bool kfunc_calls_callback(const struct kfunc *kfunc)
{
	return kfunc && kfunc->kind == KFUNC_bpf_rbtree_add_impl;
}
static inline bool kfunc_calls_async_callback(const struct kfunc *kfunc)
{
	return kfunc && kfunc->kind == KFUNC_bpf_wq_set_callback_impl;
}

/* ---- arguments (kfunc_args.c, kfunc_ptr.c) ---- */

int check_kfunc_args(struct verifier *v, struct kfunc_args *args);
int set_kfunc_result(struct verifier *v, struct kfunc_args *args);
/* A struct that has scalars alone, to four levels. Says in the log what is too deep. */
bool is_scalar_struct(struct verifier *v, const struct btf *btf, const struct btf_type *t);
/* Which pointer a register is for a parameter; negative: rejected. */
int kfunc_pointer_kind(struct verifier *v, const struct kfunc *kfunc, u32 arg);
int check_kfunc_obj(struct verifier *v, struct kfunc_args *args, u32 arg);
int check_kfunc_mem(struct verifier *v, const struct kfunc *kfunc, u32 arg);
/* "xdp_md" is what programs see of "xdp_buff". */
bool is_projection_of(const char *projection, const char *object);
int check_kfunc_mem_size(struct verifier *v, struct kfunc_args *args, u32 arg);

/* ---- locks and sections (lock.c) ---- */

bool in_sleepable(const struct verifier *v);
/* A kfunc that opens or closes a section, or must not be called in one. */
int check_kfunc_sections(struct verifier *v, struct kfunc_args *args);
/* bpf_spin_lock() and bpf_spin_unlock(). */
int check_spin_lock(struct verifier *v, u32 regno, bool lock);
/* The lock that protects what is in the register's object is held. */
int check_locked(struct verifier *v, const struct reg *reg);
/* Calls that are not allowed while a lock is held. */
int check_call_locked(struct verifier *v);
/* Helpers that sleep, in sections where nothing may. */
int check_helper_sections(struct verifier *v, const struct helper_proto *proto);
/* What leaves the program at once: @what names it. */
int check_nothing_held(struct verifier *v, const char *what);
/* Locks and sections that the end of the program must not be in. */
int check_sections_closed(struct verifier *v, bool exception);

/* ---- lists and trees (graph.c) ---- */

int check_graph_root(struct verifier *v, u32 regno, enum btf_field_kind kind,
		     struct kfunc_args *args);
int check_graph_node(struct verifier *v, u32 regno, enum btf_field_kind kind,
		     struct kfunc_args *args);
/* The object passed on belongs to the list or tree from now on. */
int check_graph_insert(struct verifier *v, struct kfunc_args *args);
void set_graph_node(struct verifier *v, struct reg *reg, const struct btf_field *root);
int set_non_owning(struct verifier *v, struct reg *reg);
bool in_tree_callback(const struct verifier *v);
int set_less_args(struct verifier *v, struct frame *callee, const struct frame *caller,
		  const struct call_args *args);

/* ---- objects of programs (alloc.c) ---- */

/* Special fields of what the register points to, or NULL. */
const struct btf_fields *reg_fields(const struct reg *reg);
bool reg_has_lock(const struct reg *reg);
int set_new_object(struct verifier *v, struct reg *r0, struct kfunc_args *args);

/* ---- pointers in map values (kptr.c) ---- */

/* Special fields that an access of a map's value touches; @by_insn: by a load or store. */
int check_value_fields(struct verifier *v, const struct reg *reg, s64 off, s64 size, bool by_insn);
/* The kptr at a constant offset of a map's value, or NULL. */
const struct btf_field *kptr_at(const struct reg *reg, s64 off);
int check_kptr_access(struct verifier *v, const struct mem_access *a,
		      const struct btf_field *field);
/* The register fits the field. */
int check_kptr_value(struct verifier *v, const struct btf_field *field, u32 regno);
/* bpf_kptr_xchg(): its two arguments and its result. */
int check_kptr_dest(struct verifier *v, u32 regno, struct call_args *args);
/* For the call to be made with the type of the object: 0 or -ENOMEM. */
int note_kptr_use(struct verifier *v, const struct btf_field *field);
int release_kptr(struct verifier *v, u32 ref);
void set_kptr_result(struct verifier *v, struct reg *r0, const struct btf_field *field, u32 flags);

/* ---- bpf_throw() (throw.c) ---- */

/* The number fits the program's result. */
int check_throw(struct verifier *v, const struct kfunc_args *args);
/* Nothing may be held where the path ends like that. */
int end_by_exception(struct verifier *v);

#endif
