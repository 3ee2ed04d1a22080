/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of tasks in user space. That of the task on whose behalf a program
 * runs is the environment's to read and to write; nobody has another's.
 */
#include <string.h>

#include "helper/kfunc_functions.h"
#include "helper/probe.h"
#include "kernel/task.h"

#define PAD_ZEROS 1u /* BPF_F_PAD_ZEROS */

/* All of it, or zeros and -EFAULT. */
static int copy_from_user(struct run *run, void *dst, u32 size, u64 addr)
{
	const struct environment *env = &run->host->env;

	if (!size || !env->read_memory(env->ctx, dst, addr, size))
		return 0;
	memset(dst, 0, size);
	return -EFAULT;
}

DEFINE_HELPER(helper_copy_from_user)
{
	return helper_error(copy_from_user(run, u64_to_ptr(r1), (u32)r2, r3));
}

static bool is_current(struct run *run, const struct task_struct *task)
{
	const struct task_struct *current = task_current(run);

	return current && current->tgid == task->tgid;
}

DEFINE_HELPER(helper_copy_from_user_task)
{
	if (r5)
		return helper_error(-EINVAL);
	if (r2 && !is_current(run, u64_to_ptr(r4))) {
		memset(u64_to_ptr(r1), 0, (u32)r2);
		return helper_error(-EFAULT);
	}
	return helper_error(copy_from_user(run, u64_to_ptr(r1), (u32)r2, r3));
}

/* bpf_copy_from_user_str(dst, size, addr, flags): the length with its end, which is always there.
 */
DEFINE_HELPER(kfunc_copy_from_user_str)
{
	char *dst = u64_to_ptr(r1);
	u32 size = (u32)r2;
	long n;

	if (r4 & ~(u64)PAD_ZEROS)
		return helper_error(-EINVAL);
	if (!size)
		return 0;
	n = probe_read_str(&run->host->env, dst, size, r3);
	if (r4 & PAD_ZEROS)
		memset(dst + (n < 0 ? 0 : n), 0, size - (n < 0 ? 0 : (u32)n));
	return (u64)n;
}

DEFINE_HELPER(helper_probe_write_user)
{
	const struct environment *env = &run->host->env;

	if (!env->write_memory)
		return helper_error(-EPERM);
	return helper_error(env->write_memory(env->ctx, r1, u64_to_ptr(r2), (u32)r3));
}

/* ---- signals ---- */

static int send_signal(struct run *run, u32 number, bool thread)
{
	const struct environment *env = &run->host->env;
	struct env_task task = {0};

	env->current_task(env->ctx, &task);
	/* Linux spares the first process, and what has no user space. */
	if (task.tgid <= 1)
		return -EPERM;
	return env->send_signal(env->ctx, (int)number, thread);
}

DEFINE_HELPER(helper_send_signal)
{
	return helper_error(send_signal(run, (u32)r1, false));
}

DEFINE_HELPER(helper_send_signal_thread)
{
	return helper_error(send_signal(run, (u32)r1, true));
}
