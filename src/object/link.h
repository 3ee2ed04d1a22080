/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: what BPF_LINK_CREATE and BPF_RAW_TRACEPOINT_OPEN make, a program that
 * is attached for as long as the link lives. Who attaches programs embeds it
 * as first member and says in its ops what ends with it.
 */
#ifndef ANYBPF_OBJECT_LINK_H
#define ANYBPF_OBJECT_LINK_H

#include "base/sync.h"
#include "isa/uapi_structs.h"
#include "object/object.h"

struct host;
struct link;
struct map;
struct prog;

struct link_ops {
	/* The last reference has gone: detaches and frees. The link's program is released after it.
	 */
	void (*free)(struct link *link);
	/* BPF_LINK_DETACH: detaches, the link stays without effect. NULL: -EOPNOTSUPP. */
	int (*detach)(struct link *link);
	/*
	 * BPF_LINK_UPDATE: another program, or map of functions; @old is who has to
	 * be attached now, NULL: anyone. References are the callee's to take
	 * (link_set_prog()). Both NULL: -EINVAL.
	 */
	int (*update)(struct link *link, struct prog *prog, const struct prog *old);
	int (*update_map)(struct link *link, struct map *map, const struct map *old);
	/* What is of this type in BPF_OBJ_GET_INFO_BY_FD; texts go where .user says, see below. */
	int (*fill_info)(const struct link *link, struct bpf_link_info *info);
	/* BPF_ITER_CREATE: something to read from (object/stream.h). NULL: -EINVAL. */
	int (*open)(struct link *link, struct object **stream);
};

struct link {
	struct object obj;
	const struct link_ops *ops;
	enum bpf_link_type type;
	struct spinlock lock; /* of .prog, where it may change: see link_get_prog() */
	struct prog *prog;    /* a reference, or NULL */
};

/* Takes a reference of @prog, which may be NULL. */
void link_init(struct link *link, enum bpf_link_type type, const struct link_ops *ops,
	       struct host *host, struct prog *prog);
/* Changes the program, with references; the caller keeps others away who would do so. */
void link_set_prog(struct link *link, struct prog *prog);
/* A new reference of the program that it has now, or NULL. */
struct prog *link_get_prog(struct link *link);

static inline struct link *link_of(struct object *obj)
{
	return container_of(obj, struct link, obj);
}

/*
 * A text of struct bpf_link_info: copies as much of it as the client's buffer at
 * @addr takes, and its length. 0, -EINVAL for a size without buffer, -ENOSPC, -EFAULT.
 */
int link_info_text(u64 addr, u32 *len, const char *text);

#endif
