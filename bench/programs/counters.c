/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts packets and bytes by what they carry: per CPU, one element for each protocol. */
#include "frame.h"

struct counter {
	__u64 packets, bytes;
};

BENCH_MAP(protocols, BPF_MAP_TYPE_PERCPU_ARRAY, 8, __u32, struct counter);

static __always_inline __u32 protocol_of(const __u8 *frame)
{
	const struct eth_header *eth = (void *)frame;
	const struct ipv4_header *ip = (void *)(eth + 1);

	if (eth->type == bpf_htons(TYPE_IPV6))
		return 1;
	if (eth->type != bpf_htons(TYPE_IPV4))
		return 0;
	return ip->protocol == PROTO_TCP ? 2 : ip->protocol == PROTO_UDP ? 3 : 4;
}

BENCH(counters, PACKET_FRAMES, "16 frames counted by protocol, per CPU")
{
	__u8 *frame = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0;

	for (int i = 0; i < FRAMES; i++, frame += FRAME_SIZE) {
		struct counter *counter;
		__u32 key;

		if (frame + FRAME_SIZE > end)
			break;
		key = protocol_of(frame);
		counter = bpf_map_lookup_elem(&protocols, &key);
		if (!counter)
			continue;
		counter->packets++;
		counter->bytes += FRAME_SIZE;
		sum = sum * 5 + key;
	}
	return (int)sum;
}
