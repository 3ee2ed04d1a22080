/* SPDX-License-Identifier: BSD-2-Clause */
/* From a verdict to the device, socket or CPU that it names; see deliver.h. */
#include "hook/deliver.h"

#include <errno.h>
#include <string.h>

#include "helper/redirect.h"
#include "helper/skb.h"
#include "hook/internal.h"
#include "hook/xdp.h"
#include "kernel/fib.h"
#include "kernel/sock.h"
#include "map/targets.h"

/* A frame that programs send round in a circle is dropped after so many devices. */
#define MAX_HOPS 64

void deliver_reset(struct run *run)
{
	*run_redirect(run) = (struct redirect){REDIRECT_NONE};
}

void deliver_note_device(struct run *run, u32 ifindex)
{
	*run_redirect(run) = (struct redirect){.kind = REDIRECT_DEV, .ifindex = ifindex};
}

/* ---- where to ---- */

static int check_xmit(const struct net_device *dev, const struct net_frame *frame)
{
	if (!(dev->xdp_features & NETDEV_XDP_ACT_NDO_XMIT))
		return -EOPNOTSUPP;
	if (!(__atomic_load_n(&dev->flags, __ATOMIC_RELAXED) & IFF_UP))
		return -ENETDOWN;
	return frame->len > dev->mtu + dev->hard_header_len + VLAN_LEN ? -EMSGSIZE : 0;
}

/* Takes the frame over. @target NULL: by number. */
static int send_by(struct network *net, struct net_frame *frame, struct net_device *dev,
		   struct xdp_target *target)
{
	int err = dev ? check_xmit(dev, frame) : -EINVAL;

	if (err) {
		net_frame_free(frame);
		return err;
	}
	net_device_hold(dev);
	frame->dev = dev;
	if (target)
		xdp_target_get(target);
	frame->target = target;
	frame->step = NET_STEP_XMIT;
	net_backlog_add(net, frame);
	return 0;
}

static int send_to_cpu(struct network *net, struct net_frame *frame, struct xdp_target *target)
{
	/* As in Linux a full queue is no error of the redirect. */
	if (atomic_fetch_add(&target->queued, 1) >= target->val.cpu.qsize) {
		atomic_fetch_sub(&target->queued, 1);
		net_frame_free(frame);
		return 0;
	}
	xdp_target_get(target);
	frame->target = target;
	frame->step = NET_STEP_CPU;
	net_backlog_add(net, frame);
	return 0;
}

struct broadcast {
	struct network *net;
	struct net_frame *frame;
	struct xdp_target *last; /* gets the frame itself, those before it copies */
	bool exclude_ingress;
	int err;
};

static void send_copy(void *arg, struct xdp_target *target)
{
	struct broadcast *b = arg;
	struct net_frame *copy;

	if (b->err || check_xmit(target->dev, b->frame) ||
	    (b->exclude_ingress && (u32)target->dev->ifindex == b->frame->ifindex))
		return;
	if (b->last) {
		copy = net_frame_clone(b->frame);
		b->err = copy ? send_by(b->net, copy, b->last->dev, b->last) : -ENOMEM;
	}
	b->last = target;
}

static int send_to_all(struct network *net, struct net_frame *frame,
		       const struct redirect *redirect)
{
	struct broadcast b = {.net = net,
			      .frame = frame,
			      .exclude_ingress = redirect->flags & BPF_F_EXCLUDE_INGRESS};

	devmap_each(redirect->map, send_copy, &b);
	if (!b.err && b.last)
		return send_by(net, frame, b.last->dev, b.last);
	net_frame_free(frame);
	return b.err;
}

static int send_by_map(struct network *net, struct net_frame *frame,
		       const struct redirect *redirect)
{
	struct xdp_target *target = redirect->target;

	switch (redirect->map->desc.type) {
	case BPF_MAP_TYPE_XSKMAP:
		return xdp_sock_receive(redirect->target, frame);
	case BPF_MAP_TYPE_CPUMAP:
		return send_to_cpu(net, frame, target);
	default:
		if (redirect->flags & BPF_F_BROADCAST)
			return send_to_all(net, frame, redirect);
		return send_by(net, frame, target->dev, target);
	}
}

int deliver_redirect(struct run *run, struct net_frame *frame)
{
	struct redirect redirect = *run_redirect(run);
	struct network *net = network_of(run->host);

	deliver_reset(run);
	if (!net || redirect.kind == REDIRECT_NONE) {
		net_frame_free(frame);
		return net ? -EBADRQC : -ENOMEM;
	}
	if (redirect.kind == REDIRECT_MAP)
		return send_by_map(net, frame, &redirect);
	return send_by(net, frame, net_device_find(net, redirect.ifindex), NULL);
}

/* The next hop of a packet that goes out by @dev: its family and address, or -errno. */
static int find_next_hop(struct network *net, const struct sk_buff *skb,
			 const struct net_device *dev, const struct redirect *redirect, u8 *addr)
{
	struct fib_flow flow = {.iif = LOOPBACK_IFINDEX, .oif = (u32)dev->ifindex};
	const u8 *ip = skb_network_header(skb);
	u64 room = (u64)(skb->data_end - ip);
	struct fib_result result;
	int err;

	memcpy(addr, redirect->nh, FIB_ADDR);
	if (redirect->nh_family)
		return (int)redirect->nh_family;
	flow.family = be16_to_host(skb->protocol) == ETH_P_IP ? AF_INET : AF_INET6;
	if (room < (flow.family == AF_INET ? 20 : 40))
		return -EINVAL;
	if (flow.family == AF_INET)
		memcpy(flow.dst, ip + 16, 4);
	else
		memcpy(flow.dst, ip + 24, 16);
	err = fib_lookup(net, &flow, &result);
	if (err)
		return err;
	if (!result.nexthop || result.dev != dev)
		return -EINVAL;
	memcpy(addr, result.nexthop->gw_family ? result.nexthop->gw : flow.dst, FIB_ADDR);
	return result.nexthop->gw_family ? result.nexthop->gw_family : flow.family;
}

/* From its network header on with a new link header; nobody is asked where a neighbour is. */
static int redirect_neigh(struct run *run, const struct sk_buff *skb, struct net_device *dev,
			  const struct redirect *redirect)
{
	u16 protocol = be16_to_host(skb->protocol);
	struct network *net = dev->host_net;
	u8 addr[FIB_ADDR], *link = skb_network_header(skb) - ETH_HLEN;
	const u8 *lladdr;
	int family;

	if ((protocol != ETH_P_IP && protocol != ETH_P_IPV6) || link < skb->head ||
	    skb_network_header(skb) >= skb->data_end)
		return -EINVAL;
	family = find_next_hop(net, skb, dev, redirect, addr);
	if (family < 0)
		return family;
	lladdr = fib_find_neighbour(net, dev, (u8)family, addr);
	if (!lladdr)
		return -EHOSTUNREACH;
	memcpy(link, lladdr, ETH_ALEN);
	memcpy(link + ETH_ALEN, dev->dev_addr, ETH_ALEN);
	put_be16(link + 2 * ETH_ALEN, protocol);
	return skb_send_bytes(run, skb, link, (u32)(skb->data_end - link), dev, false);
}

int deliver_redirect_skb(struct run *run, const struct sk_buff *skb)
{
	struct redirect redirect = *run_redirect(run);
	struct network *net = network_of(run->host);
	struct net_device *dev = net ? net_device_find(net, redirect.ifindex) : NULL;

	deliver_reset(run);
	if (!dev)
		return net ? -EINVAL : -ENOMEM;
	switch (redirect.kind) {
	case REDIRECT_DEV:
		return skb_redirect(run, skb, dev, redirect.flags & BPF_F_INGRESS);
	case REDIRECT_PEER:
		dev = __atomic_load_n(&dev->host_peer, __ATOMIC_ACQUIRE);
		if (!dev || !(dev->flags & IFF_UP))
			return -EINVAL;
		return skb_redirect(run, skb, dev, true);
	case REDIRECT_NEIGH:
		return redirect_neigh(run, skb, dev, &redirect);
	default:
		return -EBADRQC;
	}
}

void deliver_to_stack(struct net_device *dev, struct net_frame *frame)
{
	net_device_hold(dev);
	frame->dev = dev;
	frame->step = NET_STEP_STACK;
	net_backlog_add(dev->host_net, frame);
}

/* ---- programs on the way ---- */

static void frame_to_xdp(const struct net_frame *frame, struct xdp_buff *xdp)
{
	*xdp = (struct xdp_buff){
		.data = frame->data,
		.data_end = frame->data + frame->len,
		.data_meta = frame->data - frame->meta,
		.data_hard_start = frame->buf + XDP_FRAME_SIZE,
		.frame_end = frame->buf + frame->size - TEST_TAILROOM,
		.ingress_ifindex = frame->ifindex,
		.rx_queue_index = frame->queue,
	};
}

static void xdp_to_frame(const struct xdp_buff *xdp, struct net_frame *frame)
{
	frame->data = xdp->data;
	frame->len = (u32)(xdp->data_end - xdp->data);
	frame->meta = (u32)(xdp->data - xdp->data_meta);
}

struct net_frame *deliver_frame(struct run *run, const struct xdp_buff *xdp)
{
	struct net_frame *frame =
		net_frame_new(run->host, xdp->data, (u32)(xdp->data - xdp->data_meta),
			      (u32)(xdp->data_end - xdp->data));

	if (!frame)
		return NULL;
	frame->ifindex = xdp->ingress_ifindex;
	frame->queue = xdp->rx_queue_index;
	frame->cpu = run->cpu;
	return frame;
}

static u32 run_prog(struct run *run, const struct prog *prog, struct net_frame *frame, u32 egress)
{
	struct xdp_buff xdp;
	u32 verdict;

	frame_to_xdp(frame, &xdp);
	xdp.egress_ifindex = egress;
	deliver_reset(run);
	verdict = (u32)prog_run_in(run, prog, &xdp);
	xdp_to_frame(&xdp, frame);
	frame->cpu = run->cpu;
	return verdict;
}

/* ---- steps: what becomes of the frame when the slot is given back ---- */

enum fate {
	FATE_DROPPED,
	FATE_GONE, /* somebody else has it */
	FATE_SENT, /* by .dev, of which it has a reference */
	FATE_RECEIVED,
};

static bool is_up(const struct net_device *dev)
{
	return __atomic_load_n(&dev->flags, __ATOMIC_RELAXED) & IFF_UP;
}

/* What is on a cable comes out at its other end; a loopback device's ends are one. */
static struct net_device *other_end(struct net_device *dev)
{
	return dev->flags & IFF_LOOPBACK ? dev : __atomic_load_n(&dev->host_peer, __ATOMIC_ACQUIRE);
}

static enum fate step_xmit(struct run *run, struct net_frame *frame, struct net_device *dev,
			   const struct xdp_target *target)
{
	struct net_device *end;

	if (target && target->prog &&
	    run_prog(run, target->prog, frame, (u32)dev->ifindex) != XDP_PASS)
		return FATE_DROPPED;
	end = other_end(dev);
	if (!is_up(dev) || frame->hops++ >= MAX_HOPS)
		return FATE_DROPPED;
	if (!end) {
		frame->dev = dev;
		net_device_hold(dev);
		return FATE_SENT;
	}
	if (!kernel_object_try_get(&end->host_kobj))
		return FATE_DROPPED;
	frame->dev = end;
	frame->step = NET_STEP_RECEIVE;
	net_device_count_sent(dev, frame->len);
	net_backlog_add(dev->host_net, frame);
	return FATE_GONE;
}

static enum fate to_stack(struct net_frame *frame, struct net_device *dev)
{
	if (!is_up(dev))
		return FATE_DROPPED;
	net_device_hold(dev);
	frame->dev = dev;
	return FATE_RECEIVED;
}

static enum fate step_receive(struct run *run, struct net_frame *frame, struct net_device *dev)
{
	const struct prog *prog = atomic_load_explicit(&dev->host_xdp, memory_order_acquire);

	frame->ifindex = (u32)dev->ifindex;
	frame->queue = 0;
	frame->meta = 0;
	if (!prog || !is_up(dev))
		return to_stack(frame, dev);
	switch (run_prog(run, prog, frame, 0)) {
	case XDP_PASS:
		return to_stack(frame, dev);
	case XDP_TX:
		send_by(dev->host_net, frame, dev, NULL);
		return FATE_GONE;
	case XDP_REDIRECT:
		deliver_redirect(run, frame);
		return FATE_GONE;
	default:
		return FATE_DROPPED;
	}
}

static enum fate step_cpu(struct run *run, struct net_frame *frame, struct xdp_target *target)
{
	struct network *net = network_of(run->host);
	struct net_device *dev = net_device_find(net, frame->ifindex);
	u32 verdict = XDP_PASS;

	atomic_fetch_sub(&target->queued, 1);
	frame->cpu = run->cpu;
	if (!dev || frame->hops++ >= MAX_HOPS)
		return FATE_DROPPED;
	if (target->prog)
		verdict = run_prog(run, target->prog, frame, 0);
	if (verdict == XDP_PASS)
		return to_stack(frame, dev);
	if (verdict != XDP_REDIRECT)
		return FATE_DROPPED;
	deliver_redirect(run, frame);
	return FATE_GONE;
}

static enum fate step(struct run *run, struct net_frame *frame, struct net_device *dev,
		      struct xdp_target *target)
{
	switch ((enum net_step)frame->step) {
	case NET_STEP_XMIT:
		return step_xmit(run, frame, dev, target);
	case NET_STEP_RECEIVE:
		return step_receive(run, frame, dev);
	case NET_STEP_CPU:
		return step_cpu(run, frame, target);
	default:
		return to_stack(frame, dev);
	}
}

/* References go when the slot has been given back: the last one of a program may have to wait. */
static void advance(struct host *host, struct net_frame *frame)
{
	struct net_device *dev = frame->dev;
	struct xdp_target *target = frame->target;
	enum fate fate;
	struct run run;

	frame->dev = NULL;
	frame->target = NULL;
	if (frame->step == NET_STEP_CPU)
		run_begin_on(&run, host, target->cpu);
	else
		run_begin(&run, host);
	fate = step(&run, frame, dev, target);
	run_end(&run);
	if (fate == FATE_SENT)
		net_device_sent(frame->dev, frame);
	else if (fate == FATE_RECEIVED)
		net_device_received(frame->dev, frame);
	else if (fate == FATE_DROPPED)
		net_frame_free(frame);
	net_device_put(dev);
	xdp_target_put(target);
}

void deliver_all(struct host *host)
{
	struct host_part *part =
		atomic_load_explicit(&host->parts[HOST_PART_NET], memory_order_acquire);
	struct net_frame *frame;
	struct network *net;

	if (!part)
		return;
	net = network_of(host);
	while ((frame = net_backlog_take(net)))
		advance(host, frame);
}
