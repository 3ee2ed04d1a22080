/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	unsigned long data = ctx->data, end = ctx->data_end;

	data &= ~7ul;
	if (data + 8 > end)
		return XDP_PASS;
	return *(__u64 *)data ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	unsigned long data = ctx->data, end = ctx->data_end;

	if (data + 8 > end)
		return XDP_PASS;
	return *(__u64 *)data ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
