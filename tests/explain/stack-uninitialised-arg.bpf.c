/* SPDX-License-Identifier: BSD-2-Clause */
/* options: --profile no-perfmon */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct flow {
	__u32 address;
	__u16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	struct flow flow;
	__u64 one = 1;

	flow.address = ctx->ingress_ifindex;
	flow.port = ctx->rx_queue_index;
	bpf_map_update_elem(&flows, &flow, &one, BPF_ANY);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct flow flow;
	__u64 one = 1;

	__builtin_memset(&flow, 0, sizeof(flow));
	flow.address = ctx->ingress_ifindex;
	flow.port = ctx->rx_queue_index;
	bpf_map_update_elem(&flows, &flow, &one, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
