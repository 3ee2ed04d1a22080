/* SPDX-License-Identifier: BSD-2-Clause */
/* options: --profile unprivileged */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
int bad(struct __sk_buff *skb)
{
	volatile __u32 sum = 0;

	for (__u32 i = 0; i < 1000; i++)
		sum += i;
	return sum & 1;
}

SEC("socket")
int fixed(struct __sk_buff *skb)
{
	volatile __u32 sum = 0;

#pragma unroll
	for (__u32 i = 0; i < 10; i++)
		sum += i;
	return sum & 1;
}

char LICENSE[] SEC("license") = "GPL";
