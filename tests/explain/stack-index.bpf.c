/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	char seen[16] = {};
	__u32 i = ctx->rx_queue_index;

	seen[i] = 1;
	return seen[ctx->ingress_ifindex & 15];
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	char seen[16] = {};
	__u32 i = ctx->rx_queue_index;

	if (i >= sizeof(seen))
		return XDP_DROP;
	seen[i] = 1;
	return seen[ctx->ingress_ifindex & 15];
}

char LICENSE[] SEC("license") = "GPL";
