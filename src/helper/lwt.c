/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lightweight tunnels: headers that programs at a route put before a packet, and
 * segment routing (RFC 8754). Data is at the network header there.
 */
#include <string.h>

#include "helper/csum.h"
#include "helper/functions.h"
#include "helper/skb.h"
#include "kernel/fib.h"
#include "kernel/sock.h"

#define IPV4_HLEN    20u
#define IPV6_HLEN    40u
#define UDP_HLEN     8u
#define SRH_HLEN     8u
#define HEADROOM_MAX 256u

#define NEXTHDR_UDP	17
#define NEXTHDR_IPV6	41
#define NEXTHDR_ROUTING 43
#define SRCRT_TYPE_4	4
#define IPV6_HOPS	64

enum {
	LWT_ENCAP_SEG6,
	LWT_ENCAP_SEG6_INLINE,
	LWT_ENCAP_IP,
};

/* ---- IP ---- */

/* Bytes of the header and, where it has one, of UDP's; 0 of what is no IP header. */
static u32 outer_len(const u8 *hdr)
{
	u32 len;

	switch (hdr[0] >> 4) {
	case 4:
		len = (hdr[0] & 15u) * 4;
		return len + (hdr[9] == NEXTHDR_UDP ? UDP_HLEN : 0);
	case 6:
		return IPV6_HLEN + (hdr[6] == NEXTHDR_UDP ? UDP_HLEN : 0);
	default:
		return UINT32_MAX;
	}
}

static void complete_ipv4(u8 *ip)
{
	if (!get_u16(ip + 10))
		put_u16(ip + 10, csum_fold(csum_bytes(ip, (ip[0] & 15u) * 4, 0)));
}

static int push_ip(struct sk_buff *skb, const u8 *hdr, u32 len, bool ingress)
{
	bool ipv4 = hdr[0] >> 4 == 4;

	if (len < IPV4_HLEN || len > HEADROOM_MAX || len < outer_len(hdr))
		return -EINVAL;
	if (skb_make_room(skb, len, 0))
		return -ENOMEM;
	skb_push(skb, len);
	memcpy(skb->data, hdr, len);
	if (ingress)
		skb_csum_pushed(skb, skb->data, len, 0);
	skb->encapsulation = true;
	skb->network_header = (u32)(skb->data - skb->head);
	skb->protocol = host_to_be16(ipv4 ? ETH_P_IP : ETH_P_IPV6);
	skb_clear_hash(skb);
	if (ipv4)
		complete_ipv4(skb->data);
	/* Nobody has said of which protocol the segments are. */
	return skb->gso_size ? -ENOTSUPP : 0;
}

/* ---- segment routing ---- */

static u32 srh_len(const u8 *srh)
{
	return (srh[1] + 1u) * 8;
}

/* TLVs fill what is left exactly; a type and a length each. */
static bool tlvs_ok(const u8 *tlv, u32 left)
{
	while (left) {
		u32 len = left < 2 ? left + 1 : 2u + tlv[1];

		if (len > left)
			return false;
		tlv += len;
		left -= len;
	}
	return true;
}

/* Next header, length, type, segments left, last entry, flags, tag, then the segments. */
static bool srh_ok(const u8 *srh, u32 len)
{
	u32 last, segments;

	if (len < SRH_HLEN || srh[2] != SRCRT_TYPE_4 || srh_len(srh) != len)
		return false;
	last = srh[4];
	segments = SRH_HLEN + (last + 1) * 16;
	return srh[3] <= last && segments <= len && tlvs_ok(srh + segments, len - segments);
}

static const u8 *first_segment(const u8 *srh)
{
	return srh + SRH_HLEN + srh[4] * 16u;
}

static void set_payload_len(struct sk_buff *skb)
{
	put_be16(skb->data + 4, (u16)(skb->len - IPV6_HLEN));
}

/* Behind the packet's own IPv6 header, whose destination becomes the last segment. */
static int insert_srh(struct sk_buff *skb, const u8 *srh, u32 len)
{
	u8 *ip, *inserted;

	if (be16_to_host(skb->protocol) != ETH_P_IPV6)
		return -EBADMSG;
	if (skb->len < IPV6_HLEN)
		return -EINVAL;
	if (skb_make_room(skb, len, 0))
		return -ENOMEM;
	skb_csum_pulled(skb, skb->data, IPV6_HLEN, 0);
	skb_push(skb, len);
	ip = skb->data;
	inserted = ip + IPV6_HLEN;
	memmove(ip, ip + len, IPV6_HLEN);
	memcpy(inserted, srh, len);
	inserted[0] = ip[6];
	ip[6] = NEXTHDR_ROUTING;
	memcpy(inserted + SRH_HLEN, ip + 24, 16);
	memcpy(ip + 24, first_segment(inserted), 16);
	skb->network_header = (u32)(ip - skb->head);
	set_payload_len(skb);
	skb_csum_pushed(skb, ip, IPV6_HLEN + len, 0);
	return 0;
}

static void set_source(struct run *run, const struct sk_buff *skb, u8 *ip)
{
	struct network *net = network_of(run->host);
	const struct net_device *dev = net ? net_device_find(net, skb->ifindex) : NULL;

	if (dev)
		fib_source_address(net, dev, AF_INET6, ip + 24, ip + 8);
}

/* Before the packet, with an IPv6 header of its own. */
static int push_srh(struct run *run, struct sk_buff *skb, const u8 *srh, u32 len)
{
	bool ipv6 = be16_to_host(skb->protocol) == ETH_P_IPV6 && skb->len >= IPV6_HLEN;
	u8 inner[8] = {0x60}, *ip;

	if (ipv6)
		memcpy(inner, skb->data, sizeof(inner));
	if (skb_make_room(skb, IPV6_HLEN + len, 0))
		return -ENOMEM;
	skb_push(skb, IPV6_HLEN + len);
	ip = skb->data;
	memset(ip, 0, IPV6_HLEN);
	/* Version, traffic class and flow label are the packet's own. */
	memcpy(ip, inner, 4);
	ip[0] = (u8)(0x60 | (ip[0] & 15));
	ip[6] = NEXTHDR_ROUTING;
	ip[7] = ipv6 ? inner[7] : IPV6_HOPS;
	memcpy(ip + IPV6_HLEN, srh, len);
	ip[IPV6_HLEN] = NEXTHDR_IPV6;
	memcpy(ip + 24, first_segment(srh), 16);
	set_source(run, skb, ip);
	skb->encapsulation = true;
	skb->network_header = (u32)(ip - skb->head);
	set_payload_len(skb);
	skb_csum_pushed(skb, ip, IPV6_HLEN + len, 0);
	return 0;
}

/* Whether there is a way to where the packet goes now. */
static int check_route(struct run *run, const struct sk_buff *skb)
{
	struct network *net = network_of(run->host);
	struct fib_flow flow = {.family = AF_INET6, .iif = skb->ifindex};
	struct fib_result result;

	memcpy(flow.src, skb->data + 8, 16);
	memcpy(flow.dst, skb->data + 24, 16);
	return net ? fib_lookup(net, &flow, &result) : -ENOMEM;
}

static int push_seg6(struct run *run, struct sk_buff *skb, u32 type, const u8 *srh, u32 len)
{
	int err;

	if (!srh_ok(srh, len))
		return -EINVAL;
	err = type == LWT_ENCAP_SEG6 ? push_srh(run, skb, srh, len) : insert_srh(skb, srh, len);
	return err ? err : check_route(run, skb);
}

DEFINE_HELPER(helper_lwt_in_push_encap)
{
	u32 type = (u32)r2;

	if (type == LWT_ENCAP_IP)
		return helper_error(push_ip(u64_to_ptr(r1), u64_to_ptr(r3), (u32)r4, true));
	if (type != LWT_ENCAP_SEG6 && type != LWT_ENCAP_SEG6_INLINE)
		return helper_error(-EINVAL);
	return helper_error(push_seg6(run, u64_to_ptr(r1), type, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_lwt_xmit_push_encap)
{
	if ((u32)r2 != LWT_ENCAP_IP)
		return helper_error(-EINVAL);
	return helper_error(push_ip(u64_to_ptr(r1), u64_to_ptr(r3), (u32)r4, false));
}

/*
 * ---- seg6local ----
 *
 * Such programs are run by themselves only, as in Linux's test runs: no
 * seg6local route has looked at the packet, and so there is no segment routing
 * header that these helpers may change.
 */

DEFINE_HELPER(helper_lwt_seg6_store_bytes)
{
	return helper_error(-EINVAL);
}

DEFINE_HELPER(helper_lwt_seg6_adjust_srh)
{
	return helper_error(-EINVAL);
}

enum {
	SEG6_END_X = 2,
	SEG6_END_T = 3,
	SEG6_END_DT6 = 7,
	SEG6_END_B6 = 9,
	SEG6_END_B6_ENCAP = 10,
};

DEFINE_HELPER(helper_lwt_seg6_action)
{
	switch ((u32)r2) {
	case SEG6_END_X:
	case SEG6_END_T:
	case SEG6_END_DT6:
		return helper_error(-EBADMSG);
	case SEG6_END_B6:
		return helper_error(push_seg6(run, u64_to_ptr(r1), LWT_ENCAP_SEG6_INLINE,
					      u64_to_ptr(r3), (u32)r4));
	case SEG6_END_B6_ENCAP:
		return helper_error(
			push_seg6(run, u64_to_ptr(r1), LWT_ENCAP_SEG6, u64_to_ptr(r3), (u32)r4));
	default:
		return helper_error(-EINVAL);
	}
}
