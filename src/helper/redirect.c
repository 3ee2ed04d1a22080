/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that send a packet elsewhere; hook/deliver.c does what they ask for. */
#include "helper/redirect.h"

#include <string.h>

#include "helper/functions.h"
#include "helper/skb.h"
#include "kernel/netdev.h"
#include "map/targets.h"

#define TC_ACT_SHOT	2
#define TC_ACT_REDIRECT 7

/* ---- XDP ---- */

DEFINE_HELPER(helper_xdp_redirect)
{
	if (r2)
		return XDP_ABORTED;
	*run_redirect(run) = (struct redirect){.kind = REDIRECT_DEV, .ifindex = (u32)r1};
	return XDP_REDIRECT;
}

/* The result where there is no such element is in the low bits of the flags. */
#define RESULT_MASK (XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX)

static u64 flags_of(const struct map *map)
{
	bool devices =
		map->desc.type == BPF_MAP_TYPE_DEVMAP || map->desc.type == BPF_MAP_TYPE_DEVMAP_HASH;

	return RESULT_MASK | (devices ? BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS : 0);
}

DEFINE_HELPER(helper_xdp_redirect_map)
{
	struct map *map = u64_to_ptr(r1);
	void *target;

	if (r3 & ~flags_of(map))
		return XDP_ABORTED;
	target = target_find(map, r2);
	if (!target && !(r3 & BPF_F_BROADCAST)) {
		*run_redirect(run) = (struct redirect){REDIRECT_NONE};
		return r3 & RESULT_MASK;
	}
	*run_redirect(run) = (struct redirect){.kind = REDIRECT_MAP,
					       .flags = r3 & ~(u64)RESULT_MASK,
					       .map = map,
					       .target = target};
	return XDP_REDIRECT;
}

/* ---- traffic control ---- */

DEFINE_HELPER(helper_redirect)
{
	if (r2 & ~(u64)BPF_F_INGRESS)
		return TC_ACT_SHOT;
	*run_redirect(run) =
		(struct redirect){.kind = REDIRECT_DEV, .ifindex = (u32)r1, .flags = r2};
	return TC_ACT_REDIRECT;
}

DEFINE_HELPER(helper_redirect_peer)
{
	if (r2)
		return TC_ACT_SHOT;
	*run_redirect(run) = (struct redirect){.kind = REDIRECT_PEER, .ifindex = (u32)r1};
	return TC_ACT_REDIRECT;
}

DEFINE_HELPER(helper_redirect_neigh)
{
	const struct bpf_redir_neigh *neigh = u64_to_ptr(r2);
	struct redirect redirect = {.kind = REDIRECT_NEIGH, .ifindex = (u32)r1};
	s32 size = (s32)r3;

	/* Linux compares as unsigned: a negative length is a long one. */
	if ((size && (u32)size < sizeof(*neigh)) || r4)
		return TC_ACT_SHOT;
	if (size) {
		redirect.nh_family = neigh->nh_family;
		memcpy(redirect.nh, neigh->ipv6_nh, sizeof(redirect.nh));
	}
	*run_redirect(run) = redirect;
	return TC_ACT_REDIRECT;
}

/* A device without Ethernet headers gets the packet from its network header on. */
static int cut_header(const struct sk_buff *skb, const struct net_device *dev, u32 *off)
{
	bool l2 = dev->type != ARPHRD_NONE;

	*off = l2 ? 0 : skb->network_header - (u32)(skb->data - skb->head);
	if (l2 ? skb->mac_header >= skb->network_header || !skb->len : skb->len <= *off)
		return -ERANGE;
	return 0;
}

int skb_redirect(struct run *run, const struct sk_buff *skb, struct net_device *dev, bool ingress)
{
	u32 off;
	int err = cut_header(skb, dev, &off);

	if (err)
		return err;
	return skb_send_bytes(run, skb, skb->data + off, skb->len - off, dev, ingress);
}

int skb_send_bytes(struct run *run, const struct sk_buff *skb, const u8 *bytes, u32 len,
		   struct net_device *dev, bool ingress)
{
	struct net_frame *frame = net_frame_new(run->host, bytes, 0, len);

	if (!frame)
		return -ENOMEM;
	frame->ifindex = ingress ? (u32)dev->ifindex : skb->ifindex;
	frame->step = ingress ? NET_STEP_STACK : NET_STEP_XMIT;
	frame->cpu = run->cpu;
	net_device_hold(dev);
	frame->dev = dev;
	net_backlog_add(dev->host_net, frame);
	return 0;
}

DEFINE_HELPER(helper_clone_redirect)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	struct network *net = network_of(run->host);
	struct net_device *dev;

	if (r3 & ~(u64)BPF_F_INGRESS)
		return helper_error(-EINVAL);
	if (skb->gso_size)
		return helper_error(-EBADMSG);
	dev = net ? net_device_find(net, (u32)r2) : NULL;
	if (!dev)
		return helper_error(-EINVAL);
	/* Linux hands the clone over at once and tells what became of it. */
	if (!(dev->flags & IFF_UP))
		return helper_error(r3 & BPF_F_INGRESS ? 1 : -ENETDOWN);
	return helper_error(skb_redirect(run, skb, dev, r3 & BPF_F_INGRESS));
}
