/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char copy[64];

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u64 len = bpf_get_prandom_u32();

	len *= ctx->rx_queue_index;
	bpf_xdp_load_bytes(ctx, 0, copy, len);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u64 len = bpf_get_prandom_u32();

	len *= ctx->rx_queue_index;
	if (!len || len > sizeof(copy))
		return XDP_PASS;
	bpf_xdp_load_bytes(ctx, 0, copy, len);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
