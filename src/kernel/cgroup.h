/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's control groups: a tree of struct cgroup, which grows as groups are
 * asked for. What there is, and who is where, the environment tells; a group
 * that it does not have any more leaves the tree when that is noticed, and
 * whoever has a reference keeps a group that is dying.
 *
 * Functions that return a group without a reference are for executions: what
 * they return is there until the execution ends.
 */
#ifndef ANYBPF_KERNEL_CGROUP_H
#define ANYBPF_KERNEL_CGROUP_H

#include "kernel/types/cgroup.h"

/* The deepest that a path may go. */
#define CGROUP_MAX_LEVEL 255

/* A path from the root on, such as "/" or "/a/b": a reference, -ENOENT, -EINVAL or -ENOMEM. */
int cgroup_by_path(struct host *host, const char *path, struct cgroup **cgrp);
/* By inode number, wherever it is: a reference, -ENOENT or -ENOMEM. */
int cgroup_by_id(struct host *host, u64 id, struct cgroup **cgrp);
/* A handle for user space, as what Linux gives for the directory; or a negative errno. */
int cgroup_open(struct host *host, const char *path);
/* The group behind a handle, with a reference: 0, or -EBADF as Linux answers. */
int cgroup_by_handle(struct host *host, int handle, struct cgroup **cgrp);

/* Of a task (0: the current one), without a reference; the root where there is no telling. NULL
 * without memory.
 */
struct cgroup *cgroup_of_task(struct host *host, u32 pid);

static inline struct cgroup *cgroup_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct cgroup, host_object);
}

static inline bool cgroup_try_get(struct cgroup *cgrp)
{
	return kernel_object_try_get(&cgrp->host_object);
}

static inline void cgroup_put(struct cgroup *cgrp)
{
	kernel_object_put(&cgrp->host_object);
}

/* NULL where the group is not so deep. */
static inline struct cgroup *cgroup_ancestor(struct cgroup *cgrp, s64 level)
{
	return level >= 0 && level <= cgrp->level ? cgrp->ancestors[level] : NULL;
}

/* Also of a group itself. */
static inline bool cgroup_is_descendant(const struct cgroup *cgrp, const struct cgroup *ancestor)
{
	return cgrp->level >= ancestor->level && cgrp->ancestors[ancestor->level] == ancestor;
}

static inline u64 cgroup_id(const struct cgroup *cgrp)
{
	return cgrp->kn->id;
}

/*
 * Walks the descendants of @top, itself included: parents first or last, NULL as
 * @pos at the start and as the result at the end. Groups that come or go
 * meanwhile are seen or not.
 */
struct cgroup *cgroup_next_descendant(struct cgroup *pos, struct cgroup *top, bool parents_first);

#endif
