/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that are attached to control groups, by BPF_PROG_ATTACH or by links,
 * with Linux's rules: a group has none, one that groups below may override or
 * may not, or several, which run besides those below.
 *
 * Who runs reads lists without a lock; who changes them waits for executions
 * before it lets go of what it took out. Attachments of a group that has gone end
 * with the next change of any group's.
 */
#ifndef ANYBPF_HOOK_CGROUP_ATTACH_H
#define ANYBPF_HOOK_CGROUP_ATTACH_H

#include "hook/hook.h"
#include "kernel/cgroup.h"
#include "object/link.h"

/* Linux's limit of programs per group and attach type. */
#define GROUP_MAX_PROGS 64

/* The type of programs that attach so to groups; BPF_PROG_TYPE_UNSPEC: none do. */
enum bpf_prog_type group_prog_type(u32 attach_type);

/*
 * BPF_PROG_ATTACH with its flags; @replace: who is replaced (BPF_F_REPLACE), or
 * NULL. 0, -EINVAL, -EPERM where a group above does not allow it, -E2BIG, -ENOENT
 * when @replace is not attached, -ENOMEM. Takes a reference of @prog.
 */
int group_attach(struct cgroup *cgrp, struct prog *prog, u32 attach_type, u32 flags,
		 const struct prog *replace);
/* BPF_PROG_DETACH: @prog NULL means the one there is, of groups that have no more. */
int group_detach(struct cgroup *cgrp, const struct prog *prog, u32 attach_type);
/* BPF_LINK_CREATE of programs of groups. */
int group_link(struct host *host, struct prog *prog, const struct link_request *request,
	       struct link **link);

/*
 * Ids of the programs of a group, or with @effective of those that run for it, in
 * the order that they run in; the first @room of them. Their number.
 */
u32 group_query(struct cgroup *cgrp, u32 attach_type, bool effective, u32 *ids, u32 room,
		u32 *flags);

/*
 * Runs what is attached to the group and above on the host's context: 0, or
 * -EPERM or what they have made of it (bpf_set_retval()). @flags gets the bits of
 * their results above the lowest, or'ed; may be NULL.
 */
s32 group_run(struct run *run, struct cgroup *cgrp, u32 attach_type, void *ctx, u32 *flags);

#endif
