/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local storage: values of maps that are at tasks, control groups, sockets and
 * inodes. Getting one can make it, with an initial value, for an object that
 * somebody has a reference of.
 */
#include "helper/functions.h"
#include "kernel/cgroup.h"
#include "kernel/sock.h"
#include "kernel/task.h"
#include "map/local_storage.h"

static u64 storage_get(u64 map, struct kernel_object *owner, u64 init, u64 flags)
{
	if (flags & ~(u64)BPF_LOCAL_STORAGE_GET_F_CREATE || !owner)
		return 0;
	if (flags)
		return ptr_to_u64(local_storage_get(u64_to_ptr(map), owner, u64_to_ptr(init)));
	return ptr_to_u64(local_storage_find(u64_to_ptr(map), owner));
}

static u64 storage_delete_of(u64 map, struct kernel_object *owner)
{
	return helper_error(owner ? local_storage_delete(u64_to_ptr(map), owner) : -EINVAL);
}

/* ---- tasks ---- */

static struct kernel_object *task(u64 r)
{
	struct task_struct *t = u64_to_ptr(r);

	return t ? &t->host_object : NULL;
}

DEFINE_HELPER(helper_task_storage_get)
{
	return storage_get(r1, task(r2), r3, r4);
}

DEFINE_HELPER(helper_task_storage_delete)
{
	return storage_delete_of(r1, task(r2));
}

/* ---- inodes ---- */

static struct kernel_object *inode(u64 r)
{
	struct inode *i = u64_to_ptr(r);

	return i ? &i->host_object : NULL;
}

DEFINE_HELPER(helper_inode_storage_get)
{
	return storage_get(r1, inode(r2), r3, r4);
}

DEFINE_HELPER(helper_inode_storage_delete)
{
	return storage_delete_of(r1, inode(r2));
}

/* ---- control groups ---- */

static struct kernel_object *group(u64 r)
{
	struct cgroup *cgrp = u64_to_ptr(r);

	return cgrp ? &cgrp->host_object : NULL;
}

DEFINE_HELPER(helper_cgrp_storage_get)
{
	return storage_get(r1, group(r2), r3, r4);
}

DEFINE_HELPER(helper_cgrp_storage_delete)
{
	return storage_delete_of(r1, group(r2));
}

/* ---- sockets ---- */

/* NULL where it is not a full one. */
static struct kernel_object *sock(u64 r)
{
	struct sock *sk = u64_to_ptr(r);

	return sk && sk_fullsock(sk) ? sock_object(sk) : NULL;
}

DEFINE_HELPER(helper_sk_storage_get)
{
	return storage_get(r1, sock(r2), r3, r4);
}

DEFINE_HELPER(helper_sk_storage_delete)
{
	return storage_delete_of(r1, sock(r2));
}
