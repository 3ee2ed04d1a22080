/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What helpers do to sk_buffs. The buffer [head, end) never moves and never
 * grows; when a border has no room left, the packet slides within it. So every
 * helper that may change the borders invalidates packet pointers, as in Linux
 * where the same helpers may reallocate.
 */
#ifndef ANYBPF_HELPER_SKB_H
#define ANYBPF_HELPER_SKB_H

#include "object/packet.h"

/* Longest packet that helpers make: Linux's limit for pages of 4 KiB. */
#define SKB_MAX_LEN 16064

/* Copies out of the packet, zeros where it is too short: 0 or -EFAULT. */
int skb_load(const struct sk_buff *skb, u32 offset, void *to, u32 len);
/* @flags as bpf_skb_store_bytes() has them: 0, -EINVAL or -EFAULT. */
int skb_store(struct sk_buff *skb, u32 offset, const void *from, u32 len, u64 flags);

/* Room for @head more bytes before data and @tail behind its end: 0 or -ENOMEM. */
int skb_make_room(struct sk_buff *skb, u32 head, u32 tail);
/* Moves data by -@len (push) or @len (pull) and keeps len and data_meta right. There must be room.
 */
void skb_push(struct sk_buff *skb, u32 len);
void skb_pull(struct sk_buff *skb, u32 len);
/* Sets the length; new bytes are not cleared. */
void skb_set_len(struct sk_buff *skb, u32 len);

void skb_clear_hash(struct sk_buff *skb);
/* A checksum that was verified is no longer. */
void skb_csum_reset(struct sk_buff *skb);
/* Takes bytes out of, or into, the sum of CHECKSUM_COMPLETE; @at is their place in the packet. */
void skb_csum_pulled(struct sk_buff *skb, const u8 *at, u32 len, u32 offset);
void skb_csum_pushed(struct sk_buff *skb, const u8 *at, u32 len, u32 offset);

struct net_device;
struct run;

/* A copy of the packet goes out by the device, or in: it waits in the backlog. 0, -ERANGE, -ENOMEM.
 */
int skb_send_bytes(struct run *run, const struct sk_buff *skb, const u8 *bytes, u32 len,
		   struct net_device *dev, bool ingress);
/* The same from where such a device has packets start; -ERANGE without a link header. */
int skb_redirect(struct run *run, const struct sk_buff *skb, struct net_device *dev, bool ingress);

/* What eth_type_trans() says of a frame without its Ethernet header's first 12 bytes. */
u16 eth_frame_type(const u8 *type_field, u32 len);

#endif
