/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel functions and helpers on tasks, their memory and their files. What is
 * looked up without a reference stays until the execution has ended.
 */
#include <string.h>

#include "helper/kfunc_functions.h"
#include "helper/kobj.h"
#include "kernel/fs.h"
#include "kernel/task.h"

/* ---- references ---- */

static u64 give_task(struct run *run, struct task_struct *task)
{
	return task ? give_kernel_object(run, task, &task->host_object) : 0;
}

DEFINE_HELPER(kfunc_task_acquire)
{
	struct task_struct *task = u64_to_ptr(r1);

	return kernel_object_try_get(&task->host_object) ? give_task(run, task) : 0;
}

DEFINE_HELPER(kfunc_task_release)
{
	struct task_struct *task = u64_to_ptr(r1);

	take_kernel_object(run, &task->host_object);
	return 0;
}

DEFINE_HELPER(kfunc_task_from_pid)
{
	return (s32)r1 > 0 ? give_task(run, task_find(run->host, (u32)r1)) : 0;
}

/* ---- iterating over tasks ---- */

#define ITER_ALL_PROCS	  0
#define ITER_ALL_THREADS  1
#define ITER_PROC_THREADS 2

/* struct bpf_iter_task: where it is. */
struct iter_task {
	u32 tgid, pid; /* what was given last */
	u8 kind;
	bool begun; /* something was */
	bool over;
};

_Static_assert(sizeof(struct iter_task) <= 24, "struct bpf_iter_task");

DEFINE_HELPER(kfunc_iter_task_new)
{
	struct iter_task *it = u64_to_ptr(r1);
	const struct task_struct *task = u64_to_ptr(r2);
	u32 kind = (u32)r3;

	*it = (struct iter_task){.over = true};
	if (kind > ITER_PROC_THREADS || (kind == ITER_PROC_THREADS && !task))
		return helper_error(-EINVAL);
	it->kind = (u8)kind;
	it->over = false;
	if (kind == ITER_PROC_THREADS)
		it->tgid = (u32)task->tgid;
	return 0;
}

/* All begin with the task of number 0, which has one thread. */
static struct task_struct *first_task(struct host *host, const struct iter_task *it)
{
	return it->kind == ITER_PROC_THREADS ? task_next(host, it->tgid, 0) : task_find(host, 0);
}

static struct task_struct *following_task(struct host *host, const struct iter_task *it)
{
	struct task_struct *task = NULL;

	if (it->kind != ITER_ALL_PROCS && it->tgid)
		task = task_next(host, it->tgid, it->pid);
	if (!task && it->kind != ITER_PROC_THREADS)
		task = task_next(host, 0, it->tgid);
	return task;
}

DEFINE_HELPER(kfunc_iter_task_next)
{
	struct iter_task *it = u64_to_ptr(r1);
	struct task_struct *task;

	if (it->over)
		return 0;
	task = it->begun ? following_task(run->host, it) : first_task(run->host, it);
	if (!task) {
		it->over = true;
		return 0;
	}
	it->begun = true;
	it->tgid = (u32)task->tgid;
	it->pid = (u32)task->pid;
	task_put(task);
	return ptr_to_u64(task);
}

DEFINE_HELPER(kfunc_iter_task_destroy)
{
	*(struct iter_task *)u64_to_ptr(r1) = (struct iter_task){.over = true};
	return 0;
}

/* ---- memory of a task ---- */

/* Behind struct bpf_iter_task_vma. */
struct iter_vma {
	struct deferred deferred;
	struct task_struct *task; /* a reference, or NULL */
	u64 next;		  /* address */
	struct vm_area_struct vma;
};

static void free_unseen_vma(struct host *host, struct deferred *deferred)
{
	mem_free(host->mem, container_of(deferred, struct iter_vma, deferred));
}

/* The program may look at the area after that. */
static void free_iter_vma(struct run *run, void *what)
{
	struct iter_vma *it = what;

	task_put(it->task);
	file_put(it->vma.vm_file);
	host_defer(run->host, run->cpu, &it->deferred, free_unseen_vma);
}

DEFINE_HELPER(kfunc_iter_task_vma_new)
{
	struct iter_vma **it = u64_to_ptr(r1), *made;
	struct task_struct *task = u64_to_ptr(r2);

	*it = NULL;
	if (!task->mm)
		return helper_error(-ENOENT);
	made = mem_zalloc(run->host->mem, sizeof(*made));
	if (!made)
		return helper_error(-ENOMEM);
	if (!kernel_object_try_get(&task->host_object)) {
		mem_free(run->host->mem, made);
		return helper_error(-ENOENT);
	}
	made->task = task;
	made->next = r3;
	if (unlikely(run->budget.limited) && !budget_hold(run, made, free_iter_vma)) {
		free_iter_vma(run, made);
		return helper_error(-ENOMEM);
	}
	*it = made;
	return 0;
}

DEFINE_HELPER(kfunc_iter_task_vma_next)
{
	struct iter_vma *it = *(struct iter_vma **)u64_to_ptr(r1);

	if (!it)
		return 0;
	file_put(it->vma.vm_file);
	it->vma.vm_file = NULL;
	if (task_vma(it->task, it->next, &it->vma))
		return 0;
	it->next = it->vma.vm_end;
	return ptr_to_u64(&it->vma);
}

DEFINE_HELPER(kfunc_iter_task_vma_destroy)
{
	struct iter_vma **it = u64_to_ptr(r1);

	if (!*it)
		return 0;
	if (unlikely(run->budget.nheld))
		budget_release(run, *it);
	free_iter_vma(run, *it);
	*it = NULL;
	return 0;
}

DEFINE_HELPER(helper_find_vma)
{
	struct task_struct *task = u64_to_ptr(r1);
	const struct subprog *fn = u64_to_ptr(r3);
	struct iter_vma *found;
	bool inside;

	if (r5)
		return helper_error(-EINVAL);
	if (!task || !task->mm)
		return helper_error(-ENOENT);
	found = mem_zalloc(run->host->mem, sizeof(*found));
	if (!found)
		return helper_error(-ENOMEM);
	inside = !task_vma(task, r2, &found->vma) && found->vma.vm_start <= r2;
	if (inside)
		(void)run->invoke(run, fn, r1, ptr_to_u64(&found->vma), r4, 0, 0);
	free_iter_vma(run, found);
	return inside ? 0 : helper_error(-ENOENT);
}

/* ---- files ---- */

static u64 print_path(const struct run *run, const struct path *path, char *buf, u32 size)
{
	int ret = path_print(run->host, path, buf, size);

	return helper_error(ret);
}

DEFINE_HELPER(helper_d_path)
{
	struct path path;

	if (!(u32)r3)
		return 0;
	if (run->host->env.read_memory(run->host->env.ctx, &path, r1, sizeof(path)))
		return helper_error(-EFAULT);
	return print_path(run, &path, u64_to_ptr(r2), (u32)r3);
}

DEFINE_HELPER(kfunc_path_d_path)
{
	if (!(u32)r3)
		return helper_error(-EINVAL);
	return print_path(run, u64_to_ptr(r1), u64_to_ptr(r2), (u32)r3);
}

DEFINE_HELPER(kfunc_get_task_exe_file)
{
	const struct task_struct *task = u64_to_ptr(r1);
	struct file *file = task->mm ? (struct file *)task->mm->exe_file : NULL;

	if (!file || !kernel_object_try_get(&file->host_object))
		return 0;
	return give_kernel_object(run, file, &file->host_object);
}

DEFINE_HELPER(kfunc_put_file)
{
	struct file *file = u64_to_ptr(r1);

	take_kernel_object(run, &file->host_object);
	return 0;
}

/* ---- contexts ---- */

/* The host's context is what the kernel has behind it wherever its types say that there is one. */
DEFINE_HELPER(kfunc_cast_to_kern_ctx)
{
	return r1;
}
