/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	unsigned long data = ctx->data, distance = 1500;

	barrier_var(distance);
	distance -= data;
	barrier_var(distance);
	return distance > 100 ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	unsigned long data = ctx->data, length = ctx->data_end - data;

	return length > 100 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
