/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks of the host's own kernel, whose fields are where its headers say: not for other kernels. */
#include "runs.h"

#undef container_of
#include "kernel/types/task.h"

#define ENTRY(x)  __attribute__((btf_type_tag(#x)))
#define PARENTS	 4096

struct bpf_iter_task {
	u64 opaque[3];
} __attribute__((aligned(8)));

struct bpf_iter_task_vma {
	u64 opaque[1];
} __attribute__((aligned(8)));

struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_rcu_read_lock(void) __ksym;
void bpf_rcu_read_unlock(void) __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym;
struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *mask) __ksym;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym;
void bpf_cpumask_setall(struct bpf_cpumask *mask) __ksym;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *mask) __ksym;
bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *mask) __ksym;
bool bpf_cpumask_full(const struct cpumask *mask) __ksym;
bool bpf_cpumask_empty(const struct cpumask *mask) __ksym;
u32 bpf_cpumask_first(const struct cpumask *mask) __ksym;
u32 bpf_cpumask_first_zero(const struct cpumask *mask) __ksym;
u32 bpf_cpumask_weight(const struct cpumask *mask) __ksym;
u32 bpf_cpumask_any_distribute(const struct cpumask *mask) __ksym;

struct kept {
	struct task_struct ENTRY(kptr) * task;
	struct bpf_cpumask ENTRY(kptr) * mask;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct kept);
} kept SEC(".maps");

SEC("syscall") int current(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 id = bpf_get_current_pid_tgid(), users = bpf_get_current_uid_gid();
	char comm[16] = {0};
	s32 pid = 0;

	MUST((u32)task->pid == (u32)id);
	MUST((u32)task->tgid == id >> 32);
	MUST(task->group_leader->tgid == task->group_leader->pid);
	MUST(task->cred->uid.val == (u32)users);
	MUST(task->cred->gid.val == users >> 32);
	MUST(task->start_time);
	MUST(task->start_boottime >= task->start_time);
	MUST(!bpf_get_current_comm(comm, sizeof(comm)));
	for (u32 i = 0; i < sizeof(comm); i++) {
		MUST(comm[i] == task->comm[i]);
		if (!comm[i])
			break;
	}
	MUST(bpf_get_current_task() == (u64)task);
	MUST(!bpf_probe_read_kernel(&pid, sizeof(pid), &task->pid));
	MUST(pid == task->pid);
	MUST(task->mm);
	MUST(task->mm->arg_start);
	MUST(task->mm->owner == task->group_leader);
	MUST(task->signal->nr_threads > 0);
	MUST(task->nsproxy->mnt_ns->ns.inum);
	MUST(task->thread_pid->numbers[0].nr == task->pid);
	return 0;
}

static long go_up(u32 i, struct task_struct **at)
{
	struct task_struct *parent = NULL, *task = *at;

	if (bpf_probe_read_kernel(&parent, sizeof(parent), &task->real_parent) || parent == task)
		return 1;
	*at = parent;
	return 0;
}

SEC("syscall") int parents(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf(), *top = task;
	s32 pid = 1;

	MUST(bpf_loop(PARENTS, go_up, &top, 0) < PARENTS);
	MUST(!bpf_probe_read_kernel(&pid, sizeof(pid), &top->pid));
	MUST(!pid);
	MUST(top != task);
	return 0;
}

static __always_inline bool is_there(s32 pid)
{
	struct task_struct *task = bpf_task_from_pid(pid);

	if (task)
		bpf_task_release(task);
	return task;
}

SEC("syscall") int references(void *ctx)
{
	struct task_struct *task, *again;

	MUST(!is_there(-1));
	MUST(!is_there(0x7fffffff));
	task = bpf_task_from_pid((s32)bpf_get_current_pid_tgid());
	MUST(task);
	again = bpf_task_acquire(task);
	if (!again || again->pid != task->pid || task != bpf_get_current_task_btf()) {
		if (again)
			bpf_task_release(again);
		bpf_task_release(task);
		return __LINE__;
	}
	bpf_task_release(task);
	bpf_task_release(again);
	return 0;
}

/* What a map keeps in the end goes with it. */
SEC("syscall") int keeps(void *ctx)
{
	struct task_struct *task, *old;
	struct kept *value;
	__u32 key = 1;
	s32 pid;

	value = bpf_map_lookup_elem(&kept, &key);
	MUST(value);
	task = bpf_task_from_pid((s32)bpf_get_current_pid_tgid());
	MUST(task);
	old = bpf_kptr_xchg(&value->task, task);
	if (old) {
		bpf_task_release(old);
		return __LINE__;
	}
	bpf_rcu_read_lock();
	task = value->task;
	pid = task ? task->pid : 0;
	bpf_rcu_read_unlock();
	MUST(pid == (s32)bpf_get_current_pid_tgid());
	old = bpf_kptr_xchg(&value->task, NULL);
	MUST(old);
	old = bpf_kptr_xchg(&value->task, old);
	if (old) {
		bpf_task_release(old);
		return __LINE__;
	}
	return 0;
}

SEC("syscall") int masks(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create(), *old;
	struct kept *value;
	int line = 0;
	__u32 key = 0;

	MUST(mask);
	if (!bpf_cpumask_empty((void *)mask))
		line = __LINE__;
	bpf_cpumask_set_cpu(0, mask);
	bpf_cpumask_set_cpu(100000, mask);
	if (!bpf_cpumask_test_cpu(0, (void *)mask) || bpf_cpumask_weight((void *)mask) != 1 ||
	    bpf_cpumask_first((void *)mask) || bpf_cpumask_any_distribute((void *)mask))
		line = __LINE__;
	if (!bpf_cpumask_test_and_clear_cpu(0, mask) || bpf_cpumask_test_cpu(0, (void *)mask) ||
	    bpf_cpumask_first_zero((void *)mask))
		line = __LINE__;
	bpf_cpumask_setall(mask);
	if (!bpf_cpumask_full((void *)mask) ||
	    bpf_cpumask_first_zero((void *)mask) != bpf_cpumask_weight((void *)mask))
		line = __LINE__;
	value = bpf_map_lookup_elem(&kept, &key);
	if (!value || line) {
		bpf_cpumask_release(mask);
		return line ? line : __LINE__;
	}
	old = bpf_kptr_xchg(&value->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	bpf_rcu_read_lock();
	mask = value->mask;
	if (!mask || !bpf_cpumask_full((void *)mask))
		line = __LINE__;
	bpf_rcu_read_unlock();
	return line;
}

/* Loops over iterators end for the verifier only when it knows no numbers that they change. */
struct counts {
	u64 n, found, first, last, wrong;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct counts);
} counts SEC(".maps");

SEC("syscall") int tasks(void *ctx)
{
	u32 self = (u32)bpf_get_current_pid_tgid();
	struct bpf_iter_task it;
	struct task_struct *task;
	struct counts *c;
	__u32 key = 0;

	c = bpf_map_lookup_elem(&counts, &key);
	MUST(c);
	c->first = 1;
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 1);
	while ((task = bpf_iter_task_next(&it))) {
		if (!c->n)
			c->first = (u32)task->pid;
		c->found += (u32)task->pid == self;
		c->n++;
	}
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	MUST(!c->first);
	MUST(c->n > 1);
	MUST(c->found == 1);
	return 0;
}

SEC("syscall") int memory(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	unsigned long stack = task->mm->start_stack;
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct counts *c;
	__u32 key = 1;

	c = bpf_map_lookup_elem(&counts, &key);
	MUST(c);
	bpf_rcu_read_lock();
	c->wrong = !!bpf_iter_task_vma_new(&it, task, 0);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		c->wrong += vma->vm_start < c->last || vma->vm_end <= vma->vm_start;
		c->found += vma->vm_start <= stack && vma->vm_end > stack;
		c->last = vma->vm_end;
		c->n++;
	}
	bpf_iter_task_vma_destroy(&it);
	bpf_rcu_read_unlock();
	MUST(!c->wrong);
	MUST(c->n > 2);
	MUST(c->found == 1);
	return 0;
}
