/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts packets and bytes per protocol, looks through VLAN tags and IPv6
 * extension headers, and drops frames that are cut off in their headers.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol {
	ARP,
	ICMP,
	ICMP6,
	TCP,
	UDP,
	FRAGMENT, /* not the first: its ports are elsewhere */
	OTHER_IP,
	OTHER,
	TRUNCATED,
	PROTOCOLS,
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROTOCOLS);
	__type(key, enum protocol);
	__type(value, struct counter);
} protocols SEC(".maps");

/* The lower of the two ports, which is the server's as a rule. */
struct service {
	__u8 transport; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 pad;
	__u16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct service);
	__type(value, __u64);
} services SEC(".maps");

struct vlan_header {
	__be16 tci;
	__be16 protocol;
};

/* Global variables, for a look at .bss. */
__u64 vlan_tags;
__u32 longest;

/* What is being parsed: all checks of bounds go through advance(). */
struct cursor {
	void *at;
	void *end;
};

static __always_inline void *advance(struct cursor *c, __u32 size)
{
	void *header = c->at;

	if (header + size > c->end)
		return NULL;
	c->at = header + size;
	return header;
}

static __always_inline enum protocol count_service(struct cursor *c, __u8 transport)
{
	struct service key = {.transport = transport};
	__u64 one = 1, *count;
	__be16 *ports = advance(c, 4);
	__u16 source, destination;

	if (!ports)
		return TRUNCATED;
	source = bpf_ntohs(ports[0]);
	destination = bpf_ntohs(ports[1]);
	key.port = source < destination ? source : destination;
	count = bpf_map_lookup_elem(&services, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&services, &key, &one, BPF_NOEXIST);
	return transport == IPPROTO_TCP ? TCP : UDP;
}

static __always_inline enum protocol parse_transport(struct cursor *c, __u8 protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP:
		return ICMP;
	case IPPROTO_ICMPV6:
		return ICMP6;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return count_service(c, protocol);
	default:
		return OTHER_IP;
	}
}

static __always_inline enum protocol parse_ipv4(struct cursor *c)
{
	struct iphdr *ip = advance(c, sizeof(*ip));
	__u32 length;

	if (!ip)
		return TRUNCATED;
	length = ip->ihl * 4;
	if (length < sizeof(*ip) || !advance(c, length - sizeof(*ip)))
		return TRUNCATED;
	if (ip->frag_off & bpf_htons(0x1fff))
		return FRAGMENT;
	return parse_transport(c, ip->protocol);
}

struct extension {
	__u8 next;
	__u8 length; /* in units of 8 bytes, not counting the first */
	__be16 frag_off;
	__be32 rest;
};

static __always_inline enum protocol parse_ipv6(struct cursor *c)
{
	struct ipv6hdr *ip = advance(c, sizeof(*ip));
	__u8 next;

	if (!ip)
		return TRUNCATED;
	next = ip->nexthdr;
	for (int i = 0; i < 4; i++) {
		struct extension *ext;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			break;
		ext = advance(c, sizeof(*ext));
		if (!ext)
			return TRUNCATED;
		if (next == IPPROTO_FRAGMENT) {
			if (ext->frag_off & bpf_htons(0xfff8))
				return FRAGMENT;
		} else if (!advance(c, ext->length * 8)) {
			return TRUNCATED;
		}
		next = ext->next;
	}
	return parse_transport(c, next);
}

static __always_inline enum protocol parse(struct cursor *c)
{
	struct ethhdr *eth = advance(c, sizeof(*eth));
	__be16 type;

	if (!eth)
		return TRUNCATED;
	type = eth->h_proto;
	for (int i = 0; i < 2; i++) {
		struct vlan_header *vlan;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		vlan = advance(c, sizeof(*vlan));
		if (!vlan)
			return TRUNCATED;
		__sync_fetch_and_add(&vlan_tags, 1);
		type = vlan->protocol;
	}
	switch (bpf_ntohs(type)) {
	case ETH_P_ARP:
		return ARP;
	case ETH_P_IP:
		return parse_ipv4(c);
	case ETH_P_IPV6:
		return parse_ipv6(c);
	default:
		return OTHER;
	}
}

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	struct cursor c = {
		.at = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	__u32 size = ctx->data_end - ctx->data;
	enum protocol protocol = parse(&c);
	struct counter *counter = bpf_map_lookup_elem(&protocols, &protocol);

	if (counter) {
		counter->packets++;
		counter->bytes += size;
	}
	if (size > longest)
		longest = size;
	return protocol == TRUNCATED ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
