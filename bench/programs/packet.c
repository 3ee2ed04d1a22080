/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers of packets: VLAN tags, IPv4 with options, IPv6, the options of TCP. */
#include "frame.h"

struct cursor {
	__u8 *at, *end;
};

static __always_inline void *advance(struct cursor *c, __u32 size)
{
	__u8 *header = c->at;

	if (header + size > c->end)
		return 0;
	c->at = header + size;
	return header;
}

/* The maximal segment size, or what tells why there is none. */
static __always_inline __u32 parse_tcp(struct cursor *c)
{
	struct tcp_header *tcp = advance(c, sizeof(*tcp));
	__u32 left;

	if (!tcp)
		return 1;
	left = (__u32)(tcp->offset >> 4) * 4 - sizeof(*tcp);
	if (left > 40)
		return 2;
	for (int i = 0; i < 10 && left; i++) {
		__u8 *option = c->at;
		__u32 size = 1;

		if (option + 4 > c->end)
			return 3;
		if (option[0] == 0)
			break;
		if (option[0] == 2)
			return (__u32)option[2] << 8 | option[3];
		if (option[0] != 1)
			size = option[1];
		if (size < 1 || size > left)
			return 4;
		c->at += size;
		left -= size;
	}
	return tcp->flags + 5u;
}

static __always_inline __u32 parse_transport(struct cursor *c, __u8 protocol)
{
	struct port_header *udp;

	if (protocol == PROTO_TCP)
		return parse_tcp(c);
	if (protocol != PROTO_UDP)
		return 6;
	udp = advance(c, 8);
	return udp ? bpf_ntohs(udp->dest) : 7;
}

static __always_inline __u32 parse_ipv4(struct cursor *c)
{
	struct ipv4_header *ip = advance(c, sizeof(*ip));
	__u32 size;

	if (!ip)
		return 8;
	size = (ip->version_ihl & 15u) * 4;
	if (size < sizeof(*ip) || !advance(c, size - sizeof(*ip)))
		return 9;
	if (ip->fragment & bpf_htons(0x1fff))
		return 10;
	return parse_transport(c, ip->protocol) ^ ip->source;
}

static __always_inline __u32 parse_ipv6(struct cursor *c)
{
	struct ipv6_header *ip = advance(c, sizeof(*ip));

	if (!ip)
		return 11;
	return parse_transport(c, ip->next) ^ ip->source[3];
}

static __noinline __u32 parse(__u8 *frame, __u8 *end)
{
	struct cursor c = {frame, end};
	struct eth_header *eth = advance(&c, sizeof(*eth));
	__be16 type;

	if (!eth)
		return 12;
	type = eth->type;
	for (int i = 0; i < 2; i++) {
		struct vlan_header *vlan;

		if (type != bpf_htons(TYPE_VLAN) && type != bpf_htons(TYPE_QINQ))
			break;
		vlan = advance(&c, sizeof(*vlan));
		if (!vlan)
			return 13;
		type = vlan->type;
	}
	if (type == bpf_htons(TYPE_IPV4))
		return parse_ipv4(&c);
	if (type == bpf_htons(TYPE_IPV6))
		return parse_ipv6(&c);
	return 14;
}

BENCH(packet, PACKET_FRAMES, "16 frames: VLANs, options of IPv4 and TCP, IPv6")
{
	__u8 *frame = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0;

	for (int i = 0; i < FRAMES; i++, frame += FRAME_SIZE) {
		if (frame + FRAME_SIZE > end)
			break;
		sum = rotate32(sum, 3) + parse(frame, end);
	}
	return (int)sum;
}
