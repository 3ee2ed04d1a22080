/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) unsigned long self(struct xdp_md *ctx)
{
	return (unsigned long)ctx;
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	return self(ctx) ? XDP_PASS : XDP_DROP;
}

__attribute__((noinline)) unsigned long queue(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	return queue(ctx) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
