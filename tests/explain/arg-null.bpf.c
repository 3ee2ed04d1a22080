/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct stats {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct stats);
} counters SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 from = 1, to = 2;
	struct stats *stats = bpf_map_lookup_elem(&counters, &from);

	bpf_map_update_elem(&counters, &to, stats, BPF_ANY);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 from = 1, to = 2;
	struct stats *stats = bpf_map_lookup_elem(&counters, &from);

	if (stats)
		bpf_map_update_elem(&counters, &to, stats, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
