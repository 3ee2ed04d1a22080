/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
	struct task_struct *parent, *real_parent;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

SEC("socket")
int bad(struct __sk_buff *skb)
{
	bpf_task_release(0);
	return 0;
}

SEC("tp_btf/task_newtask")
int fixed(__u64 *ctx)
{
	struct task_struct *held = bpf_task_acquire((void *)ctx[0]);

	if (held)
		bpf_task_release(held);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
