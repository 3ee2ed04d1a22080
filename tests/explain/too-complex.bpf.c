/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	volatile __u32 sum = 0;

	for (__u32 i = 0; i < 1000000; i++)
		sum += i;
	return sum & 1;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	volatile __u32 sum = 0;

	for (__u32 i = 0; i < 1000; i++)
		sum += i;
	return sum & 1;
}

char LICENSE[] SEC("license") = "GPL";
