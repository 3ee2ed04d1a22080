/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u8 table[256];

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u64 slot = bpf_get_prandom_u32() * (__u64)ctx->rx_queue_index;

	return table[slot] ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u64 slot = bpf_get_prandom_u32() * (__u64)ctx->rx_queue_index;

	if (slot >= sizeof(table))
		return XDP_DROP;
	return table[slot] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
