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
#include "object/environment_cgroup.h"
#include "object/environment_proc.h"

/* Frames of the host and of libraries that lie before a program's, and of it. */
#define STACK_MOST 160

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

/* Asked once by each thread: after a fork() it is another one. */
static u64 own_start_time(u32 pid)
{
	static _Thread_local u32 of;
	static _Thread_local u64 time;

	if (of != pid) {
		time = proc_start_time(pid);
		of = pid;
	}
	return time;
}

static void real_current_task(void *ctx __unused, struct env_task *task)
{
	memset(task, 0, sizeof(*task));
	task->pid = (u32)gettid();
	task->tgid = (u32)getpid();
	task->uid = getuid();
	task->gid = getgid();
	task->start_time = own_start_time(task->pid);
	prctl(PR_GET_NAME, task->comm);
}

static int real_read_memory(void *ctx __unused, void *dst, u64 addr, size_t size)
{
	return fault_read(dst, u64_to_ptr(addr), size);
}

/* Frame pointers, as Linux follows them in user space. */
static u32 follow_frames(u64 fp, u64 *ips, u32 max)
{
	struct {
		u64 fp, ip;
	} frame;
	u32 n = 0;

	while (n < max && !(fp % sizeof(fp)) &&
	       !fault_read(&frame, u64_to_ptr(fp), sizeof(frame))) {
		ips[n++] = frame.ip;
		fp = frame.fp;
	}
	return n;
}

/* The caller's frames without those of the helper and of what it has called. */
static u32 caller_stack(u64 ip, u64 *ips, u32 max)
{
	u64 all[STACK_MOST];
	u32 n = os_backtrace(all, ARRAY_SIZE(all)), at = 0;

	while (at < n && all[at] != ip)
		at++;
	if (at == n) {
		/* No table tells how to leave the program's code. */
		ips[0] = ip;
		return 1;
	}
	n = n - at < max ? n - at : max;
	memcpy(ips, all + at, n * sizeof(*ips));
	return n;
}

/* Programs and who runs them have one stack, the kernel's: a user's is known by registers. */
static u32 real_stack(void *ctx __unused, const struct env_stack *from, u64 *ips, u32 max)
{
	if (!max || (from->user && !from->has_regs))
		return 0;
	if (!from->has_regs)
		return caller_stack(from->ip, ips, max);
	ips[0] = from->ip;
	return 1 + follow_frames(from->fp, ips + 1, max - 1);
}

static bool real_build_id(void *ctx __unused, u64 addr, u8 id[BPF_BUILD_ID_SIZE], u64 *offset)
{
	return os_build_id(addr, id, BPF_BUILD_ID_SIZE, offset);
}

static int real_send_signal(void *ctx __unused, int signal, bool thread)
{
	return os_send_signal(signal, thread);
}

static int real_rtnetlink(void *ctx __unused, u16 request,
			  int (*fn)(void *arg, u16 type, const u8 *msg, size_t len), void *arg)
{
	return os_rtnetlink(request, fn, arg);
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
		.task = proc_task,
		.next_task = proc_next_task,
		.task_file = proc_task_file,
		.task_vma = proc_task_vma,
		.cgroup = machine_cgroup,
		.next_cgroup = machine_next_cgroup,
		.task_cgroup = machine_task_cgroup,
		.read_memory = real_read_memory,
		.stack = real_stack,
		.build_id = real_build_id,
		.send_signal = real_send_signal,
		.rtnetlink = real_rtnetlink,
		.printk = no_printk,
		.nr_cpus = os_nr_cpus(),
	};
}
