/* SPDX-License-Identifier: BSD-2-Clause */
/* Borders, hash and checksum state of sk_buffs; see helper/skb.h. */
#include <errno.h>
#include <string.h>

#include "helper/csum.h"
#include "helper/skb.h"

static void refresh(struct sk_buff *skb)
{
	/* No metadata survives where the borders move: Linux's skbs here have none. */
	skb->data_meta = skb->data;
	skb->data_end = skb->data + skb->len;
}

int skb_make_room(struct sk_buff *skb, u32 head, u32 tail)
{
	u64 size = (u64)(skb->end - skb->head);
	u64 before = (u64)(skb->data - skb->head), after = size - before - skb->len;
	s64 shift;

	if (head <= before && tail <= after)
		return 0;
	if ((u64)head + skb->len + tail > size)
		return -ENOMEM;
	/* All that is left over goes before the packet, where most growth happens. */
	shift = (s64)(size - skb->len - tail) - (s64)before;
	memmove(skb->data + shift, skb->data, skb->len);
	skb->data += shift;
	skb->mac_header = (u32)(skb->mac_header + shift);
	skb->network_header = (u32)(skb->network_header + shift);
	refresh(skb);
	return 0;
}

void skb_push(struct sk_buff *skb, u32 len)
{
	skb->data -= len;
	skb->len += len;
	refresh(skb);
}

void skb_pull(struct sk_buff *skb, u32 len)
{
	skb->data += len;
	skb->len -= len;
	refresh(skb);
}

void skb_set_len(struct sk_buff *skb, u32 len)
{
	skb->len = len;
	refresh(skb);
}

void skb_clear_hash(struct sk_buff *skb)
{
	skb->hash = 0;
	skb->l4_hash = false;
	skb->sw_hash = false;
}

void skb_csum_reset(struct sk_buff *skb)
{
	if (skb->ip_summed != CHECKSUM_UNNECESSARY)
		return;
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum_level = 0;
}

void skb_csum_pulled(struct sk_buff *skb, const u8 *at, u32 len, u32 offset)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_sub(skb->csum, csum_shift(csum_bytes(at, len, 0), offset));
}

void skb_csum_pushed(struct sk_buff *skb, const u8 *at, u32 len, u32 offset)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_shift(csum_bytes(at, len, 0), offset));
}

u16 eth_frame_type(const u8 *type_field, u32 len)
{
	u16 type = get_be16(type_field);

	if (type >= 0x600)
		return type;
	/* IPX in raw 802.3: all ones where LLC has its addresses. */
	return len >= 4 && get_u16(type_field + 2) == 0xffff ? ETH_P_802_3 : ETH_P_802_2;
}
