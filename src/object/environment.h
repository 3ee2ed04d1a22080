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

#define TASK_COMM_LEN 16

/* What helpers tell about the task on whose behalf a program runs. */
struct env_task {
	u32 pid;  /* the thread's id, as Linux's task->pid */
	u32 tgid; /* the process's id */
	u32 uid, gid;
	u64 cgroup_id;
	char comm[TASK_COMM_LEN];
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
	/* One message of bpf_printk(); @len without a terminator. Called from any thread. */
	void (*printk)(void *ctx, const char *text, size_t len);

	u32 nr_cpus; /* possible CPUs: execution slots and copies in per-CPU maps, at least 1 */
};

/* The real machine; printk writes nothing. */
void environment_init(struct environment *env);

#endif
