/* SPDX-License-Identifier: BSD-2-Clause */
/* options: --profile strict */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 20 > end)
		return XDP_PASS;
	return *(__u32 *)(data + 16) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 20 > end)
		return XDP_PASS;
	return *(__u32 *)(data + 14) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
