/* SPDX-License-Identifier: BSD-2-Clause */
/* Where packets would go: bpf_fib_lookup() and bpf_check_mtu(). */
#include <string.h>

#include "helper/functions.h"
#include "kernel/fib.h"
#include "kernel/sock.h"

/* ---- bpf_fib_lookup() ---- */

#define LOOKUP_DIRECT	  BIT(0) /* in one table, past the rules */
#define LOOKUP_OUTPUT	  BIT(1) /* as if the host itself sent it by the device */
#define LOOKUP_SKIP_NEIGH BIT(2)
#define LOOKUP_TBID	  BIT(3)
#define LOOKUP_SRC	  BIT(4)
#define LOOKUP_MARK	  BIT(5)
#define LOOKUP_FLAGS	  (BIT(6) - 1)

enum fib_answer {
	FIB_SUCCESS,
	FIB_BLACKHOLE,
	FIB_UNREACHABLE,
	FIB_PROHIBIT,
	FIB_NOT_FWDED,
	FIB_FWD_DISABLED,
	FIB_UNSUPP_LWT,
	FIB_NO_NEIGH,
	FIB_FRAG_NEEDED,
	FIB_NO_SRC_ADDR,
};

#define DSCP_MASK    0xfc
#define LOOPBACK_IIF 1
#define MTU_MAX4     0xffffu
#define MTU_MAX6     (0xffffu + 40)
#define MTU_MIN6     1280u

struct lookup {
	struct network *net;
	struct bpf_fib_lookup *params;
	u32 flags;
	bool check_mtu;
	struct net_device *dev; /* that the packet comes in by */
	struct fib_flow flow;
	struct fib_result result;
	u32 mtu;
};

static bool is_ipv6(const struct lookup *l)
{
	return l->flow.family == AF_INET6;
}

/* Multicast and link-local addresses are never forwarded. */
static bool is_strict6(const u32 addr[4])
{
	const u8 *a = (const u8 *)addr;

	return a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

static int find_device(struct lookup *l)
{
	l->dev = net_device_find(l->net, l->params->ifindex);
	if (!l->dev)
		return -ENODEV;
	return (is_ipv6(l) ? l->dev->host_forward6 : l->dev->host_forward4) ? 0 : FIB_FWD_DISABLED;
}

static void make_flow(struct lookup *l)
{
	const struct bpf_fib_lookup *params = l->params;
	bool output = l->flags & LOOKUP_OUTPUT;
	size_t size = is_ipv6(l) ? 16 : 4;

	l->flow.iif = output ? LOOPBACK_IIF : params->ifindex;
	l->flow.oif = output ? params->ifindex : 0;
	l->flow.no_src = output && is_ipv6(l);
	l->flow.tos = is_ipv6(l) ? 0 : params->tos & DSCP_MASK;
	memcpy(l->flow.src, params->ipv6_src, size);
	memcpy(l->flow.dst, params->ipv6_dst, size);
	if ((l->flags & (LOOKUP_MARK | LOOKUP_DIRECT)) == LOOKUP_MARK)
		l->flow.mark = params->mark;
}

static int find_route(struct lookup *l)
{
	u32 table = RT_TABLE_MAIN;

	if (!(l->flags & LOOKUP_DIRECT))
		return fib_lookup(l->net, &l->flow, &l->result);
	if (l->flags & LOOKUP_TBID) {
		if (l->params->tbid)
			table = l->params->tbid;
		l->params->tbid = 0;
	}
	if (!fib_has_table(l->net, l->flow.family, table))
		return -ENETUNREACH;
	return fib_table_lookup(l->net, table, &l->flow, &l->result);
}

static int answer_of(int err)
{
	switch (err) {
	case 0:
		return FIB_SUCCESS;
	case -EINVAL:
		return FIB_BLACKHOLE;
	case -EHOSTUNREACH:
		return FIB_UNREACHABLE;
	case -EACCES:
		return FIB_PROHIBIT;
	default:
		return FIB_NOT_FWDED;
	}
}

static u32 path_mtu(const struct lookup *l)
{
	u32 mtu = l->result.dev->mtu;

	if (l->result.route->mtu)
		return l->result.route->mtu;
	if (!is_ipv6(l))
		return mtu < MTU_MAX4 ? mtu : MTU_MAX4;
	if (mtu < MTU_MIN6)
		mtu = MTU_MIN6;
	return mtu < MTU_MAX6 ? mtu : MTU_MAX6;
}

static bool choose_source(struct lookup *l)
{
	const struct fib_route *route = l->result.route;
	const struct fib_nexthop *nexthop = l->result.nexthop;
	u8 *src = (u8 *)l->params->ipv6_src;
	const u8 *to = l->flow.dst;

	if (route->has_prefsrc) {
		memcpy(src, route->prefsrc, is_ipv6(l) ? 16 : 4);
		return true;
	}
	if (!is_ipv6(l)) {
		/* An address of the network that the gateway is in; 0.0.0.0 where there is none. */
		static const u8 none[FIB_ADDR];

		memset(src, 0, 4);
		fib_source_address(l->net, l->result.dev, AF_INET,
				   nexthop->gw_family == AF_INET ? nexthop->gw : none, src);
		return true;
	}
	return fib_source_address(l->net, l->result.dev, AF_INET6, to, src);
}

/* The next hop becomes the destination, which may be of another family. */
static u8 set_next_hop(struct lookup *l)
{
	const struct fib_nexthop *nexthop = l->result.nexthop;

	l->params->rt_metric = l->result.route->metric;
	l->params->ifindex = (u32)l->result.dev->ifindex;
	if (nexthop->gw_family == AF_INET)
		memcpy(l->params->ipv6_dst, nexthop->gw, 4);
	if (nexthop->gw_family == AF_INET6) {
		memcpy(l->params->ipv6_dst, nexthop->gw, 16);
		l->params->family = AF_INET6;
	}
	return nexthop->gw_family ? nexthop->gw_family : l->flow.family;
}

static int set_link_addresses(struct lookup *l, u8 family)
{
	const u8 *lladdr =
		fib_find_neighbour(l->net, l->result.dev, family, (const u8 *)l->params->ipv6_dst);

	if (!lladdr)
		return FIB_NO_NEIGH;
	memcpy(l->params->dmac, lladdr, ETH_ALEN);
	memcpy(l->params->smac, l->result.dev->dev_addr, ETH_ALEN);
	return FIB_SUCCESS;
}

static int set_result(struct lookup *l)
{
	u8 family;
	int answer;

	if (l->check_mtu) {
		l->mtu = path_mtu(l);
		if (l->params->tot_len > l->mtu) {
			l->params->mtu_result = (u16)l->mtu;
			return FIB_FRAG_NEEDED;
		}
	}
	if (l->result.nexthop->encap)
		return FIB_UNSUPP_LWT;
	family = set_next_hop(l);
	if (l->flags & LOOKUP_SRC && !choose_source(l))
		return FIB_NO_SRC_ADDR;
	answer = l->flags & LOOKUP_SKIP_NEIGH ? FIB_SUCCESS : set_link_addresses(l, family);
	if (answer)
		return answer;
	l->params->h_vlan_TCI = 0;
	l->params->h_vlan_proto = 0;
	if (l->mtu)
		l->params->mtu_result = (u16)l->mtu;
	return FIB_SUCCESS;
}

static int fib_answer(struct lookup *l)
{
	int answer;

	l->flow.family = l->params->family;
	if (l->flow.family != AF_INET && l->flow.family != AF_INET6)
		return -EAFNOSUPPORT;
	if (is_ipv6(l) && (is_strict6(l->params->ipv6_dst) || is_strict6(l->params->ipv6_src)))
		return FIB_NOT_FWDED;
	answer = find_device(l);
	if (answer)
		return answer;
	make_flow(l);
	answer = answer_of(find_route(l));
	if (answer)
		return answer;
	if (l->result.route->type != RTN_UNICAST || !l->result.nexthop)
		return FIB_NOT_FWDED;
	return set_result(l);
}

static int begin_lookup(struct lookup *l, struct run *run, u64 params, u64 size, u64 flags)
{
	*l = (struct lookup){
		.net = network_of(run->host), .params = u64_to_ptr(params), .flags = (u32)flags};
	if ((u32)size < sizeof(struct bpf_fib_lookup) || l->flags & ~(u32)LOOKUP_FLAGS)
		return -EINVAL;
	return l->net ? 0 : -ENOMEM;
}

DEFINE_HELPER(helper_xdp_fib_lookup)
{
	struct lookup l;
	int err = begin_lookup(&l, run, r2, r3, r4);

	l.check_mtu = true;
	return helper_error(err ? err : fib_answer(&l));
}

static bool is_forwardable(const struct net_device *dev, const struct sk_buff *skb)
{
	if (!(dev->flags & IFF_UP))
		return false;
	return skb->gso_size || skb->len <= dev->mtu + dev->hard_header_len + VLAN_LEN;
}

/* Without a length of the caller's the packet itself is held against the device. */
DEFINE_HELPER(helper_skb_fib_lookup)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	struct lookup l;
	int err = begin_lookup(&l, run, r2, r3, r4), answer;

	if (err)
		return helper_error(err);
	l.check_mtu = l.params->tot_len;
	answer = fib_answer(&l);
	if (answer == FIB_SUCCESS && !l.check_mtu) {
		if (!is_forwardable(l.result.dev, skb))
			answer = FIB_FRAG_NEEDED;
		l.params->mtu_result = (u16)l.result.dev->mtu;
	}
	return helper_error(answer);
}

/* ---- bpf_check_mtu() ---- */

#define MTU_CHK_SEGS BIT(0)

enum mtu_answer {
	MTU_SUCCESS,
	MTU_FRAG_NEEDED,
	MTU_SEGS_TOOBIG,
};

/* Device @ifindex, or that of the packet when it is 0. */
static struct net_device *mtu_device(struct run *run, u32 ifindex, u32 own)
{
	struct network *net = network_of(run->host);

	return net ? net_device_find(net, ifindex ? ifindex : own) : NULL;
}

/* *@mtu_len: the length of the packet from its network header on, or 0; then the MTU. */
static bool fits(const struct net_device *dev, u32 *mtu_len, u32 len, s32 len_diff)
{
	u32 size = *mtu_len ? *mtu_len + dev->hard_header_len : len;

	*mtu_len = dev->mtu;
	return (s32)(size + (u32)len_diff) <= (s32)(dev->mtu + dev->hard_header_len);
}

DEFINE_HELPER(helper_xdp_check_mtu)
{
	const struct xdp_buff *xdp = u64_to_ptr(r1);
	struct net_device *dev;

	if (r5)
		return helper_error(-EINVAL);
	dev = mtu_device(run, (u32)r2, xdp->ingress_ifindex);
	if (!dev)
		return helper_error(-ENODEV);
	/* As in Linux fragments do not count. */
	return fits(dev, u64_to_ptr(r3), (u32)(xdp->data_end - xdp->data), (s32)r4)
		       ? MTU_SUCCESS
		       : MTU_FRAG_NEEDED;
}

DEFINE_HELPER(helper_skb_check_mtu)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	u32 *mtu_len = u64_to_ptr(r3);
	struct net_device *dev;

	if (r5 & ~(u64)MTU_CHK_SEGS || (r5 && ((s32)r4 || *mtu_len)))
		return helper_error(-EINVAL);
	dev = mtu_device(run, (u32)r2, skb->ifindex);
	if (!dev)
		return helper_error(-ENODEV);
	/* Segments of an offload are cut later; nobody has said where their payload starts. */
	if (skb->gso_size && r5) {
		u32 asked = *mtu_len;

		if (fits(dev, mtu_len, skb->len, (s32)r4))
			return MTU_SUCCESS;
		*mtu_len = asked;
		return helper_error(-EINVAL);
	}
	return fits(dev, mtu_len, skb->len, (s32)r4) || skb->gso_size ? MTU_SUCCESS
								      : MTU_FRAG_NEEDED;
}
