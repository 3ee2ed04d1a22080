/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that move an skb's borders: VLAN tags, headers before and within the
 * packet, its tail. They are called with data at the MAC header, where tc
 * programs always are.
 */
#include <stdlib.h>
#include <string.h>

#include "helper/csum.h"
#include "helper/functions.h"
#include "helper/skb.h"

#define IPV4_HLEN 20
#define IPV6_HLEN 40

static bool is_vlan(u16 be_protocol)
{
	u16 protocol = be16_to_host(be_protocol);

	return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

static bool is_ip(const struct sk_buff *skb, u16 protocol)
{
	return be16_to_host(skb->protocol) == protocol;
}

static bool at_mac_header(const struct sk_buff *skb)
{
	return skb->data == skb_mac_header(skb);
}

static u32 network_offset(const struct sk_buff *skb)
{
	return skb->network_header - (u32)(skb->data - skb->head);
}

static u32 mac_header_len(const struct sk_buff *skb)
{
	return skb->network_header - skb->mac_header;
}

/* ---- VLAN: the outermost tag beside the packet, as network cards deliver it ---- */

static void set_tag(struct sk_buff *skb, u16 protocol, u16 tci)
{
	skb->vlan_proto = protocol;
	skb->vlan_tci = tci;
	skb->vlan_present = protocol || tci;
}

/* Puts the tag beside the packet into it, behind the two addresses. */
static int insert_tag(struct sk_buff *skb)
{
	u8 *tag;

	if (skb->len < ETH_HLEN || skb_make_room(skb, VLAN_LEN, 0))
		return -ENOMEM;
	skb_push(skb, VLAN_LEN);
	memmove(skb->data, skb->data + VLAN_LEN, 2 * ETH_ALEN);
	tag = skb->data + 2 * ETH_ALEN;
	put_u16(tag, skb->vlan_proto);
	put_be16(tag + 2, skb->vlan_tci);
	skb->mac_header -= VLAN_LEN;
	skb_csum_pushed(skb, tag, VLAN_LEN, 0);
	return 0;
}

/* Takes the outermost tag out of the packet. */
static int remove_tag(struct sk_buff *skb, u16 *tci)
{
	u8 *tag = skb->data + 2 * ETH_ALEN;

	if (!at_mac_header(skb))
		return -EINVAL;
	if (skb->len < ETH_HLEN + VLAN_LEN)
		return -ENOMEM;
	skb_csum_pulled(skb, tag, VLAN_LEN, 0);
	*tci = get_be16(tag + 2);
	skb->protocol = host_to_be16(eth_frame_type(tag + 4, skb->len - 2 * ETH_ALEN - VLAN_LEN));
	memmove(skb->data + VLAN_LEN, skb->data, 2 * ETH_ALEN);
	skb_pull(skb, VLAN_LEN);
	skb->mac_header += VLAN_LEN;
	if ((s32)network_offset(skb) < ETH_HLEN)
		skb->network_header = skb->mac_header + ETH_HLEN;
	skb->mac_len = mac_header_len(skb);
	return 0;
}

DEFINE_HELPER(helper_skb_vlan_push)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u16 protocol = (u16)r2;
	int error;

	if (!is_vlan(protocol))
		protocol = host_to_be16(ETH_P_8021Q);
	if (skb->vlan_present) {
		if (!at_mac_header(skb))
			return helper_error(-EINVAL);
		error = insert_tag(skb);
		if (error)
			return helper_error(error);
		skb->protocol = skb->vlan_proto;
		skb->network_header -= VLAN_LEN;
	}
	set_tag(skb, protocol, (u16)r3);
	skb->mac_len = mac_header_len(skb);
	return 0;
}

DEFINE_HELPER(helper_skb_vlan_pop)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u16 protocol, tci;
	int error;

	if (skb->vlan_present) {
		set_tag(skb, 0, 0);
	} else {
		if (!is_vlan(skb->protocol))
			return 0;
		error = remove_tag(skb, &tci);
		if (error)
			return helper_error(error);
	}
	/* The next one takes its place beside the packet. */
	if (!is_vlan(skb->protocol))
		return 0;
	protocol = skb->protocol;
	error = remove_tag(skb, &tci);
	if (!error)
		set_tag(skb, protocol, tci);
	return helper_error(error);
}

/* ---- room behind the first @off bytes ---- */

static int open_room(struct sk_buff *skb, u32 off, u32 len)
{
	if (off > skb->len || skb_make_room(skb, len, 0))
		return -ENOMEM;
	skb_push(skb, len);
	memmove(skb->data, skb->data + len, off);
	memset(skb->data + off, 0, len);
	skb->mac_header -= len;
	skb->network_header -= len;
	return 0;
}

static int close_room(struct sk_buff *skb, u32 off, u32 len)
{
	u8 *was = skb->data;

	if ((u64)off + len > skb->len)
		return -ENOMEM;
	skb_csum_pulled(skb, was + off, len, 0);
	skb_pull(skb, len);
	memmove(skb->data, was, off);
	skb->mac_header += len;
	skb->network_header += len;
	return 0;
}

DEFINE_HELPER(helper_skb_change_proto)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u16 to = be16_to_host((u16)r2);
	u32 off = mac_header_len(skb), diff = IPV6_HLEN - IPV4_HLEN;
	int error;

	if (r3)
		return helper_error(-EINVAL);
	if (is_ip(skb, ETH_P_IP) && to == ETH_P_IPV6)
		error = open_room(skb, off, diff);
	else if (is_ip(skb, ETH_P_IPV6) && to == ETH_P_IP)
		error = close_room(skb, off, diff);
	else
		error = -ENOTSUPP;
	if (error)
		return helper_error(error);
	skb->protocol = host_to_be16(to);
	skb_clear_hash(skb);
	return 0;
}

#define ENCAP_L3 ((u64)(BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))
#define ENCAP_L4 ((u64)(BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP))
#define DECAP_L3 ((u64)(BPF_F_ADJ_ROOM_DECAP_L3_IPV4 | BPF_F_ADJ_ROOM_DECAP_L3_IPV6))
#define ROOM_FLAGS                                                                                 \
	((u64)BPF_F_ADJ_ROOM_FIXED_GSO | ENCAP_L3 | ENCAP_L4 | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |       \
	 (u64)BPF_ADJ_ROOM_ENCAP_L2_MASK << BPF_ADJ_ROOM_ENCAP_L2_SHIFT | DECAP_L3 |               \
	 BPF_F_ADJ_ROOM_NO_CSUM_RESET)
#define SHRINK_FLAGS ((u64)BPF_F_ADJ_ROOM_FIXED_GSO | DECAP_L3 | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

static int check_encap(const struct sk_buff *skb, u32 diff, u64 flags)
{
	u32 inner_mac = (u32)(flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT);

	if ((flags & ENCAP_L3) == ENCAP_L3 || (flags & ENCAP_L4) == ENCAP_L4)
		return -EINVAL;
	if (flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH && inner_mac < ETH_HLEN)
		return -EINVAL;
	if (skb->encapsulation)
		return -EALREADY;
	return inner_mac > diff ? -EINVAL : 0;
}

/* A type-less GSO packet, the only kind there is here, cannot be segmented anew. */
static bool is_gso(const struct sk_buff *skb)
{
	return skb->gso_size != 0;
}

static int grow(struct sk_buff *skb, u32 off, u32 diff, u64 flags)
{
	u32 mac_len = mac_header_len(skb);
	int error;

	if (is_gso(skb))
		return -ENOTSUPP;
	if (flags & ENCAP_L3) {
		error = check_encap(skb, diff, flags);
		if (error)
			return error;
	}
	error = open_room(skb, off, diff);
	if (error || !(flags & ENCAP_L3))
		return error;
	skb->encapsulation = true;
	skb->network_header = (u32)(skb->data - skb->head) + mac_len;
	skb->protocol = host_to_be16(flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	return 0;
}

static int shrink(struct sk_buff *skb, u32 off, u32 diff, u64 flags)
{
	int error;

	if (flags & ~SHRINK_FLAGS)
		return -EINVAL;
	if (is_gso(skb))
		return -ENOTSUPP;
	error = close_room(skb, off, diff);
	if (!error && flags & DECAP_L3)
		skb->protocol =
			host_to_be16(flags & BPF_F_ADJ_ROOM_DECAP_L3_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	return error;
}

/* The network header that must stay: 0 or -EINVAL. */
static int min_network_len(const struct sk_buff *skb, bool shrinking, u64 flags, u32 *len)
{
	*len = is_ip(skb, ETH_P_IP) ? IPV4_HLEN : IPV6_HLEN;
	if (!(flags & DECAP_L3))
		return 0;
	if (!shrinking || (flags & DECAP_L3) == DECAP_L3)
		return -EINVAL;
	*len = flags & BPF_F_ADJ_ROOM_DECAP_L3_IPV4 ? IPV4_HLEN : IPV6_HLEN;
	return 0;
}

static int adjust_room(struct sk_buff *skb, s32 diff, u32 mode, u64 flags)
{
	u32 len = (u32)(diff < 0 ? -(s64)diff : diff);
	u32 off = mac_header_len(skb), min_len, now;
	int error;

	if (flags & ~ROOM_FLAGS)
		return -EINVAL;
	if (len > 0xfff)
		return -EFAULT;
	if ((!is_ip(skb, ETH_P_IP) && !is_ip(skb, ETH_P_IPV6)) || mode > BPF_ADJ_ROOM_MAC)
		return -ENOTSUPP;
	if (mode == BPF_ADJ_ROOM_NET)
		off += is_ip(skb, ETH_P_IP) ? IPV4_HLEN : IPV6_HLEN;
	error = min_network_len(skb, diff < 0, flags, &min_len);
	if (error)
		return error;
	now = skb->len - network_offset(skb);
	if (diff < 0 ? len >= now || now - len < min_len
		     : (u64)skb->len + len > SKB_MAX_LEN && !is_gso(skb))
		return -ENOTSUPP;
	return diff < 0 ? shrink(skb, off, len, flags) : grow(skb, off, len, flags);
}

DEFINE_HELPER(helper_skb_adjust_room)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	int error = adjust_room(skb, (s32)r2, (u32)r3, r4);

	if (!error && !(r4 & BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		skb_csum_reset(skb);
	return helper_error(error);
}

/* ---- head and tail ---- */

static int grow_tail(struct sk_buff *skb, u32 len)
{
	u32 was = skb->len;

	if (skb_make_room(skb, 0, len - was))
		return -ENOMEM;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	skb_set_len(skb, len);
	memset(skb->data + was, 0, len - was);
	return 0;
}

DEFINE_HELPER(helper_skb_change_tail)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	s32 min_len = (s32)network_offset(skb);
	u32 len = (u32)r2;

	if (r3 || len > SKB_MAX_LEN || (s32)len < min_len)
		return helper_error(-EINVAL);
	if (skb->encapsulation)
		return helper_error(-ENOTSUPP);
	if (len > skb->len) {
		int error = grow_tail(skb, len);

		if (error)
			return helper_error(error);
	} else if (len < skb->len) {
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->ip_summed = CHECKSUM_NONE;
		skb_set_len(skb, len);
	}
	skb->gso_size = 0;
	skb->gso_segs = 0;
	return 0;
}

DEFINE_HELPER(helper_skb_change_head)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	u32 room = (u32)r2;
	u64 len = (u64)skb->len + room;

	if (r3 || len > UINT32_MAX || (!is_gso(skb) && len > SKB_MAX_LEN))
		return helper_error(-EINVAL);
	if (skb_make_room(skb, room, 0))
		return helper_error(-ENOMEM);
	skb_push(skb, room);
	memset(skb->data, 0, room);
	skb->mac_header = (u32)(skb->data - skb->head);
	skb->mac_len = mac_header_len(skb);
	return 0;
}
