/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on the task on whose behalf a program runs, as the environment tells it. */
#include <string.h>

#include "helper/functions.h"

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

DEFINE_HELPER(helper_get_current_cgroup_id)
{
	return current_task(run).cgroup_id;
}
