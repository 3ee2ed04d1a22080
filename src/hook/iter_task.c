/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterating over tasks and their memory: of all, of one process or of one thread,
 * as the link says. Threads come behind the process that they belong to.
 */
#include <errno.h>

#include "hook/iter.h"
#include "kernel/fs.h"
#include "kernel/task.h"

/* First in the state of both. */
struct task_walk {
	struct task_struct *task; /* where it is: a reference */
	u32 tgid, pid;		  /* of the one that was given last */
	bool begun, over;
};

/* A task's handle stands for what Linux has a pidfd for. */
static int attach(struct host *host, const struct prog *prog, struct iter_target *target)
{
	struct object *obj;
	u32 pid_fd = target->info.task.pid_fd;
	int err;

	(void)prog;
	if (!!target->info.task.tid + !!target->info.task.pid + !!pid_fd > 1)
		return -EINVAL;
	if (!pid_fd)
		return 0;
	err = handle_get_kind(host, (int)pid_fd, OBJECT_TASK, &obj);
	if (err)
		return err;
	target->info.task.pid = (u32)container_of(container_of(obj, struct kernel_object, obj),
						  struct task_struct, host_object)
					->tgid;
	target->info.task.pid_fd = 0;
	object_put(obj);
	return 0;
}

static void fill_info(const struct iter_target *target, struct bpf_link_info *info)
{
	info->iter.task.tid = target->info.task.tid;
	info->iter.task.pid = target->info.task.pid;
}

static struct task_struct *first(struct host *host, const struct iter_target *target)
{
	if (target->info.task.tid)
		return task_find(host, target->info.task.tid);
	if (target->info.task.pid)
		return task_next(host, target->info.task.pid, 0);
	return task_next(host, 0, 0);
}

static struct task_struct *following(struct host *host, const struct iter_target *target,
				     const struct task_walk *walk)
{
	struct task_struct *task;

	if (target->info.task.tid)
		return NULL;
	task = task_next(host, walk->tgid, walk->pid);
	if (!task && !target->info.task.pid)
		task = task_next(host, 0, walk->tgid);
	return task;
}

static struct task_struct *walk_on(struct iter *iter)
{
	struct task_walk *walk = iter_state(iter);
	struct host *host = iter->stream.obj.host;

	task_put(walk->task);
	walk->task = NULL;
	if (walk->over)
		return NULL;
	walk->task =
		walk->begun ? following(host, &iter->target, walk) : first(host, &iter->target);
	walk->begun = true;
	walk->over = !walk->task;
	if (walk->task) {
		walk->tgid = (u32)walk->task->tgid;
		walk->pid = (u32)walk->task->pid;
	}
	return walk->task;
}

/* ---- tasks ---- */

static int next_task(struct iter *iter, u64 *args)
{
	struct task_struct *task = walk_on(iter);

	args[0] = ptr_to_u64(task);
	return task != NULL;
}

static void close_tasks(struct iter *iter)
{
	struct task_walk *walk = iter_state(iter);

	task_put(walk->task);
}

const struct iter_source iter_source_task = {
	.name = "task",
	.nargs = 1,
	.attach = attach,
	.fill_info = fill_info,
	.state_size = sizeof(struct task_walk),
	.next = next_task,
	.close = close_tasks,
};

/* ---- their memory ---- */

struct vma_walk {
	struct task_walk tasks;
	struct vm_area_struct vma;
};

/* Threads share what their process has: they are left out. */
static struct task_struct *next_with_memory(struct iter *iter)
{
	struct task_struct *task;

	do {
		task = walk_on(iter);
	} while (task && (!task->mm || task->pid != task->tgid));
	return task;
}

static int next_vma(struct iter *iter, u64 *args)
{
	struct vma_walk *walk = iter_state(iter);
	struct task_struct *task = walk->tasks.task;
	u64 from = walk->vma.vm_end;

	if (!task) {
		task = next_with_memory(iter);
		from = 0;
	}
	file_put(walk->vma.vm_file);
	walk->vma.vm_file = NULL;
	while (task && task_vma(task, from, &walk->vma)) {
		task = next_with_memory(iter);
		from = 0;
	}
	args[0] = ptr_to_u64(task);
	args[1] = ptr_to_u64(&walk->vma);
	return task != NULL;
}

static void close_vmas(struct iter *iter)
{
	struct vma_walk *walk = iter_state(iter);

	file_put(walk->vma.vm_file);
	task_put(walk->tasks.task);
}

const struct iter_source iter_source_task_vma = {
	.name = "task_vma",
	.nargs = 2,
	.attach = attach,
	.fill_info = fill_info,
	.state_size = sizeof(struct vma_walk),
	.next = next_vma,
	.close = close_vmas,
};
