/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 ifindex, queue;
};

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	event->ifindex = ctx->ingress_ifindex;
	if (event->ifindex == 1)
		return XDP_PASS;
	bpf_ringbuf_submit(event, 0);
	return XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return XDP_PASS;
	event->ifindex = ctx->ingress_ifindex;
	if (event->ifindex == 1) {
		bpf_ringbuf_discard(event, 0);
		return XDP_PASS;
	}
	bpf_ringbuf_submit(event, 0);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
