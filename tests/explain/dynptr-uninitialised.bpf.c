/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	struct bpf_dynptr dynptr;
	__u32 value = 0;

	bpf_dynptr_read(&value, sizeof(value), &dynptr, 0, 0);
	return value ? XDP_PASS : XDP_DROP;
}

__u8 memory[16];

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct bpf_dynptr dynptr;
	__u32 value = 0;

	bpf_dynptr_from_mem(memory, sizeof(memory), 0, &dynptr);
	bpf_dynptr_read(&value, sizeof(value), &dynptr, 0, 0);
	return value ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
