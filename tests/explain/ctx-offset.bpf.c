/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int bad(struct __sk_buff *skb)
{
	return skb->cb[skb->queue_mapping & 3];
}

SEC("tc")
int fixed(struct __sk_buff *skb)
{
	return skb->cb[1];
}

char LICENSE[] SEC("license") = "GPL";
