/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

char copy[64];

SEC("tc")
int bad(struct __sk_buff *skb)
{
	__u32 len = skb->len;

	bpf_perf_event_output(skb, &events, 0, copy, len);
	return 0;
}

SEC("tc")
int fixed(struct __sk_buff *skb)
{
	__u32 len = skb->len;

	if (len > sizeof(copy))
		return 0;
	bpf_perf_event_output(skb, &events, 0, copy, len);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
