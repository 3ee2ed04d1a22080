/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int inner(struct xdp_md *ctx)
{
	volatile char buffer[300];

	buffer[ctx->rx_queue_index & 15] = 1;
	return buffer[ctx->ingress_ifindex & 15];
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	volatile char buffer[300];

	buffer[ctx->rx_queue_index & 15] = 1;
	return inner(ctx) + buffer[ctx->ingress_ifindex & 15];
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	volatile char buffer[100];

	buffer[ctx->rx_queue_index & 15] = 1;
	return inner(ctx) + buffer[ctx->ingress_ifindex & 15];
}

char LICENSE[] SEC("license") = "GPL";
