/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of flows by addresses, ports and protocol, with counts. */
#include "frame.h"

struct flow_key {
	__u32 source, dest;
	__u16 ports[2];
	__u32 protocol;
};

struct flow {
	__u64 packets, bytes;
	__u32 last, flags;
};

BENCH_MAP(flows, BPF_MAP_TYPE_HASH, 1024, struct flow_key, struct flow);

/* 0 for what is no TCP or UDP over IPv4. */
static __always_inline int read_key(const __u8 *frame, struct flow_key *key)
{
	const struct eth_header *eth = (void *)frame;
	const struct ipv4_header *ip = (void *)(eth + 1);
	const struct port_header *ports = (void *)(ip + 1);

	if (eth->type != bpf_htons(TYPE_IPV4) || ip->version_ihl != 0x45)
		return 0;
	if (ip->protocol != PROTO_TCP && ip->protocol != PROTO_UDP)
		return 0;
	key->source = ip->source;
	key->dest = ip->dest;
	key->ports[0] = ports->source;
	key->ports[1] = ports->dest;
	key->protocol = ip->protocol;
	return 1;
}

BENCH(flow, PACKET_FRAMES, "16 frames counted by flow")
{
	__u8 *frame = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 known = 0;

	for (__u32 i = 0; i < FRAMES; i++, frame += FRAME_SIZE) {
		struct flow fresh = {1, FRAME_SIZE, i, 0}, *flow;
		struct flow_key key;

		if (frame + FRAME_SIZE > end)
			break;
		if (!read_key(frame, &key))
			continue;
		flow = bpf_map_lookup_elem(&flows, &key);
		if (!flow) {
			bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST);
		} else {
			flow->packets++;
			flow->bytes += FRAME_SIZE;
			flow->last = i;
		}
		known++;
	}
	return (int)known;
}
