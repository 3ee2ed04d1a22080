/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that read, write and describe an skb without moving its borders. */
#include <string.h>

#include "base/hash.h"
#include "helper/csum.h"
#include "helper/functions.h"
#include "helper/skb.h"

int skb_load(const struct sk_buff *skb, u32 offset, void *to, u32 len)
{
	if ((u64)offset + len > skb->len) {
		memset(to, 0, len);
		return -EFAULT;
	}
	memmove(to, skb->data + offset, len);
	return 0;
}

DEFINE_HELPER(helper_skb_load_bytes)
{
	return helper_error(skb_load(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_skb_load_bytes_relative)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	u32 offset = (u32)r2, len = (u32)r4, from = (u32)r5;
	void *to = u64_to_ptr(r3);
	u64 start = from == BPF_HDR_START_MAC ? skb->mac_header : skb->network_header;
	u64 tail = (u64)(skb->data - skb->head) + skb->len;

	if (offset > 0xffff || from > BPF_HDR_START_NET || start + offset + len > tail) {
		memset(to, 0, len);
		return helper_error(-EFAULT);
	}
	memmove(to, skb->head + start + offset, len);
	return 0;
}

int skb_store(struct sk_buff *skb, u32 offset, const void *from, u32 len, u64 flags)
{
	u8 *at;

	if (flags & ~(u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return -EINVAL;
	if ((u64)offset + len > skb->len)
		return -EFAULT;
	at = skb->data + offset;
	if (flags & BPF_F_RECOMPUTE_CSUM)
		skb_csum_pulled(skb, at, len, offset);
	memmove(at, from, len);
	if (flags & BPF_F_RECOMPUTE_CSUM)
		skb_csum_pushed(skb, at, len, offset);
	if (flags & BPF_F_INVALIDATE_HASH)
		skb_clear_hash(skb);
	return 0;
}

DEFINE_HELPER(helper_skb_store_bytes)
{
	return helper_error(skb_store(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4, r5));
}

/* The packet is always linear and writable: all that is left is the check of the length. */
DEFINE_HELPER(helper_skb_pull_data)
{
	const struct sk_buff *skb = u64_to_ptr(r1);

	return helper_error((u32)r2 > skb->len ? -ENOMEM : 0);
}

DEFINE_HELPER(helper_skb_change_type)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u32 type = (u32)r2;

	if (skb->pkt_type > PACKET_OTHERHOST || type > PACKET_OTHERHOST)
		return helper_error(-EINVAL);
	skb->pkt_type = (u8)type;
	return 0;
}

#define SKB_CLOCK_REALTIME 0
#define SKB_CLOCK_TAI	   2

DEFINE_HELPER(helper_skb_set_tstamp)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u16 protocol = be16_to_host(skb->protocol);
	u32 type = (u32)r3;

	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return helper_error(-EOPNOTSUPP);
	if (type > SKB_CLOCK_TAI || (type != SKB_CLOCK_REALTIME && !r2))
		return helper_error(-EINVAL);
	skb->tstamp = r2;
	skb->tstamp_type = (u8)type;
	return 0;
}

/* ---- ECN (RFC 3168) ---- */

#define ECN_MASK 3
#define ECN_CE	 3

/* The second byte of an IPv4 header; its checksum follows. 1 when it says CE now. */
static u64 ipv4_set_ce(u8 *ip)
{
	u32 ecn = ip[1] & ECN_MASK;
	u16 was = get_be16(ip), check = get_be16(ip + 10);

	if (ecn == 0 || ecn == ECN_CE)
		return ecn == ECN_CE;
	ip[1] |= ECN_CE;
	put_be16(ip + 10, csum_fold(csum_add(csum_sub((u16)~check, was), get_be16(ip))));
	return 1;
}

/* The traffic class lies across the first two bytes. */
static u64 ipv6_set_ce(struct sk_buff *skb, u8 *ip)
{
	u32 was = get_u32(ip);

	if (!(ip[1] & ECN_MASK << 4))
		return 0;
	ip[1] |= ECN_CE << 4;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(csum_sub(skb->csum, was), get_u32(ip));
	return 1;
}

static bool is_vlan(u16 protocol)
{
	return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

#define VLAN_DEPTH 8

/* The protocol behind all VLAN tags of the frame; 0 when it ends before. */
static u16 inner_protocol(const struct sk_buff *skb)
{
	u16 protocol = be16_to_host(skb->protocol);
	u64 at = skb->mac_len ? skb->mac_len - VLAN_LEN : ETH_HLEN;

	for (int depth = 1; is_vlan(protocol); depth++) {
		if (depth >= VLAN_DEPTH || at + VLAN_LEN > skb->len)
			return 0;
		protocol = get_be16(skb->data + at + 2);
		at += VLAN_LEN;
	}
	return protocol;
}

/* As in Linux the header is where the frame's own type says, tags or not. */
DEFINE_HELPER(helper_skb_ecn_set_ce)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u16 protocol = inner_protocol(skb);
	u32 size = protocol == ETH_P_IP ? 20 : 40;
	u8 *ip = skb_network_header(skb);

	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return 0;
	if (skb->network_header + (u64)size > (u64)(skb->data_end - skb->head))
		return 0;
	return protocol == ETH_P_IP ? ipv4_set_ce(ip) : ipv6_set_ce(skb, ip);
}

/* ---- the flow's hash ---- */

/* What identifies a flow; the smaller end comes first, so that both directions are one. */
struct flow {
	u8 addr[2][16];
	u8 port[2][2];
	u16 protocol;
	u8 l4;
};

struct cursor {
	const u8 *at, *end;
};

static const u8 *take(struct cursor *c, size_t len)
{
	const u8 *at = c->at;

	if ((size_t)(c->end - c->at) < len)
		return NULL;
	c->at += len;
	return at;
}

/* Extension headers: type and length, RFC 8200 section 4; a fragment's ports are not looked at. */
static bool skip_ipv6_options(struct cursor *c, u8 *next)
{
	while (*next == 0 || *next == 43 || *next == 60) {
		const u8 *h = take(c, 8);

		if (!h || !take(c, (size_t)h[1] * 8))
			return false;
		*next = h[0];
	}
	return *next != 44;
}

static bool dissect_ipv4(struct cursor *c, struct flow *flow)
{
	const u8 *ip = take(c, 20);
	u32 header = ip ? (u32)(ip[0] & 15) * 4 : 0;

	if (header < 20 || !take(c, header - 20))
		return false;
	memcpy(flow->addr[0], ip + 12, 4);
	memcpy(flow->addr[1], ip + 16, 4);
	flow->l4 = ip[9];
	return !(get_be16(ip + 6) & 0x3fff);
}

static bool dissect_ipv6(struct cursor *c, struct flow *flow)
{
	const u8 *ip = take(c, 40);

	if (!ip)
		return false;
	memcpy(flow->addr[0], ip + 8, 16);
	memcpy(flow->addr[1], ip + 24, 16);
	flow->l4 = ip[6];
	return skip_ipv6_options(c, &flow->l4);
}

static bool has_ports(u8 l4)
{
	return l4 == 6 || l4 == 17 || l4 == 33 || l4 == 132 || l4 == 136;
}

/* True when ports were found. */
static bool dissect(const struct sk_buff *skb, struct flow *flow)
{
	struct cursor c = {skb_network_header(skb), skb->data + skb->len};
	u16 protocol = be16_to_host(skb->protocol);
	const u8 *ports;
	bool whole;

	if (c.at > c.end)
		return false;
	for (int tags = 0; tags < 2 && is_vlan(protocol); tags++) {
		const u8 *tag = take(&c, VLAN_LEN);

		if (!tag)
			return false;
		protocol = get_be16(tag + 2);
	}
	flow->protocol = protocol;
	if (protocol == ETH_P_IP)
		whole = dissect_ipv4(&c, flow);
	else if (protocol == ETH_P_IPV6)
		whole = dissect_ipv6(&c, flow);
	else
		return false;
	ports = whole && has_ports(flow->l4) ? take(&c, 4) : NULL;
	if (ports)
		memcpy(flow->port, ports, 4);
	return ports != NULL;
}

static void order_ends(struct flow *flow)
{
	int order = memcmp(flow->addr[0], flow->addr[1], sizeof(flow->addr[0]));
	struct flow was = *flow;

	if (order < 0 || (!order && memcmp(flow->port[0], flow->port[1], 2) <= 0))
		return;
	memcpy(flow->addr[0], was.addr[1], sizeof(flow->addr[0]));
	memcpy(flow->addr[1], was.addr[0], sizeof(flow->addr[0]));
	memcpy(flow->port[0], was.port[1], sizeof(flow->port[0]));
	memcpy(flow->port[1], was.port[0], sizeof(flow->port[0]));
}

/* Linux's hash has a random key of each boot; ours has none, so that runs can be repeated. */
DEFINE_HELPER(helper_get_hash_recalc)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	struct flow flow = {0};

	if (skb->l4_hash || skb->sw_hash)
		return skb->hash;
	skb->l4_hash = dissect(skb, &flow);
	order_ends(&flow);
	skb->hash = hash_bytes(&flow, sizeof(flow), 0);
	if (!skb->hash)
		skb->hash = 1;
	skb->sw_hash = true;
	return skb->hash;
}

DEFINE_HELPER(helper_set_hash_invalid)
{
	skb_clear_hash(u64_to_ptr(r1));
	return 0;
}

DEFINE_HELPER(helper_set_hash)
{
	struct sk_buff *skb = u64_to_ptr(r1);

	skb->hash = (u32)r2;
	skb->l4_hash = true;
	skb->sw_hash = true;
	return 0;
}

/* ---- what Linux answers for a packet whose task and socket have no class and no route ---- */

DEFINE_HELPER(helper_get_cgroup_classid)
{
	return 0;
}

DEFINE_HELPER(helper_skb_cgroup_classid)
{
	return 0;
}

DEFINE_HELPER(helper_get_route_realm)
{
	return 0;
}
