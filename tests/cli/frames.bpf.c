/* SPDX-License-Identifier: BSD-2-Clause */
/* A helper that is called from a function that is called: what a debugger shows of it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int inner(int bytes)
{
	bpf_printk("packet of %d bytes", bytes); /* line 9 */
	return bytes;
}

SEC("xdp")
int outer(struct xdp_md *ctx)
{
	int bytes = ctx->data_end - ctx->data;

	return inner(bytes) /* line 18 */ ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
