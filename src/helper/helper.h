/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers: what programs call by number. One row per prototype in helper.def
 * gives name, id, function, arguments and return for verifier and engines;
 * helper_gates.def says which programs get which prototype for an id; the
 * functions live in one file per family. Argument and return kinds are
 * Linux's (Documentation/bpf/verifier.rst, include/linux/bpf.h's enums, by
 * their published meaning).
 */
#ifndef ANYBPF_HELPER_HELPER_H
#define ANYBPF_HELPER_HELPER_H

#include "map/map.h"
#include "object/prog.h"

/* BPF_FUNC_<name>, for all helpers of Linux 6.12, also those without a prototype here yet. */
enum bpf_func_id {
#define HELPER_ID(name, id) BPF_FUNC_##name = id,
#include "helper/helper_ids.def"
#undef HELPER_ID
	__BPF_FUNC_MAX_ID,
};

/* ---- kinds of arguments: a base kind, or'ed with flags ---- */
enum arg_kind {
	ARG_DONTCARE, /* unused */
	ARG_CONST_MAP_PTR,
	ARG_PTR_TO_MAP_KEY,
	ARG_PTR_TO_MAP_VALUE,
	ARG_PTR_TO_MEM, /* size in the next argument, or fixed with MEM_FIXED_SIZE */
	ARG_PTR_TO_ARENA,
	ARG_CONST_SIZE, /* bytes of the memory argument before it, not 0 */
	ARG_CONST_SIZE_OR_ZERO,
	ARG_PTR_TO_CTX,
	ARG_ANYTHING, /* any initialised value */
	ARG_PTR_TO_SPIN_LOCK,
	ARG_PTR_TO_SOCK_COMMON,
	ARG_PTR_TO_SOCKET,
	ARG_PTR_TO_BTF_ID,
	ARG_PTR_TO_RINGBUF_MEM,
	ARG_CONST_ALLOC_SIZE_OR_ZERO, /* size of the memory that is returned, a constant */
	ARG_PTR_TO_BTF_ID_SOCK_COMMON,
	ARG_PTR_TO_PERCPU_BTF_ID,
	ARG_PTR_TO_FUNC,
	ARG_PTR_TO_STACK,
	ARG_PTR_TO_CONST_STR,
	ARG_PTR_TO_TIMER,
	ARG_KPTR_XCHG_DEST,
	ARG_PTR_TO_DYNPTR,
};
#define ARG_BASE(arg) ((arg)&0xff)

/* ---- kinds of results ---- */
enum ret_kind {
	RET_INTEGER,
	RET_VOID,
	RET_PTR_TO_MAP_VALUE,
	RET_PTR_TO_SOCKET,
	RET_PTR_TO_TCP_SOCK,
	RET_PTR_TO_SOCK_COMMON,
	RET_PTR_TO_MEM,
	RET_PTR_TO_MEM_OR_BTF_ID,
	RET_PTR_TO_BTF_ID,
};

/* Flags of both, and of pointer register types in the verifier. */
#define PTR_MAYBE_NULL BIT(8)
#define MEM_RDONLY     BIT(9)  /* only reads; a program may pass read-only memory */
#define MEM_UNINIT     BIT(10) /* need not be initialised; the helper fills all of it */
#define MEM_WRITE      BIT(11) /* the helper writes it */
#define MEM_FIXED_SIZE BIT(12) /* size in helper_proto.arg_size */
#define MEM_ALIGNED    BIT(13)
#define OBJ_RELEASE    BIT(14) /* releases the reference passed here */
#define MEM_RINGBUF    BIT(15) /* memory of a ring buffer record */
#define MEM_ALLOC      BIT(16)
#define MEM_PERCPU     BIT(17)
#define MEM_USER       BIT(18)
#define MEM_RCU	       BIT(19)
#define PTR_UNTRUSTED  BIT(20)
#define PTR_TRUSTED    BIT(21)
#define NON_OWN_REF    BIT(22)
#define DYNPTR_LOCAL   BIT(23)
#define DYNPTR_RINGBUF BIT(24)
#define DYNPTR_SKB     BIT(25)
#define DYNPTR_XDP     BIT(26)

/* ---- flags of a prototype ---- */
#define HELPER_GPL	   BIT(0) /* only for GPL compatible programs */
#define HELPER_PKT_ACCESS  BIT(1) /* memory arguments may point into the packet */
#define HELPER_CHANGES_PKT BIT(2) /* packet pointers are invalid afterwards */
#define HELPER_MIGHT_SLEEP BIT(3)
#define HELPER_ACQUIRES	   BIT(4) /* the returned pointer is a reference */
#define HELPER_FASTCALL	   BIT(5) /* keeps r1 to r5 where Linux says so */
#define HELPER_CASTS	   BIT(6) /* the result is the argument by another type: same reference */
#define HELPER_RESTRICTED  BIT(7) /* only where the program type's rules allow it, see rules.h */
#define HELPER_VARIADIC	   BIT(8) /* looks at all of r1 to r5, whatever the arguments say */

/*
 * A helper. r1 to r5 are the program's registers; pointer arguments have been
 * verified, ARG_ANYTHING values are arbitrary. Runs inside @run's slot.
 */
typedef prog_callee helper_fn;

struct helper_proto {
	u32 id;
	const char *name; /* without "bpf_" */
	helper_fn fn;	  /* NULL: verified only; loading such a program fails with -EOPNOTSUPP */
	u32 flags;
	u32 ret;
	u32 arg[5];
	u32 arg_size[5]; /* for MEM_FIXED_SIZE */
	/* Of ARG_PTR_TO_BTF_ID and RET_PTR_TO_BTF_ID: the structure's name in the kernel's BTF. */
	const char *arg_btf[5];
	const char *ret_btf;
};

/*
 * helper_proto_<symbol> for each row of helper.def, and all of them in one
 * table: the prepared form's call immediates index it.
 */
enum helper_index {
#define HELPER(symbol, ...) HELPER_##symbol,
#include "helper/helper.def"
#undef HELPER
	HELPER_CNT,
};
extern const struct helper_proto helper_protos[]; /* HELPER_CNT of them */

static inline u32 helper_index(const struct helper_proto *proto)
{
	return (u32)(proto - helper_protos);
}

/* "map_lookup_elem" for every id of Linux 6.12, NULL beyond. */
const char *helper_name(u32 id);
/* The id for a name with or without "bpf_", or -1. */
int helper_id_by_name(const char *name);

/* ---- who may call what (helper_gates.def) ---- */

enum helper_when {
	HELPER_ALWAYS,
	HELPER_IF_SLEEPABLE,
	HELPER_UNLESS_SLEEPABLE,
};

/* One prototype for a set of programs. A program finds at most one gate for an id. */
struct helper_gate {
	u16 index;  /* enum helper_index */
	u8 when;    /* enum helper_when */
	u32 caps;   /* HOST_CAP_* that the loader needs */
	u64 progs;  /* bits of enum bpf_prog_type */
	u64 attach; /* bits of enum bpf_attach_type; 0: whatever it is */
};
extern const struct helper_gate helper_gates[]; /* in order of helper ids */
extern const u32 helper_gate_cnt;

/* What a gate looks at. */
struct helper_caller {
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	bool sleepable;
	u32 caps; /* HOST_CAP_*; CAP_SYS_ADMIN implies none here */
};

/* The prototype behind an id for a program, or NULL. */
const struct helper_proto *helper_find(const struct helper_caller *caller, u32 id);

/* Whether bit @n of a set of types is set; numbers that no set has are in none. */
static inline bool set_has(u64 set, u32 n)
{
	return n < 64 && set >> n & 1;
}

#endif
