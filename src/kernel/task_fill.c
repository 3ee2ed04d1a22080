/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures of one task. What a process has once is in the memory of its
 * leader, which its threads keep: they are linked to it before anyone sees them.
 */
#include "kernel/task_fill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "kernel/fs.h"

#define PF_KTHREAD    0x00200000
#define PF_FORKNOEXEC 0x00000040
#define NICE_0_PRIO   120

struct thread_memory {
	struct task_struct task;
	struct cred cred;
	struct pid pid;
};

/* Of a leader. */
struct process_memory {
	struct thread_memory thread;
	struct signal_struct signal;
	struct pid group, session;
	struct mm_struct mm;
	struct nsproxy nsproxy;
	struct user_namespace user;
	struct uts_namespace uts;
	struct ipc_namespace ipc;
	struct mnt_namespace mnt;
	struct pid_namespace pids;
	struct time_namespace time;
	struct cgroup_namespace cgroup;
	struct files_struct files;
	struct fs_struct fs;
};

static bool is_leader(const struct task_struct *task)
{
	return task->pid == task->tgid;
}

static struct thread_memory *thread_of(struct task_struct *task)
{
	return container_of(task, struct thread_memory, task);
}

static struct process_memory *process_of(struct task_struct *leader)
{
	return container_of(thread_of(leader), struct process_memory, thread);
}

/* ---- the object ---- */

static void task_free(struct kernel_object *kobj)
{
	struct task_struct *task = container_of(kobj, struct task_struct, host_object);

	if (is_leader(task))
		file_put((struct file *)process_of(task)->mm.exe_file);
	task_put(task->host_above);
	mem_free(kobj->obj.host->mem, thread_of(task));
}

static const struct kernel_object_ops task_ops = {
	.object = {.kind = OBJECT_TASK, .free = kernel_object_release},
	.free = task_free,
};

/* ---- what each thread has ---- */

static void fill_cred(struct cred *cred, const struct env_task *spec)
{
	bool known = spec->tgid && (spec->ppid || spec->euid || spec->ns[ENV_NS_USER]);

	cred->usage.counter = 1;
	cred->uid.val = spec->uid;
	cred->gid.val = spec->gid;
	/* Where no more is told, it is what it seems. */
	cred->euid.val = known ? spec->euid : spec->uid;
	cred->suid.val = known ? spec->suid : spec->uid;
	cred->fsuid.val = known ? spec->fsuid : spec->uid;
	cred->egid.val = known ? spec->egid : spec->gid;
	cred->sgid.val = known ? spec->sgid : spec->gid;
	cred->fsgid.val = known ? spec->fsgid : spec->gid;
	cred->cap_inheritable.val = spec->cap_inheritable;
	cred->cap_permitted.val = spec->cap_permitted;
	cred->cap_effective.val = spec->cap_effective;
	cred->cap_bset.val = spec->cap_bset;
	cred->cap_ambient.val = spec->cap_ambient;
}

static u64 boot_offset(const struct host *host)
{
	const struct environment *env = &host->env;

	u64 monotonic = env->clock_ns(env->ctx, CLOCK_MONOTONIC);
	u64 boot = env->clock_ns(env->ctx, CLOCK_BOOTTIME);

	return boot > monotonic ? boot - monotonic : 0;
}

static void fill_times(struct task_struct *task, const struct host *host,
		       const struct env_task *spec)
{
	u64 offset = boot_offset(host);

	task->start_boottime = spec->start_time;
	task->start_time = spec->start_time > offset ? spec->start_time - offset : 0;
	task->utime = spec->utime;
	task->stime = spec->stime;
	task->se.sum_exec_runtime = spec->utime + spec->stime;
	task->nvcsw = (unsigned long)spec->nvcsw;
	task->nivcsw = (unsigned long)spec->nivcsw;
	task->min_flt = (unsigned long)spec->min_flt;
	task->maj_flt = (unsigned long)spec->maj_flt;
}

static void fill_scheduling(struct task_struct *task, const struct host *host,
			    const struct env_task *spec)
{
	task->thread_info.cpu = spec->cpu;
	task->wake_cpu = task->recent_used_cpu = (int)spec->cpu;
	task->__state = spec->state;
	task->on_cpu = task->on_rq = !spec->state;
	task->prio = spec->prio ? spec->prio : NICE_0_PRIO + spec->nice;
	task->static_prio = NICE_0_PRIO + spec->nice;
	task->normal_prio = task->prio;
	task->rt_priority = spec->rt_priority;
	task->policy = spec->policy;
	task->nr_cpus_allowed = (int)host->env.nr_cpus;
	for (u32 i = 0; i < host->env.nr_cpus; i++)
		task->cpus_mask.bits[i / 64] |= 1ul << i % 64;
	task->cpus_ptr = &task->cpus_mask;
}

static void fill_thread(struct thread_memory *m, const struct host *host,
			const struct env_task *spec)
{
	struct task_struct *task = &m->task;

	task->pid = (pid_t)spec->pid;
	task->tgid = (pid_t)(spec->tgid ? spec->tgid : spec->pid);
	task->usage.refs.counter = 1;
	task->flags = spec->flags | (spec->pid ? 0 : PF_KTHREAD);
	task->exit_signal = spec->exit_signal;
	task->exit_code = spec->exit_code;
	memcpy(task->comm, spec->comm, sizeof(task->comm));
	task->comm[sizeof(task->comm) - 1] = '\0';
	task->host_ppid = spec->ppid;
	task->loginuid.val = UINT32_MAX;
	task->sessionid = UINT32_MAX;
	fill_cred(&m->cred, spec);
	fill_times(task, host, spec);
	fill_scheduling(task, host, spec);
	task->cred = task->real_cred = &m->cred;
	task->thread_pid = &m->pid;
	m->pid.count.refs.counter = 1;
	m->pid.level = spec->ns_pid && spec->ns_pid != spec->pid;
	m->pid.numbers[0].nr = (int)spec->pid;
	m->pid.numbers[1].nr = (int)spec->ns_pid;
}

/* ---- what a process has ---- */

static void fill_mm(struct process_memory *p, struct host *host, const struct env_task *spec)
{
	const struct env_mm *from = &spec->mm;
	struct env_file exe;

	p->mm = (struct mm_struct){
		.mm_users.counter = 1,
		.mm_count.counter = 1,
		.total_vm = (unsigned long)from->total_vm,
		.start_code = (unsigned long)from->start_code,
		.end_code = (unsigned long)from->end_code,
		.start_data = (unsigned long)from->start_data,
		.end_data = (unsigned long)from->end_data,
		.start_brk = (unsigned long)from->start_brk,
		.brk = (unsigned long)from->start_brk,
		.start_stack = (unsigned long)from->start_stack,
		.arg_start = (unsigned long)from->arg_start,
		.arg_end = (unsigned long)from->arg_end,
		.env_start = (unsigned long)from->env_start,
		.env_end = (unsigned long)from->env_end,
		.owner = &p->thread.task,
	};
	if (host->env.task_file && !host->env.task_file(host->env.ctx, spec->pid, ENV_FD_EXE, &exe))
		p->mm.exe_file = file_create(host, &exe);
}

static void fill_pid(struct pid *pid, u32 nr, struct pid_namespace *ns)
{
	pid->count.refs.counter = 1;
	pid->numbers[0].nr = (int)nr;
	pid->numbers[0].ns = ns;
}

static void fill_signal(struct process_memory *p, const struct env_task *spec)
{
	p->signal.sigcnt.refs.counter = 1;
	p->signal.nr_threads = spec->threads ? (int)spec->threads : 1;
	p->signal.live.counter = p->signal.nr_threads;
	fill_pid(&p->group, spec->pgid, &p->pids);
	fill_pid(&p->session, spec->sid, &p->pids);
	p->signal.pids[0] = p->signal.pids[1] = &p->thread.pid;
	p->signal.pids[2] = &p->group;
	p->signal.pids[3] = &p->session;
}

static void fill_names(struct new_utsname *name)
{
	struct utsname uts;

	if (uname(&uts))
		return;
	snprintf(name->sysname, sizeof(name->sysname), "%s", uts.sysname);
	snprintf(name->nodename, sizeof(name->nodename), "%s", uts.nodename);
	snprintf(name->release, sizeof(name->release), "%s", uts.release);
	snprintf(name->version, sizeof(name->version), "%s", uts.version);
	snprintf(name->machine, sizeof(name->machine), "%s", uts.machine);
}

static void fill_namespaces(struct process_memory *p, const struct env_task *spec)
{
	const u32 *inum = spec->ns;

	p->user.ns.inum = inum[ENV_NS_USER];
	p->uts.ns.inum = inum[ENV_NS_UTS];
	p->ipc.ns.inum = inum[ENV_NS_IPC];
	p->mnt.ns.inum = inum[ENV_NS_MNT];
	p->pids.ns.inum = inum[ENV_NS_PID];
	p->pids.level = p->thread.pid.level;
	p->time.ns.inum = inum[ENV_NS_TIME];
	p->cgroup.ns.inum = inum[ENV_NS_CGROUP];
	p->uts.user_ns = p->ipc.user_ns = p->mnt.user_ns = p->pids.user_ns = &p->user;
	p->time.user_ns = p->cgroup.user_ns = &p->user;
	fill_names(&p->uts.name);
	p->nsproxy = (struct nsproxy){
		.count.refs.counter = 1,
		.uts_ns = &p->uts,
		.ipc_ns = &p->ipc,
		.mnt_ns = &p->mnt,
		.pid_ns_for_children = &p->pids,
		.time_ns = &p->time,
		.time_ns_for_children = &p->time,
		.cgroup_ns = &p->cgroup,
	};
}

static void use_process(struct task_struct *task, struct process_memory *p)
{
	struct thread_memory *m = thread_of(task);
	bool user = p->thread.task.host_user;

	task->signal = &p->signal;
	task->nsproxy = &p->nsproxy;
	task->files = &p->files;
	task->fs = &p->fs;
	task->mm = task->active_mm = user ? &p->mm : NULL;
	task->group_leader = &p->thread.task;
	m->cred.user_ns = &p->user;
	m->pid.numbers[m->pid.level].ns = &p->pids;
}

static void fill_process(struct process_memory *p, struct host *host, const struct env_task *spec)
{
	p->thread.task.host_user = spec->mm.arg_start || spec->mm.start_stack;
	if (p->thread.task.host_user)
		fill_mm(p, host, spec);
	fill_signal(p, spec);
	fill_namespaces(p, spec);
	p->files.count.counter = 1;
	p->files.fdt = &p->files.fdtab;
	p->fs.users = 1;
	use_process(&p->thread.task, p);
}

struct task_struct *task_make(struct host *host, const struct env_task *spec)
{
	bool leader = !spec->tgid || spec->pid == spec->tgid;
	struct thread_memory *m = mem_zalloc(host->mem, leader ? sizeof(struct process_memory)
							       : sizeof(struct thread_memory));

	if (!m)
		return NULL;
	kernel_object_init(&m->task.host_object, &task_ops, host);
	fill_thread(m, host, spec);
	m->task.real_parent = m->task.parent = &m->task;
	if (leader)
		fill_process(process_of(&m->task), host, spec);
	return &m->task;
}

void task_link(struct task_struct *task, struct task_struct *up)
{
	struct thread_memory *m = thread_of(task);
	struct task_struct *parent = up;

	task->host_above = up;
	if (!is_leader(task)) {
		use_process(task, process_of(up));
		parent = (struct task_struct *)up->real_parent;
	}
	task->real_parent = task->parent = parent;
	/* What is seen from outside of its namespace is the parent's. */
	if (m->pid.level)
		m->pid.numbers[0].ns = parent->thread_pid->numbers[0].ns;
}

void task_refresh(struct task_struct *task, const struct env_task *now)
{
	struct cred *cred = &thread_of(task)->cred;

	if (memcmp(task->comm, now->comm, sizeof(task->comm) - 1))
		memcpy(task->comm, now->comm, sizeof(task->comm) - 1);
	if (cred->uid.val != now->uid)
		cred->uid.val = now->uid;
	if (cred->gid.val != now->gid)
		cred->gid.val = now->gid;
}

/* ---- what is asked of the environment at once ---- */

u32 task_ns_pid(const struct task_struct *task)
{
	return (u32)task->thread_pid->numbers[task->thread_pid->level].nr;
}

int task_file(struct task_struct *task, s32 fd, struct file **file)
{
	struct host *host = task->host_object.obj.host;
	struct env_file spec;
	int err;

	if (!host->env.task_file)
		return -ENOENT;
	err = host->env.task_file(host->env.ctx, (u32)task->pid, fd, &spec);
	if (err)
		return err;
	*file = file_create(host, &spec);
	return *file ? 0 : -ENOMEM;
}

int task_vma(struct task_struct *task, u64 addr, struct vm_area_struct *vma)
{
	struct host *host = task->host_object.obj.host;
	struct env_vma spec;
	int err;

	if (!host->env.task_vma)
		return -ENOENT;
	err = host->env.task_vma(host->env.ctx, (u32)task->pid, addr, &spec);
	if (err)
		return err;
	*vma = (struct vm_area_struct){
		.vm_start = (unsigned long)spec.start,
		.vm_end = (unsigned long)spec.end,
		.vm_mm = task->mm,
		.vm_flags = (vm_flags_t)spec.flags,
		.vm_pgoff = (unsigned long)spec.pgoff,
	};
	if (spec.path[0]) {
		struct env_file file = {.ino = spec.ino, .dev = spec.dev};

		memcpy(file.path, spec.path, sizeof(file.path));
		vma->vm_file = file_create(host, &file);
		if (!vma->vm_file)
			return -ENOMEM;
	}
	return 0;
}
