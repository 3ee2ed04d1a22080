/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char copy[64];

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	int len = ctx->rx_queue_index;

	if (len > 64)
		return XDP_PASS;
	bpf_xdp_load_bytes(ctx, 0, copy, len);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 len = ctx->rx_queue_index;

	if (!len || len > 64)
		return XDP_PASS;
	bpf_xdp_load_bytes(ctx, 0, copy, len);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
