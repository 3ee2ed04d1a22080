/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
int bad(struct __sk_buff *skb)
{
	return skb->data_end - skb->data > 14;
}

SEC("socket")
int fixed(struct __sk_buff *skb)
{
	return skb->len > 14;
}

char LICENSE[] SEC("license") = "GPL";
