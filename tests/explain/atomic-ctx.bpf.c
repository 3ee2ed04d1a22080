/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int bad(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&skb->mark, 1);
	return 0;
}

SEC("tc")
int fixed(struct __sk_buff *skb)
{
	skb->mark++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
