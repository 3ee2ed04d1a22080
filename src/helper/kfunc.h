/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel functions: what programs call by BTF id. One row per function in
 * kfunc.def says which programs may call it and what the verifier must know;
 * arguments and result are those of its prototype in the kernel's BTF, whose
 * parameters' names end in what is required of them (Documentation/bpf/
 * kfuncs.rst). The functions behind the rows are called as helpers are.
 */
#ifndef ANYBPF_HELPER_KFUNC_H
#define ANYBPF_HELPER_KFUNC_H

#include "helper/helper.h"

/* ---- flags, with Linux's meaning ---- */
#define KF_ACQUIRE	 BIT(0) /* the pointer that is returned is a reference */
#define KF_RELEASE	 BIT(1) /* gives the reference back that is passed */
#define KF_RET_NULL	 BIT(2) /* may return NULL */
#define KF_TRUSTED_ARGS	 BIT(4) /* pointers must be valid: trusted or referenced, not NULL */
#define KF_SLEEPABLE	 BIT(5)
#define KF_DESTRUCTIVE	 BIT(6)
#define KF_RCU		 BIT(7) /* as TRUSTED_ARGS, but protected by RCU is enough */
#define KF_ITER_NEW	 BIT(8)
#define KF_ITER_NEXT	 BIT(9)
#define KF_ITER_DESTROY	 BIT(10)
#define KF_RCU_PROTECTED BIT(11) /* the iterator is valid in an RCU section only */
/*
 * What the loader puts into arguments that programs leave open, which count
 * from 1: the type of the object that the call is about, a const struct
 * obj_type *, and where its node is in it.
 */
#define KF_META(arg)	       ((arg) << 16)
#define KF_NODE_OFF(arg)       ((arg) << 20)
#define KF_META_ARG(flags)     ((flags) >> 16 & 7)
#define KF_NODE_OFF_ARG(flags) ((flags) >> 20 & 7)

/* ---- who may call ---- */
#define KF_FOR_COMMON	     BIT(0)
#define KF_FOR_XDP	     BIT(1)
#define KF_FOR_TC	     BIT(2)
#define KF_FOR_STRUCT_OPS    BIT(3)
#define KF_FOR_TRACING	     BIT(4)
#define KF_FOR_SYSCALL	     BIT(5)
#define KF_FOR_FMODRET	     BIT(6) /* not to call, to attach to */
#define KF_FOR_CGROUP	     BIT(7)
#define KF_FOR_SCHED_ACT     BIT(8)
#define KF_FOR_SK_SKB	     BIT(9)
#define KF_FOR_SOCKET_FILTER BIT(10)
#define KF_FOR_LWT	     BIT(11)
#define KF_FOR_NETFILTER     BIT(12)
#define KF_FOR_KPROBE	     BIT(13)

/* ---- and of those only ---- */
#define KF_ONLY_LSM	1 /* LSM programs */
#define KF_ONLY_ITER	2 /* iterator programs */
#define KF_ONLY_SESSION 3 /* kprobe sessions */

enum kfunc_id {
	KFUNC_UNKNOWN,
#define KFUNC(name, ...) KFUNC_##name,
#define KFUNC_MORE(...)
#include "helper/kfunc.def"
#undef KFUNC
	KFUNC_IDS,
};

struct kfunc_row {
	const char *name;
	enum kfunc_id id;
	helper_fn fn; /* NULL: verified only; loading such a program fails with -EOPNOTSUPP */
	u32 hooks;    /* KF_FOR_* */
	u32 flags;    /* KF_* */
	u32 only;     /* KF_ONLY_* */
};

/* The row for a program of that type, or NULL when it may not call such a function. */
const struct kfunc_row *kfunc_row(const char *name, enum bpf_prog_type type,
				  enum bpf_attach_type attach_type);
/* The first row of the function; NULL for KFUNC_UNKNOWN. */
const struct kfunc_row *kfunc_row_by_id(enum kfunc_id id);
/* KFUNC_UNKNOWN when Linux has none of that name. */
enum kfunc_id kfunc_id_by_name(const char *name);
/* The address behind a name of the host's kernel, helper/symbol.c; 0: there is none. */
u64 kernel_symbol(struct host *host, const char *name);
/* Whether fmod_ret programs may attach to the function; @flags as KF_SLEEPABLE. May be NULL. */
bool kfunc_is_fmodret(const char *name, u32 *flags);

#endif
