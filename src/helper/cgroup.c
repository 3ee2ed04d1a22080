/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control groups: of the task on whose behalf a program runs, of sockets and
 * packets; what programs that are attached to a group have besides.
 */
#include "helper/functions.h"
#include "kernel/sock.h"
#include "map/cgroup_array.h"
#include "map/cgroup_storage.h"
#include "object/packet.h"

/* NULL without memory for the tree. */
static struct cgroup *current_group(const struct run *run)
{
	return cgroup_of_task(run->host, 0);
}

static u64 id_of(const struct cgroup *cgrp)
{
	return cgrp ? cgroup_id(cgrp) : 0;
}

static u64 ancestor_id(struct cgroup *cgrp, u64 level)
{
	return cgrp ? id_of(cgroup_ancestor(cgrp, (s32)level)) : 0;
}

static u64 under(u64 map, u64 index, const struct cgroup *cgrp)
{
	if (!cgrp)
		return helper_error(-EAGAIN);
	return helper_error(cgroup_array_has_above(u64_to_ptr(map), (u32)index, cgrp));
}

/* ---- the current task ---- */

DEFINE_HELPER(helper_get_current_cgroup_id)
{
	return id_of(current_group(run));
}

DEFINE_HELPER(helper_get_current_ancestor_cgroup_id)
{
	return ancestor_id(current_group(run), r1);
}

DEFINE_HELPER(helper_current_task_under_cgroup)
{
	return under(r1, r2, current_group(run));
}

DEFINE_HELPER(helper_get_task_cgroup_classid)
{
	const struct cgroup *cgrp = current_group(run);

	return cgrp ? cgrp->host_classid : 0;
}

/* ---- sockets and packets ---- */

/* A socket that nobody has said anything about is the current task's, who makes it. */
static struct cgroup *group_of_sock(const struct run *run, const struct sock *sk)
{
	if (!sk || !sk_fullsock(sk))
		return NULL;
	return sk->sk_cgrp_data.cgroup ? sk->sk_cgrp_data.cgroup : current_group(run);
}

static struct cgroup *group_of_skb(const struct run *run, u64 ctx)
{
	const struct sk_buff *skb = u64_to_ptr(ctx);

	return group_of_sock(run, skb->sk);
}

DEFINE_HELPER(helper_skb_cgroup_id)
{
	return id_of(group_of_skb(run, r1));
}

DEFINE_HELPER(helper_skb_ancestor_cgroup_id)
{
	return ancestor_id(group_of_skb(run, r1), r2);
}

DEFINE_HELPER(helper_skb_under_cgroup)
{
	const struct cgroup *cgrp = group_of_skb(run, r1);

	return cgrp ? under(r2, r3, cgrp) : helper_error(-ENOENT);
}

DEFINE_HELPER(helper_sk_cgroup_id)
{
	return id_of(group_of_sock(run, u64_to_ptr(r1)));
}

DEFINE_HELPER(helper_sk_ancestor_cgroup_id)
{
	return ancestor_id(group_of_sock(run, u64_to_ptr(r1)), r2);
}

/* ---- sockets of programs that are attached to a group ---- */

/* The context is the socket. */
DEFINE_HELPER(helper_sock_get_socket_cookie)
{
	return sock_gen_cookie(u64_to_ptr(r1));
}

DEFINE_HELPER(helper_addr_get_socket_cookie)
{
	const struct bpf_sock_addr *ctx = u64_to_ptr(r1);

	return sock_gen_cookie((void *)ctx->sk);
}

/* ---- programs that are attached to a group ---- */

/* The verifier knows that the flags are 0. */
DEFINE_HELPER(helper_get_local_storage)
{
	return ptr_to_u64(cgroup_storage_value(u64_to_ptr(r1), run->storages, run->cpu));
}

DEFINE_HELPER(helper_get_retval)
{
	return helper_error(*run->retval);
}

DEFINE_HELPER(helper_set_retval)
{
	*run->retval = (s32)r1;
	return 0;
}
