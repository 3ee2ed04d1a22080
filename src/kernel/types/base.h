/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the structures of the host's kernel are made of. Headers in this folder
 * are compiled twice: with the library, and by clang for BPF to become the
 * host's BTF (scripts/kernel-btf). So they have types alone, and include
 * nothing but each other, base/types.h and the UAPI of isa/. All named structs,
 * unions and enums at the start of a line are in the BTF, with what they hold.
 *
 * Names of libc's types that differ from Linux's (dev_t, loff_t) are not used.
 */
#ifndef ANYBPF_KERNEL_TYPES_BASE_H
#define ANYBPF_KERNEL_TYPES_BASE_H

#include "base/types.h"

#ifdef KERNEL_BTF

#define __rcu	 __attribute__((btf_type_tag("rcu")))
#define __user	 __attribute__((btf_type_tag("user")))
#define __percpu __attribute__((btf_type_tag("percpu")))

/* A type that nothing else may refer to by value. */
#define KERNEL_KEEP(type, n)  KERNEL_KEEP_(type, n)
#define KERNEL_KEEP_(type, n) __typeof__(type) keep_##n __attribute__((section(".keep"), used));

/* What programs hold, see kernel/kernel.h; what is in it is none of their business. */
struct kernel_object {
	u64 __opaque[8];
};

typedef s32 pid_t;
typedef u32 uid_t;
typedef u32 gid_t;

#else

#define __rcu
#define __user
#define __percpu

#include <sys/types.h>

#include "kernel/kernel.h"

#endif

typedef u32 kernel_dev_t;
typedef unsigned short umode_t;
typedef unsigned int gfp_t;
typedef unsigned int fmode_t;
typedef unsigned long vm_flags_t;
typedef s64 ktime_t;
typedef s64 time64_t;
typedef u16 __be16;
typedef u32 __be32;
typedef u16 __sum16;
typedef u32 __wsum;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

typedef struct {
	uid_t val;
} kuid_t;

typedef struct {
	gid_t val;
} kgid_t;

typedef struct {
	u64 val;
} kernel_cap_t;

struct ns_common {
	u32 inum;
};

struct kref {
	refcount_t refcount;
};

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};

#endif
