/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every object of the bpf() system has: a kind, a reference count, an id
 * that programs and people see, and its host. Maps, programs, BTF and links
 * embed it as their first member.
 */
#ifndef ANYBPF_OBJECT_OBJECT_H
#define ANYBPF_OBJECT_OBJECT_H

#include <stdatomic.h>

#include "base/types.h"

struct host;
struct object;

enum object_kind {
	OBJECT_MAP,
	OBJECT_PROG,
	OBJECT_BTF,
	OBJECT_LINK,
	/* What the host's environment has and user space names by descriptors: kernel/kernel.h. */
	OBJECT_TASK,
	OBJECT_CGROUP,
	OBJECT_SOCKET,
	OBJECT_NET,
	OBJECT_FILE,
	OBJECT_STREAM, /* object/stream.h */
	OBJECT_DEVICE, /* of the network: never behind a descriptor */
	OBJECT_KINDS,
};

struct object_ops {
	enum object_kind kind;
	/* Called once, when the last reference goes; frees the memory. */
	void (*free)(struct object *obj);
	/*
	 * NULL, or called when the last handle has been closed: the time to let
	 * go of what refers back to the object, as a program in an array that it
	 * uses itself. May happen again if somebody opens it anew.
	 */
	void (*closed)(struct object *obj);
};

struct object {
	const struct object_ops *ops;
	struct host *host;
	_Atomic u32 refs;
	_Atomic u32 handles; /* how many of the references are user space's */
	u32 id;		     /* 0: not visible by id */
};

/* One reference, no id. */
void object_init(struct object *obj, const struct object_ops *ops, struct host *host);
void object_get(struct object *obj);
/* Fails when the last reference is just going: for tables that hold none. */
bool object_get_unless_zero(struct object *obj);
/* NULL is allowed. */
void object_put(struct object *obj);

/* Gives it an id, from 1 on per kind and never reused soon; 0 or -ENOMEM. Dropped with the object.
 */
int object_publish(struct object *obj);
/* A new reference, or NULL. */
struct object *object_by_id(struct host *host, enum object_kind kind, u32 id);
/* The smallest id above @after, or 0. */
u32 object_next_id(struct host *host, enum object_kind kind, u32 after);

/*
 * Handles are the user engine's file descriptors: small integers from 3 on,
 * lowest free first, each holding one reference.
 */
/* Takes over the caller's reference, also on failure. The handle, or -ENOMEM or -EMFILE. */
int handle_open(struct object *obj);
/* A new reference, NULL when there is none. @kind is checked by handle_get_kind(). */
struct object *handle_get(struct host *host, int handle);
/* 0, -EBADF when nothing is open there or -EINVAL when it is of another kind, as Linux answers. */
int handle_get_kind(struct host *host, int handle, enum object_kind kind, struct object **obj);
int handle_close(struct host *host, int handle); /* 0 or -EBADF */
void handle_close_all(struct host *host);

#endif
