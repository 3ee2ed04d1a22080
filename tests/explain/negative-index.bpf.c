/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u8 table[256];

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	int slot = ctx->rx_queue_index;

	if (slot >= 256)
		return XDP_DROP;
	return table[slot] ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 slot = ctx->rx_queue_index;

	if (slot >= 256)
		return XDP_DROP;
	return table[slot] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
