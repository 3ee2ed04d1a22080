/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	struct bpf_dynptr record;

	bpf_ringbuf_reserve_dynptr(&events, 64, 0, &record);
	*(volatile __u64 *)&record = ctx->ingress_ifindex;
	bpf_ringbuf_submit_dynptr(&record, 0);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct bpf_dynptr record;
	__u64 ifindex = ctx->ingress_ifindex;

	bpf_ringbuf_reserve_dynptr(&events, 64, 0, &record);
	bpf_dynptr_write(&record, 0, &ifindex, sizeof(ifindex), 0);
	bpf_ringbuf_submit_dynptr(&record, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
