/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} stages SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&stages, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &stages, 0);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
