/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 i = 0;

	while (i < 10)
		if (bpf_get_prandom_u32() == 3)
			i++;
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	for (__u32 i = 0; i < 10; i++)
		if (bpf_get_prandom_u32() == 3)
			break;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
