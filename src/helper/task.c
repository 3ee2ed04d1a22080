/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on the task on whose behalf a program runs, as the environment tells it. */
#include <string.h>

#include "helper/functions.h"
#include "kernel/task.h"

static struct env_task current_task(const struct run *run)
{
	const struct environment *env = &run->host->env;
	struct env_task task = {0};

	env->current_task(env->ctx, &task);
	return task;
}

DEFINE_HELPER(helper_get_current_pid_tgid)
{
	struct env_task task = current_task(run);

	return (u64)task.tgid << 32 | task.pid;
}

DEFINE_HELPER(helper_get_current_uid_gid)
{
	struct env_task task = current_task(run);

	return (u64)task.gid << 32 | task.uid;
}

DEFINE_HELPER(helper_get_current_comm)
{
	struct env_task task = current_task(run);
	char *buf = u64_to_ptr(r1);
	u32 size = (u32)r2;
	size_t len = strnlen(task.comm, sizeof(task.comm) - 1);

	if (!size)
		return helper_error(-EINVAL);
	len = (size_t)u64_min(len, size - 1);
	memcpy(buf, task.comm, len);
	memset(buf + len, 0, size - len);
	return 0;
}

/* For programs that take it for a number, and for those that know its type. */
DEFINE_HELPER(helper_get_current_task)
{
	return ptr_to_u64(task_current(run));
}

/* The device that all namespaces are on has no number here: the inode's is enough. */
DEFINE_HELPER(helper_get_ns_current_pid_tgid)
{
	struct bpf_pidns_info *info = u64_to_ptr(r3);
	const struct task_struct *task = task_current(run);
	const struct pid *pid = task ? task->thread_pid : NULL;

	memset(info, 0, (u32)r4);
	if ((u32)r4 != sizeof(*info) || r1 != (u32)r1)
		return helper_error(-EINVAL);
	if (!pid)
		return helper_error(-ENOENT);
	if (pid->numbers[pid->level].ns->ns.inum != r2)
		return helper_error(-EINVAL);
	info->pid = task_ns_pid(task);
	info->tgid = task_ns_pid(task->group_leader);
	return 0;
}
