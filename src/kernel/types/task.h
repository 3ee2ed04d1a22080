/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks: one per thread, under the names that a kernel has for them. */
#ifndef ANYBPF_KERNEL_TYPES_TASK_H
#define ANYBPF_KERNEL_TYPES_TASK_H

#include "kernel/types/base.h"
#include "kernel/types/cpumask.h"
#include "kernel/types/fs.h"
#include "kernel/types/mm.h"

struct css_set;
struct net;
struct task_struct;

/* ---- namespaces ---- */

struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
	kgid_t group;
	struct ns_common ns;
};

struct pid_namespace {
	unsigned int level;
	struct pid_namespace *parent;
	struct user_namespace *user_ns;
	struct ns_common ns;
};

struct new_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};

struct uts_namespace {
	struct new_utsname name;
	struct user_namespace *user_ns;
	struct ns_common ns;
};

struct ipc_namespace {
	struct user_namespace *user_ns;
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
};

struct time_namespace {
	struct user_namespace *user_ns;
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
};

struct nsproxy {
	refcount_t count;
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns;
	struct time_namespace *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

/* A task's number in each namespace that it can be seen from: the host's, then its own. */
struct pid {
	refcount_t count;
	unsigned int level;
	struct upid numbers[2];
};

/* ---- who may what ---- */

struct cred {
	atomic_long_t usage;
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_bset;
	kernel_cap_t cap_ambient;
	struct user_namespace *user_ns;
};

/* ---- the task ---- */

struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
};

/* Of a thread group. */
struct signal_struct {
	refcount_t sigcnt;
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4]; /* of its leader, its group, its session: PIDTYPE_* */
	struct rlimit rlim[16];
	short oom_score_adj;
	unsigned int audit_tty;
};

struct thread_info {
	unsigned long flags;
	unsigned long syscall_work;
	u32 status;
	u32 cpu;
};

struct sched_entity {
	u64 exec_start;
	u64 sum_exec_runtime;
	u64 vruntime;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	void *stack;
	refcount_t usage;
	unsigned int flags; /* PF_* */
	int on_cpu;
	int wake_cpu;
	int recent_used_cpu;
	int on_rq;
	int prio;
	int static_prio;
	int normal_prio;
	unsigned int rt_priority;
	struct sched_entity se;
	unsigned int policy;
	int nr_cpus_allowed;
	const cpumask_t *cpus_ptr;
	cpumask_t cpus_mask;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	int exit_state;
	int exit_code;
	int exit_signal;
	unsigned int personality;
	unsigned int in_execve : 1;
	unsigned int in_iowait : 1;
	pid_t pid;
	pid_t tgid;
	struct task_struct __rcu *real_parent;
	struct task_struct __rcu *parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 utime;
	u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	u64 start_time;	    /* ns of CLOCK_MONOTONIC */
	u64 start_boottime; /* of CLOCK_BOOTTIME */
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred __rcu *ptracer_cred;
	const struct cred __rcu *real_cred;
	const struct cred __rcu *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	u64 parent_exec_id;
	u64 self_exec_id;
	struct css_set __rcu *cgroups;
	void *security;

	struct kernel_object host_object;
	/* The thread group's leader, of a leader the parent: a reference; NULL of the first task.
	 */
	struct task_struct *host_above;
	struct task_struct *host_next; /* in the host's table, or of those that are being made */
	u32 host_ppid;
	u32 host_user; /* whether it has an address space */
};

#endif
