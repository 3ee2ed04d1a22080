/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a packet without having looked where it ends. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int no_check(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;

	return data[12] ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fine(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
