/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF's loads that are functions of the packet: a netlink attribute,
 * one nested in another, where the payload begins. Called with the context, A
 * and X by what cbpf_translate() makes for cbpf_host_skb; no program can name
 * them. Results are offsets in the packet, 0 where there is no such thing.
 */
#include "base/bytes.h"
#include "helper/classic.h"
#include "helper/functions.h"
#include "object/packet.h"

#define HOST_FIELD(name)                                                                           \
	{                                                                                          \
		offsetof(struct sk_buff, name), sizeof(((struct sk_buff *)0)->name), false         \
	}
#define HOST_BE16(name)                                                                            \
	{                                                                                          \
		offsetof(struct sk_buff, name), sizeof(((struct sk_buff *)0)->name), true          \
	}

const struct cbpf_context cbpf_host_skb = {
	.len = HOST_FIELD(len),
	.ancillary =
		{
			[SKF_AD_PROTOCOL / 4] = HOST_BE16(protocol),
			[SKF_AD_PKTTYPE / 4] = HOST_FIELD(pkt_type),
			[SKF_AD_IFINDEX / 4] = HOST_FIELD(ifindex),
			[SKF_AD_MARK / 4] = HOST_FIELD(mark),
			[SKF_AD_QUEUE / 4] = HOST_FIELD(queue_mapping),
			[SKF_AD_HATYPE / 4] = HOST_FIELD(dev_type),
			[SKF_AD_RXHASH / 4] = HOST_FIELD(hash),
			[SKF_AD_VLAN_TAG / 4] = HOST_FIELD(vlan_tci),
			[SKF_AD_VLAN_TAG_PRESENT / 4] = HOST_FIELD(vlan_present),
			[SKF_AD_VLAN_TPID / 4] = HOST_BE16(vlan_proto),
		},
	.helper =
		{
			[SKF_AD_CPU / 4] = HELPER_get_smp_processor_id,
			[SKF_AD_RANDOM / 4] = HELPER_get_prandom_u32,
			[SKF_AD_NLATTR / 4] = HELPER_classic_nlattr,
			[SKF_AD_NLATTR_NEST / 4] = HELPER_classic_nlattr_nest,
			[SKF_AD_PAY_OFFSET / 4] = HELPER_classic_payload,
		},
};

/* ---- netlink attributes: length and type of 16 bits each, then the payload ---- */

#define NLATTR_HEADER	 4u
#define NLATTR_TYPE_MASK 0x3fff /* two bits tell nesting and byte order */

/* The offset of the first attribute of that type in [@at, @end), or 0. */
static u32 find_attribute(const u8 *data, u32 at, u32 end, u32 type)
{
	while (at < end && end - at >= NLATTR_HEADER) {
		u32 len = get_u16(data + at);

		if (len < NLATTR_HEADER || len > end - at)
			return 0;
		if ((get_u16(data + at + 2) & NLATTR_TYPE_MASK) == type)
			return at;
		at += ROUND_UP(len, 4);
	}
	return 0;
}

static bool has_attribute_at(const struct sk_buff *skb, u64 at)
{
	return skb->len >= NLATTR_HEADER && at <= skb->len - NLATTR_HEADER;
}

DEFINE_HELPER(helper_classic_nlattr)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	u32 at = (u32)r2;

	if (!has_attribute_at(skb, at))
		return 0;
	return find_attribute(skb->data, at, skb->len, (u32)r3);
}

DEFINE_HELPER(helper_classic_nlattr_nest)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	u32 at = (u32)r2, len;

	if (!has_attribute_at(skb, at))
		return 0;
	len = get_u16(skb->data + at);
	if (len > skb->len - at)
		return 0;
	return find_attribute(skb->data, at + NLATTR_HEADER, at + len, (u32)r3);
}

/* ---- where the payload begins ---- */

#define IPV4_LEN      20u
#define IPV6_LEN      40u
#define IPV4_FRAGMENT 0x1fff /* offset in a frag_off */
#define IPV6_FRAGMENT 0xfff8
#define MAX_HEADERS   16 /* of VLAN tags, and of extensions */

enum {
	NEXT_HOP = 0,
	NEXT_ICMP = 1,
	NEXT_IGMP = 2,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_DCCP = 33,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_ICMPV6 = 58,
	NEXT_DEST = 60,
	NEXT_SCTP = 132,
	NEXT_UDPLITE = 136,
};

/* A walk over headers. */
struct headers {
	const u8 *data;
	u32 at, len;
	u16 protocol; /* network layer's, in host order */
	u8 next;      /* transport's */
	bool later_fragment;
};

static bool has_bytes(const struct headers *h, u32 n)
{
	return h->at <= h->len && h->len - h->at >= n;
}

static bool skip_vlans(struct headers *h)
{
	for (u32 i = 0; i < MAX_HEADERS; i++) {
		if (h->protocol != ETH_P_8021Q && h->protocol != ETH_P_8021AD)
			return true;
		if (!has_bytes(h, VLAN_LEN))
			return false;
		h->protocol = get_be16(h->data + h->at + 2);
		h->at += VLAN_LEN;
	}
	return false;
}

static bool skip_ipv4(struct headers *h)
{
	const u8 *ip = h->data + h->at;
	u32 len;

	if (!has_bytes(h, IPV4_LEN))
		return false;
	len = (ip[0] & 15u) * 4;
	if (len < IPV4_LEN)
		return false;
	h->next = ip[9];
	h->later_fragment = get_be16(ip + 6) & IPV4_FRAGMENT;
	h->at += len;
	return true;
}

static bool skip_extensions(struct headers *h)
{
	for (u32 i = 0; i < MAX_HEADERS; i++) {
		const u8 *ext = h->data + h->at;
		bool fragment = h->next == NEXT_FRAGMENT;

		if (!fragment && h->next != NEXT_HOP && h->next != NEXT_ROUTING &&
		    h->next != NEXT_DEST)
			return true;
		if (!has_bytes(h, 8))
			return false;
		h->next = ext[0];
		h->at += fragment ? 8 : 8 * (ext[1] + 1u);
		h->later_fragment |= fragment && (get_be16(ext + 2) & IPV6_FRAGMENT);
		if (h->later_fragment)
			return true;
	}
	return false;
}

static bool skip_network(struct headers *h)
{
	switch (h->protocol) {
	case ETH_P_IP:
		return skip_ipv4(h);
	case ETH_P_IPV6:
		if (!has_bytes(h, IPV6_LEN))
			return false;
		h->next = h->data[h->at + 6];
		h->at += IPV6_LEN;
		return skip_extensions(h);
	default:
		return false;
	}
}

static u32 transport_len(const struct headers *h)
{
	switch (h->next) {
	case NEXT_TCP: /* its data offset; what says less than a header counts as one */
		return has_bytes(h, 13) && h->data[h->at + 12] >> 4 > 5
			       ? (h->data[h->at + 12] >> 4) * 4u
		       : has_bytes(h, 13) ? 20
					  : 0;
	case NEXT_UDP:
	case NEXT_UDPLITE:
	case NEXT_ICMP:
	case NEXT_ICMPV6:
	case NEXT_IGMP:
		return 8;
	case NEXT_DCCP:
	case NEXT_SCTP:
		return 12;
	default:
		return 0;
	}
}

DEFINE_HELPER(helper_classic_payload)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	u32 data = (u32)(skb->data - skb->head);
	struct headers h = {
		.data = skb->data,
		.at = skb->network_header - data,
		.len = skb->len,
		.protocol = be16_to_host(skb->protocol),
	};

	if (skb->network_header < data || !skip_vlans(&h) || !skip_network(&h))
		return 0;
	return h.later_fragment ? h.at : h.at + transport_len(&h);
}
