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
	__u64 *record = bpf_ringbuf_reserve(&events, 2 * sizeof(*record), 0);

	if (!record)
		return XDP_PASS;
	record[2] = ctx->ingress_ifindex;
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 2 * sizeof(*record), 0);

	if (!record)
		return XDP_PASS;
	record[1] = ctx->ingress_ifindex;
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
