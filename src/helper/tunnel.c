/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tunnel device would do to a packet, or has found on it: keys, options,
 * FOU ports, and the IPsec interface. A packet has one of these at a time, in
 * room that its hook gives; setting one kind drops another.
 */
#include "helper/tunnel.h"

#include <string.h>

#include "helper/kfunc_functions.h"
#include "kernel/sock.h"

/* Lengths of earlier struct bpf_tunnel_keys. */
static bool key_size_ok(u32 size)
{
	switch (size) {
	case sizeof(struct bpf_tunnel_key):
	case offsetof(struct bpf_tunnel_key, local_ipv6[0]):
	case offsetof(struct bpf_tunnel_key, tunnel_label):
	case offsetof(struct bpf_tunnel_key, tunnel_ext):
	case offsetof(struct bpf_tunnel_key, remote_ipv6[1]):
		return true;
	default:
		return false;
	}
}

static struct ip_tunnel_info *tunnel_info(const struct sk_buff *skb)
{
	return skb->metadata_kind == SKB_METADATA_TUNNEL ? &skb->metadata->tunnel : NULL;
}

/* ---- keys ---- */

static u16 tunnel_flags(u64 flags)
{
	u32 bits = BIT(TUNNEL_NOCACHE);

	bits |= flags & BPF_F_DONT_FRAGMENT ? BIT(TUNNEL_DONT_FRAGMENT) : 0;
	bits |= flags & BPF_F_ZERO_CSUM_TX ? 0 : BIT(TUNNEL_CSUM);
	bits |= flags & BPF_F_SEQ_NUMBER ? BIT(TUNNEL_SEQ) : 0;
	bits |= flags & BPF_F_NO_TUNNEL_KEY ? 0 : BIT(TUNNEL_KEY);
	return (u16)bits;
}

static void set_key(struct ip_tunnel_info *info, const struct bpf_tunnel_key *from, u64 flags)
{
	*info = (struct ip_tunnel_info){
		.ipv6 = flags & BPF_F_TUNINFO_IPV6,
		.flags = tunnel_flags(flags),
		.tun_id = from->tunnel_id,
		.tos = from->tunnel_tos,
		.ttl = from->tunnel_ttl,
	};
	/* The remote end is the destination of what is sent. */
	if (info->ipv6) {
		memcpy(info->dst, from->remote_ipv6, sizeof(info->dst));
		memcpy(info->src, from->local_ipv6, sizeof(info->src));
		info->label = from->tunnel_label & IPV6_FLOWLABEL_MASK;
	} else {
		info->dst[0] = from->remote_ipv4;
		info->src[0] = from->local_ipv4;
	}
}

#define SET_FLAGS                                                                                  \
	((u64)(BPF_F_TUNINFO_IPV6 | BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT | BPF_F_SEQ_NUMBER |  \
	       BPF_F_NO_TUNNEL_KEY))

DEFINE_HELPER(helper_skb_set_tunnel_key)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	struct bpf_tunnel_key key = {0};
	u32 size = (u32)r3;

	if (r4 & ~SET_FLAGS || !key_size_ok(size))
		return helper_error(-EINVAL);
	memcpy(&key, u64_to_ptr(r2), size);
	if ((!(r4 & BPF_F_TUNINFO_IPV6) && key.tunnel_label) || key.tunnel_ext)
		return helper_error(-EINVAL);
	if (!skb->metadata)
		return helper_error(-ENOMEM);
	skb->metadata_kind = SKB_METADATA_TUNNEL;
	set_key(&skb->metadata->tunnel, &key, r4);
	return 0;
}

static void get_key(const struct ip_tunnel_info *info, struct bpf_tunnel_key *key, u64 flags)
{
	*key = (struct bpf_tunnel_key){
		.tunnel_id = info->tun_id,
		.tunnel_tos = info->tos,
		.tunnel_ttl = info->ttl,
		.tunnel_label = info->label,
	};
	/* In network byte order, as Linux has them. */
	if (flags & BPF_F_TUNINFO_FLAGS)
		key->tunnel_flags = host_to_be16(info->flags);
	/* What came in is from the remote end. */
	memcpy(key->remote_ipv6, info->src, sizeof(info->src));
	memcpy(key->local_ipv6, info->dst, sizeof(info->dst));
}

static int check_get(const struct ip_tunnel_info *info, u32 size, u64 flags)
{
	if (!info || flags & ~(u64)(BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS))
		return -EINVAL;
	if (info->ipv6 != !!(flags & BPF_F_TUNINFO_IPV6))
		return -EPROTO;
	/* The oldest one had no room for IPv6. */
	if (!key_size_ok(size) ||
	    (info->ipv6 && size == offsetof(struct bpf_tunnel_key, remote_ipv6[1])))
		return -EINVAL;
	return 0;
}

DEFINE_HELPER(helper_skb_get_tunnel_key)
{
	const struct ip_tunnel_info *info = tunnel_info(u64_to_ptr(r1));
	struct bpf_tunnel_key key;
	u32 size = (u32)r3;
	int err = check_get(info, size, r4);

	if (err) {
		memset(u64_to_ptr(r2), 0, size);
		return helper_error(err);
	}
	get_key(info, &key, r4);
	memcpy(u64_to_ptr(r2), &key, size);
	return 0;
}

/* ---- options ---- */

DEFINE_HELPER(helper_skb_set_tunnel_opt)
{
	struct ip_tunnel_info *info = tunnel_info(u64_to_ptr(r1));
	u32 size = (u32)r3;

	if (!info || size % 4)
		return helper_error(-EINVAL);
	if (size > TUNNEL_OPTIONS_MAX)
		return helper_error(-ENOMEM);
	memcpy(info->options, u64_to_ptr(r2), size);
	info->options_len = (u8)size;
	if (size)
		info->flags |= TUNNEL_OPTIONS_PRESENT;
	return 0;
}

DEFINE_HELPER(helper_skb_get_tunnel_opt)
{
	const struct ip_tunnel_info *info = tunnel_info(u64_to_ptr(r1));
	u8 *to = u64_to_ptr(r2);
	u32 size = (u32)r3;

	memset(to, 0, size);
	if (!info || !(info->flags & TUNNEL_OPTIONS_PRESENT))
		return helper_error(-ENOENT);
	if (size < info->options_len)
		return helper_error(-ENOMEM);
	memcpy(to, info->options, info->options_len);
	return info->options_len;
}

/* ---- FOU ---- */

struct bpf_fou_encap {
	u16 sport, dport; /* network byte order */
};

DEFINE_HELPER(kfunc_skb_set_fou_encap)
{
	struct ip_tunnel_info *info = tunnel_info(u64_to_ptr(r1));
	const struct bpf_fou_encap *encap = u64_to_ptr(r2);

	if (!info || !encap)
		return helper_error(-EINVAL);
	info->encap_type = (s32)r3 == FOU_BPF_ENCAP_FOU	  ? TUNNEL_ENCAP_FOU
			   : (s32)r3 == FOU_BPF_ENCAP_GUE ? TUNNEL_ENCAP_GUE
							  : TUNNEL_ENCAP_NONE;
	info->encap_sport = encap->sport;
	info->encap_dport = encap->dport;
	return 0;
}

DEFINE_HELPER(kfunc_skb_get_fou_encap)
{
	const struct ip_tunnel_info *info = tunnel_info(u64_to_ptr(r1));
	struct bpf_fou_encap *encap = u64_to_ptr(r2);

	if (!info)
		return helper_error(-EINVAL);
	encap->sport = info->encap_sport;
	encap->dport = info->encap_dport;
	return 0;
}

/* ---- IPsec ---- */

DEFINE_HELPER(kfunc_skb_get_xfrm_info)
{
	const struct sk_buff *skb = u64_to_ptr(r1);

	if (skb->metadata_kind != SKB_METADATA_XFRM)
		return helper_error(-EINVAL);
	*(struct bpf_xfrm_info *)u64_to_ptr(r2) = skb->metadata->xfrm;
	return 0;
}

DEFINE_HELPER(kfunc_skb_set_xfrm_info)
{
	struct sk_buff *skb = u64_to_ptr(r1);

	if (skb->metadata_kind != SKB_METADATA_NONE)
		return helper_error(-EINVAL);
	if (!skb->metadata)
		return helper_error(-ENOMEM);
	skb->metadata_kind = SKB_METADATA_XFRM;
	skb->metadata->xfrm = *(const struct bpf_xfrm_info *)u64_to_ptr(r2);
	return 0;
}

/* No packet of a host has been through IPsec: what Linux says of one that was not. */
DEFINE_HELPER(helper_skb_get_xfrm_state)
{
	memset(u64_to_ptr(r3), 0, (u32)r4);
	return helper_error(-EINVAL);
}
