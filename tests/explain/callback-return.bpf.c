/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

static long each(__u32 i, void *arg)
{
	return 2;
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	bpf_loop(10, each, NULL, 0);
	return XDP_PASS;
}

static long each_ended(__u32 i, void *arg)
{
	return i > 5;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	bpf_loop(10, each_ended, NULL, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
