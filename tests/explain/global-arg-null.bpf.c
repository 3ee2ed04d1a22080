/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int sum(__u32 *numbers)
{
	return numbers[0] + 1;
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 number = ctx->rx_queue_index;

	return sum(&number);
}

__attribute__((noinline)) int checked_sum(__u32 *numbers)
{
	if (!numbers)
		return 0;
	return numbers[0] + 1;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 number = ctx->rx_queue_index;

	return checked_sum(&number);
}

char LICENSE[] SEC("license") = "GPL";
