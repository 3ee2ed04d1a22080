/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that a program can observe besides its context and its maps:
 * time, random numbers, the current task, memory it does not own, and where
 * bpf_printk() goes. The default is the real machine; a test replaces what it
 * needs and its run is then reproducible to the bit.
 */
#ifndef ANYBPF_OBJECT_ENVIRONMENT_H
#define ANYBPF_OBJECT_ENVIRONMENT_H

#include "base/types.h"
#include "isa/uapi.h"

#define TASK_COMM_LEN 16

/* Room for the path of a control group, and for one name of it, with the terminator. */
#define ENV_CGROUP_PATH 4096
#define ENV_CGROUP_NAME 256

struct env_cgroup {
	u64 id;	     /* the directory's inode number */
	u32 classid; /* of net_cls; 0: none */
};

enum env_namespace {
	ENV_NS_UTS,
	ENV_NS_IPC,
	ENV_NS_MNT,
	ENV_NS_PID,
	ENV_NS_NET,
	ENV_NS_TIME,
	ENV_NS_CGROUP,
	ENV_NS_USER,
	ENV_NS_CNT,
};

/* An address space; all zero: a task of the kernel, which has none. */
struct env_mm {
	u64 start_code, end_code, start_data, end_data, start_brk, start_stack;
	u64 arg_start, arg_end, env_start, env_end;
	u64 total_vm; /* pages */
};

/* A task, which is what Linux calls a thread; a process is the group that its first one leads. */
struct env_task {
	u32 pid;  /* the thread's id, as Linux's task->pid */
	u32 tgid; /* the process's id */
	u32 uid, gid;
	char comm[TASK_COMM_LEN];
	/* Nanoseconds of CLOCK_BOOTTIME: tells a task from a later one of the same number. */
	u64 start_time;

	/* What .current_task() need not fill. */
	u32 ppid;	     /* the parent's process; 0: none */
	u32 ns_pid, ns_tgid; /* in the task's own pid namespace; 0: that is the host's */
	u32 euid, suid, fsuid, egid, sgid, fsgid;
	u64 cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	u32 ns[ENV_NS_CNT]; /* inode numbers; 0: unknown */
	u32 state;	    /* Linux's __state: 0 running, 1 sleeping, ... */
	u32 flags;	    /* PF_* */
	s32 prio, nice;
	u32 policy, rt_priority, cpu;
	s32 exit_signal, exit_code;
	u32 pgid, sid;	  /* of the process */
	u32 threads;	  /* of the process */
	u64 utime, stime; /* ns */
	u64 nvcsw, nivcsw, min_flt, maj_flt;
	struct env_mm mm;
};

#define ENV_PATH_MAX 4096

/* What is open, by number; and what is not but a file of the task's all the same. */
#define ENV_FD_EXE (-1)

struct env_file {
	char path[ENV_PATH_MAX];
	u64 ino;
	u32 dev;  /* as Linux's s_dev: major << 20 | minor */
	u32 mode; /* S_IF* and permissions */
	u32 uid, gid, nlink, rdev;
	u64 size, blocks;
	u32 blksize;
	u32 flags; /* O_* */
	u64 pos;
	struct {
		s64 sec;
		u32 nsec;
	} atime, mtime, ctime;
};

struct env_vma {
	u64 start, end;
	u64 pgoff;		 /* pages */
	u64 flags;		 /* Linux's VM_* */
	char path[ENV_PATH_MAX]; /* "": memory of no file */
	u64 ino;
	u32 dev;
};

/*
 * Which stack a program asks for. With registers it is the one that they are
 * in; without, the kernel's is that of the program's caller, whose address in
 * the program is .ip, and the user's is where the task left user space.
 */
struct env_stack {
	bool user;
	bool has_regs;
	u64 ip, fp;
};

struct environment {
	void *ctx; /* first argument of all functions below */

	/* Nanoseconds of CLOCK_MONOTONIC, BOOTTIME, REALTIME, TAI or MONOTONIC_COARSE. */
	u64 (*clock_ns)(void *ctx, int clock);
	u32 (*random_u32)(void *ctx);
	void (*current_task)(void *ctx, struct env_task *task);
	/*
	 * Everything of a task: 0 or -ESRCH. NULL: there is none but the current one, and
	 * then likewise for what follows.
	 */
	int (*task)(void *ctx, u32 pid, struct env_task *task);
	/* The next number after @after of a process, or of a thread of the process @tgid; or 0. */
	u32 (*next_task)(void *ctx, u32 tgid, u32 after);
	/* A file of the task, by descriptor or ENV_FD_*: 0, -ENOENT, -ESRCH or -EACCES. */
	int (*task_file)(void *ctx, u32 pid, s32 fd, struct env_file *file);
	/* The first of the task's areas of memory that ends above @addr; 0, -ENOENT or as above. */
	int (*task_vma)(void *ctx, u32 pid, u64 addr, struct env_vma *vma);
	/*
	 * Control groups (version 2) by their paths from the root on: "/", "/a/b". Without
	 * these functions (NULL) there is the root alone, with the id 1, and all tasks are in it.
	 */
	int (*cgroup)(void *ctx, const char *path, struct env_cgroup *cgroup); /* 0 or -ENOENT */
	/* The first name after @after, which is "" at the start, in that group: 0 or -ENOENT. */
	int (*next_cgroup)(void *ctx, const char *path, const char *after,
			   char name[ENV_CGROUP_NAME]);
	/* Where the task (0: the current one) is: 0 or -ESRCH. */
	int (*task_cgroup)(void *ctx, u32 pid, char path[ENV_CGROUP_PATH]);
	/*
	 * Copies @size bytes from an address that may be bad; 0 or -EFAULT and
	 * then @dst is untouched or partly written.
	 */
	int (*read_memory)(void *ctx, void *dst, u64 addr, size_t size);
	/*
	 * The same the other way, for bpf_probe_write_user(); NULL: nobody may (-EPERM).
	 * The real machine has none: a task's memory is the host's own here.
	 */
	int (*write_memory)(void *ctx, u64 addr, const void *src, size_t size);
	/* Addresses of code on a stack, the innermost first: how many, at most @max. */
	u32 (*stack)(void *ctx, const struct env_stack *from, u64 *ips, u32 max);
	/* Of the file that is mapped at a user address: its build id and the address's offset. */
	bool (*build_id)(void *ctx, u64 addr, u8 id[BPF_BUILD_ID_SIZE], u64 *offset);
	/* Sends a signal to the current task, or to its thread alone: 0 or -errno. */
	int (*send_signal)(void *ctx, int signal, bool thread);
	/* What the network is, see os_rtnetlink(); NULL: no more than a loopback device. */
	int (*rtnetlink)(void *ctx, u16 request,
			 int (*fn)(void *arg, u16 type, const u8 *msg, size_t len), void *arg);
	/* One message of bpf_printk(); @len without a terminator. Called from any thread. */
	void (*printk)(void *ctx, const char *text, size_t len);

	u32 nr_cpus; /* possible CPUs: execution slots and copies in per-CPU maps, at least 1 */
};

/* The real machine; printk writes nothing. */
void environment_init(struct environment *env);

#endif
