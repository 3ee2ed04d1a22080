/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[8]);
} histogram SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 key = 0, slot = ctx->rx_queue_index;
	__u64 *slots = bpf_map_lookup_elem(&histogram, &key);

	if (!slots || slot > 8)
		return XDP_PASS;
	slots[slot]++;
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 key = 0, slot = ctx->rx_queue_index;
	__u64 *slots = bpf_map_lookup_elem(&histogram, &key);

	if (!slots || slot >= 8)
		return XDP_PASS;
	slots[slot]++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
