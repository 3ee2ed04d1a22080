/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks, made from what the environment tells of them when somebody first asks
 * and kept while they are alive. A task keeps its thread group's leader, and a
 * leader its parent, so that a program that holds one can go up from it; the
 * first one, of number 0, is its own parent.
 */
#ifndef ANYBPF_KERNEL_TASK_H
#define ANYBPF_KERNEL_TASK_H

#include "kernel/kernel.h"
#include "kernel/types/task.h"

/*
 * On whose behalf the program runs. No reference: it stays until the execution
 * has ended. NULL without memory.
 */
struct task_struct *task_current(struct run *run);
/* By the number that the host has for it: a reference, or NULL. */
struct task_struct *task_find(struct host *host, u32 pid);
/* The next process after the number, or thread of the process @tgid: a reference, or NULL. */
struct task_struct *task_next(struct host *host, u32 tgid, u32 after);

/* By the number in the task's own pid namespace. */
u32 task_ns_pid(const struct task_struct *task);

/*
 * Fills an area of the task's memory, the first that ends above @addr; its
 * file is a reference. 0, -ENOENT, -ESRCH or -ENOMEM.
 */
int task_vma(struct task_struct *task, u64 addr, struct vm_area_struct *vma);
/* A reference to what the task has open under the number; 0 or -errno. */
int task_file(struct task_struct *task, s32 fd, struct file **file);

static inline void task_get(struct task_struct *task)
{
	kernel_object_get(&task->host_object);
}

/* NULL is allowed. */
static inline void task_put(struct task_struct *task)
{
	if (task)
		kernel_object_put(&task->host_object);
}

#endif
