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
	__u32 key = ctx->ingress_ifindex;
	struct stats *stats = bpf_map_lookup_elem(&counters, &key);

	barrier_var(stats);
	if (!stats) {
		asm volatile("*(u64 *)(%0 + 0) = 0" : : "r"(stats));
		return XDP_DROP;
	}
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	struct stats *stats = bpf_map_lookup_elem(&counters, &key);

	if (stats) {
		stats->packets = 0;
		return XDP_PASS;
	}
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
