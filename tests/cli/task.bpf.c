/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks into an object of the kernel, whose first word every kernel describes as a number. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct;

struct task_struct *bpf_task_from_pid(int pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

SEC("xdp")
int looks(struct xdp_md *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);
	long first;

	if (!task)
		return XDP_PASS;
	first = *(volatile long *)task;
	bpf_task_release(task);
	return first ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
