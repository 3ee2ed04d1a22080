/* SPDX-License-Identifier: BSD-2-Clause */
/* options: --profile unprivileged */
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

SEC("socket")
int bad(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct stats *stats = bpf_map_lookup_elem(&counters, &key);

	if (stats)
		stats->packets = (unsigned long)skb;
	return 0;
}

SEC("socket")
int fixed(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct stats *stats = bpf_map_lookup_elem(&counters, &key);

	if (stats)
		stats->packets = skb->len;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
