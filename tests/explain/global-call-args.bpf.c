/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct pair {
	__u64 a, b;
};

__attribute__((noinline)) int sum(struct pair *pair)
{
	return pair ? pair->a + pair->b : 0;
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u64 one = ctx->rx_queue_index;

	return sum((struct pair *)&one);
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct pair pair = {.a = ctx->rx_queue_index};

	return sum(&pair);
}

char LICENSE[] SEC("license") = "GPL";
