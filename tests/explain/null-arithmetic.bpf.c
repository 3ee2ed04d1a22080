/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct table {
	__u32 rows[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	__u32 key = 0, row = ctx->rx_queue_index & 15;
	struct table *table = bpf_map_lookup_elem(&tables, &key);
	__u32 *at = &table->rows[row];

	barrier_var(at);
	if (!table)
		return XDP_PASS;
	*at = 1;
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u32 key = 0, row = ctx->rx_queue_index & 15;
	struct table *table = bpf_map_lookup_elem(&tables, &key);

	if (!table)
		return XDP_PASS;
	table->rows[row] = 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
