/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From frames to sk_buffs and back, in place: what a network card's driver and
 * eth_type_trans() do before programs see a packet. The sender's address
 * cannot be told from the card's own, so frames are taken as a loopback
 * device takes them, which is what Linux's test runs do too.
 */
#include <string.h>

#include "helper/skb.h"
#include "helper/tunnel.h"
#include "hook/deliver.h"
#include "hook/skb.h"
#include "kernel/netdev.h"
#include "kernel/sock.h"

static u8 packet_type(const u8 *destination)
{
	static const u8 own[ETH_ALEN];

	if (!memcmp(destination, own, ETH_ALEN))
		return PACKET_HOST;
	return destination[0] & 1 ? PACKET_MULTICAST : PACKET_OTHERHOST;
}

static void set_link_type(struct sk_buff *skb)
{
	skb->mac_header = (u32)(skb->data - skb->head);
	if (skb->len < ETH_HLEN) {
		/* Cut short in its Ethernet header: no protocol, nothing behind it. */
		skb->network_header = skb->mac_header + skb->len;
		return;
	}
	skb->network_header = skb->mac_header + ETH_HLEN;
	skb->pkt_type = packet_type(skb->data);
	skb->protocol =
		host_to_be16(eth_frame_type(skb->data + 2 * ETH_ALEN, skb->len - 2 * ETH_ALEN));
}

void skb_set_device(struct sk_buff *skb, const struct net_device *dev)
{
	skb->ifindex = (u32)dev->ifindex;
	skb->ingress_ifindex = (u32)dev->ifindex;
	if (skb->len < ETH_HLEN)
		return;
	if (!memcmp(skb->data, dev->dev_addr, ETH_ALEN))
		skb->pkt_type = PACKET_HOST;
	else if (!memcmp(skb->data, dev->broadcast, ETH_ALEN))
		skb->pkt_type = PACKET_BROADCAST;
	else
		skb->pkt_type = skb->data[0] & 1 ? PACKET_MULTICAST : PACKET_OTHERHOST;
}

void skb_from_frame(struct sk_buff *skb, struct hook_frame *frame)
{
	u8 *data = frame->buf + frame->off;

	memset(skb, 0, sizeof(*skb));
	skb->data = data;
	skb->data_end = data + frame->len;
	skb->data_meta = data;
	skb->head = frame->buf;
	skb->end = frame->buf + frame->size;
	skb->len = frame->len;
	skb->ingress_ifindex = frame->ifindex;
	skb->ifindex = frame->ifindex;
	/* Linux counts from 1, 0 is "none recorded". */
	skb->queue_mapping = (u16)(frame->rx_queue + 1);
	skb->tstamp = frame->tstamp;
	skb->wire_len = frame->wire_len ? frame->wire_len : frame->len;
	set_link_type(skb);
}

/* The frame goes no further than here: what it was assigned to is all that is left of that. */
static void drop_socket(struct sk_buff *skb, struct hook_frame *frame)
{
	frame->sk_cookie = 0;
	if (!skb->owns_sk)
		return;
	frame->sk_cookie = sock_gen_cookie(skb->sk);
	sock_put(skb->sk);
}

#define TC_ACT_REDIRECT 7

static bool is_tc(const struct prog *prog)
{
	return prog->type == BPF_PROG_TYPE_SCHED_CLS || prog->type == BPF_PROG_TYPE_SCHED_ACT;
}

void skb_run_frames(struct run *run, const struct prog *prog, struct hook_frame *frames, u32 n)
{
	run->legacy_load = skb_legacy_load;
	for (u32 i = 0; i < n; i++) {
		struct hook_frame *frame = &frames[i];
		struct skb_metadata metadata;
		struct sk_buff skb;

		skb_from_frame(&skb, frame);
		skb.metadata = &metadata;
		skb.at_ingress = true;
		deliver_reset(run);
		frame->verdict = (u32)prog_run_in(run, prog, &skb);
		if (unlikely(frame->verdict == TC_ACT_REDIRECT) && is_tc(prog))
			deliver_redirect_skb(run, &skb);
		frame->off = (u32)(skb.data - frame->buf);
		frame->len = skb.len;
		drop_socket(&skb, frame);
	}
}

/* Offsets below these are relative to the network and the MAC header. */
#define SKF_NET_OFF (-0x100000)
#define SKF_LL_OFF  (-0x200000)

s64 skb_legacy_load(struct run *run, s32 off, u32 size)
{
	const struct sk_buff *skb = run->ctx;
	s64 data = skb->data - skb->head, start;

	if (off >= 0)
		start = data + off;
	else if (off >= SKF_NET_OFF)
		start = (s64)skb->network_header + off - SKF_NET_OFF;
	else if (off >= SKF_LL_OFF)
		start = (s64)skb->mac_header + off - SKF_LL_OFF;
	else
		return -EFAULT;
	if (start < 0 || start + size > data + skb->len)
		return -EFAULT;
	switch (size) {
	case 1:
		return skb->head[start];
	case 2:
		return get_be16(skb->head + start);
	default:
		return get_be32(skb->head + start);
	}
}
