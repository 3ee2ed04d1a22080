/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's own kernel types: what programs look at through pointers, such
 * as tasks, control groups, sockets, network devices and files. Each is a C
 * structure with Linux's name whose fields have Linux's names and types, those
 * that programs read; where they are is the host's own matter, since BTF tells
 * programs. Fields beyond Linux's begin with "host_" and stand at the end.
 *
 * A family's structures are a header in types/, which has types alone: clang
 * compiles it for BPF as well, to become the host's BTF (btf.h), and what the
 * machine's compiler makes of it must be the same. The functions that it has for programs, and
 * those that they attach to, are prototypes in a file of protos/ (proto.h).
 * Both are named in this folder's meson.build, and that is all: every struct
 * of the headers is in the BTF, `anybpf btf dump host` prints it. What works
 * on the structures is in a header and a source file of this folder. They are
 * filled from the environment: the machine, or what a test sets.
 *
 * What programs may hold has a struct kernel_object in it. Its memory stays
 * until every program has ended that may have seen it (Linux's RCU), its
 * references are struct object's, and user space refers to it by handles.
 */
#ifndef ANYBPF_KERNEL_KERNEL_H
#define ANYBPF_KERNEL_KERNEL_H

#include "object/defer.h"
#include "object/host.h"
#include "object/object.h"

struct local_storage;

struct kernel_object {
	struct object obj;
	const struct kernel_object_ops *ops;
	struct deferred deferred;
	_Atomic(struct local_storage *) storage; /* values of local storage maps */
};

struct kernel_object_ops {
	struct object_ops object;
	/* The last reference has gone: no lookup may find it any more. NULL: nothing to do. */
	void (*unlink)(struct kernel_object *kobj);
	/* Whose local storage counts for user space, as a file's inode's; NULL: its own. */
	struct kernel_object *(*holder)(struct kernel_object *kobj);
	/* No program sees it any more: frees the memory. */
	void (*free)(struct kernel_object *kobj);
};

/* One reference. @ops->object has its kind, and kernel_object_release() as .free. */
void kernel_object_init(struct kernel_object *kobj, const struct kernel_object_ops *ops,
			struct host *host);
/* For .object.free alone: hands the object to host_defer(). */
void kernel_object_release(struct object *obj);

static inline void kernel_object_get(struct kernel_object *kobj)
{
	object_get(&kobj->obj);
}

/* Of one that is seen in an execution and perhaps just going: bpf_task_acquire() and its like. */
static inline bool kernel_object_try_get(struct kernel_object *kobj)
{
	return object_get_unless_zero(&kobj->obj);
}

static inline void kernel_object_put(struct kernel_object *kobj)
{
	object_put(&kobj->obj);
}

#endif
