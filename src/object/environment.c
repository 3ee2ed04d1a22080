/* SPDX-License-Identifier: BSD-2-Clause */
/* The environment of the real machine. */
#define _GNU_SOURCE
#include "object/environment.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"

static u64 real_clock_ns(void *ctx __unused, int clock)
{
	return os_clock_ns(clock);
}

static u32 real_random_u32(void *ctx __unused)
{
	/* Not cryptographic, like the kernel's bpf_get_prandom_u32(); one state per thread. */
	static _Thread_local u64 state;
	u64 z;

	if (!state)
		os_random(&state, sizeof(state));
	z = state += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (u32)(z >> 32);
}

static void real_current_task(void *ctx __unused, struct env_task *task)
{
	memset(task, 0, sizeof(*task));
	task->pid = (u32)gettid();
	task->tgid = (u32)getpid();
	task->uid = getuid();
	task->gid = getgid();
	task->cgroup_id = 1; /* the root of a cgroup2 tree */
	prctl(PR_GET_NAME, task->comm);
}

static int real_read_memory(void *ctx __unused, void *dst, u64 addr, size_t size)
{
	return fault_read(dst, u64_to_ptr(addr), size);
}

static void no_printk(void *ctx __unused, const char *text __unused, size_t len __unused)
{
}

void environment_init(struct environment *env)
{
	*env = (struct environment){
		.clock_ns = real_clock_ns,
		.random_u32 = real_random_u32,
		.current_task = real_current_task,
		.read_memory = real_read_memory,
		.printk = no_printk,
		.nr_cpus = os_nr_cpus(),
	};
}
