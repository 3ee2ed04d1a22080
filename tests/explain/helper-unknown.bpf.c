/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static long (*future_helper)(void *ctx) = (void *)5000;

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	return future_helper(ctx) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	return bpf_get_prandom_u32() ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
