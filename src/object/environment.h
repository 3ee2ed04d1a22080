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

/* What helpers tell about the task on whose behalf a program runs. */
struct env_task {
	u32 pid;  /* the thread's id, as Linux's task->pid */
	u32 tgid; /* the process's id */
	u32 uid, gid;
	u64 cgroup_id;
	char comm[TASK_COMM_LEN];
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
	 * Copies @size bytes from an address that may be bad; 0 or -EFAULT and
	 * then @dst is untouched or partly written.
	 */
	int (*read_memory)(void *ctx, void *dst, u64 addr, size_t size);
	/* The same the other way, to memory that the task can write. */
	int (*write_memory)(void *ctx, u64 addr, const void *src, size_t size);
	/* Addresses of code on a stack, the innermost first: how many, at most @max. */
	u32 (*stack)(void *ctx, const struct env_stack *from, u64 *ips, u32 max);
	/* Of the file that is mapped at a user address: its build id and the address's offset. */
	bool (*build_id)(void *ctx, u64 addr, u8 id[BPF_BUILD_ID_SIZE], u64 *offset);
	/* Sends a signal to the current task, or to its thread alone: 0 or -errno. */
	int (*send_signal)(void *ctx, int signal, bool thread);
	/* One message of bpf_printk(); @len without a terminator. Called from any thread. */
	void (*printk)(void *ctx, const char *text, size_t len);

	u32 nr_cpus; /* possible CPUs: execution slots and copies in per-CPU maps, at least 1 */
};

/* The real machine; printk writes nothing. */
void environment_init(struct environment *env);

#endif
