/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the length of each packet into a ring buffer, and drops every second record. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

int packets;

SEC("tc")
int report(struct __sk_buff *skb)
{
	__u32 *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 2;
	*event = skb->len;
	if (packets++ % 2)
		bpf_ringbuf_discard(event, 0);
	else
		bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
