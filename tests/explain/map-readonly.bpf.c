/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 limit = 10;

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 *p = (__u32 *)&limit;

	barrier_var(p);
	if (ctx->rx_queue_index > limit)
		*p = ctx->rx_queue_index;
	return XDP_PASS;
}

volatile __u32 highest = 10;

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	if (ctx->rx_queue_index > highest)
		highest = ctx->rx_queue_index;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
