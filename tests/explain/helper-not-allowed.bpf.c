/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u16 port = 0;

	bpf_skb_load_bytes(ctx, 36, &port, sizeof(port));
	return port ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u16 port = 0;

	bpf_xdp_load_bytes(ctx, 36, &port, sizeof(port));
	return port ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
