/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on checksums, in packets and of plain memory. */
#include "helper/csum.h"
#include "helper/functions.h"
#include "helper/skb.h"

#define DIFF_MAX 512 /* bytes of both sides together */

DEFINE_HELPER(helper_csum_diff)
{
	const u8 *from = u64_to_ptr(r1), *to = u64_to_ptr(r3);
	u32 from_size = (u32)r2, to_size = (u32)r4;
	u64 sum = (u32)r5;

	if ((from_size | to_size) % 4 || (u64)from_size + to_size > DIFF_MAX)
		return helper_error(-EINVAL);
	for (u32 i = 0; i < from_size; i += 4)
		sum += (u32)~get_u32(from + i);
	for (u32 i = 0; i < to_size; i += 4)
		sum += get_u32(to + i);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (u32)((sum & 0xffffffff) + (sum >> 32));
}

DEFINE_HELPER(helper_csum_update)
{
	struct sk_buff *skb = u64_to_ptr(r1);

	if (skb->ip_summed != CHECKSUM_COMPLETE)
		return helper_error(-ENOTSUPP);
	skb->csum = csum_add(skb->csum, (u32)r2);
	return skb->csum;
}

#define CSUM_LEVEL_MAX 3

static void level_inc(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_UNNECESSARY) {
		if (skb->csum_level < CSUM_LEVEL_MAX)
			skb->csum_level++;
	} else if (skb->ip_summed == CHECKSUM_NONE) {
		skb->csum_level = 0;
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
}

static void level_dec(struct sk_buff *skb)
{
	if (skb->ip_summed != CHECKSUM_UNNECESSARY)
		return;
	if (!skb->csum_level)
		skb->ip_summed = CHECKSUM_NONE;
	else
		skb->csum_level--;
}

DEFINE_HELPER(helper_csum_level)
{
	struct sk_buff *skb = u64_to_ptr(r1);

	switch (r2) {
	case BPF_CSUM_LEVEL_INC:
		level_inc(skb);
		return 0;
	case BPF_CSUM_LEVEL_DEC:
		level_dec(skb);
		return 0;
	case BPF_CSUM_LEVEL_RESET:
		skb_csum_reset(skb);
		return 0;
	case BPF_CSUM_LEVEL_QUERY:
		return skb->ip_summed == CHECKSUM_UNNECESSARY ? skb->csum_level
							      : helper_error(-EACCES);
	default:
		return helper_error(-EINVAL);
	}
}

/* RFC 1624: HC' = ~(~HC + ~m + m') */
static u16 replace(u16 check, u32 from, u32 to)
{
	return csum_fold(csum_add(csum_sub(~(u32)check, from), to));
}

static u16 replace16(u16 check, u16 from, u16 to)
{
	u32 sum = (u16)~check;

	sum += (u16)~from;
	sum = (sum & 0xffff) + (sum >> 16);
	sum += to;
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static u16 replace_by_diff(u16 check, u32 diff)
{
	return csum_fold(csum_add(diff, ~(u32)check));
}

/* The checksum at @offset: 0 or -EFAULT. */
static int check_at(struct sk_buff *skb, u64 offset, u8 **at)
{
	u32 off = (u32)offset;

	if (off > 0xffff || off % 2 || off + sizeof(u16) > skb->len)
		return -EFAULT;
	*at = skb->data + off;
	return 0;
}

DEFINE_HELPER(helper_l3_csum_replace)
{
	u8 *at;
	u16 check;

	if (r5 & ~(u64)BPF_F_HDR_FIELD_MASK)
		return helper_error(-EINVAL);
	if (check_at(u64_to_ptr(r1), r2, &at))
		return helper_error(-EFAULT);
	check = get_u16(at);
	switch (r5 & BPF_F_HDR_FIELD_MASK) {
	case 0:
		if (r3)
			return helper_error(-EINVAL);
		check = replace_by_diff(check, (u32)r4);
		break;
	case 2:
		check = replace16(check, (u16)r3, (u16)r4);
		break;
	case 4:
		check = replace(check, (u32)r3, (u32)r4);
		break;
	default:
		return helper_error(-EINVAL);
	}
	put_u16(at, check);
	return 0;
}

/*
 * A field of the pseudo header lies before what CHECKSUM_COMPLETE sums up, or
 * in its part that has changed already: the sum changes with the checksum.
 */
static void pseudo_replace(struct sk_buff *skb, u32 from, u32 to)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = ~csum_add(csum_sub(~skb->csum, from), to);
}

#define L4_FLAGS                                                                                   \
	((u64)(BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR |                      \
	       BPF_F_HDR_FIELD_MASK | BPF_F_IPV6))

static int l4_replace(struct sk_buff *skb, u16 *check, u64 from, u64 to, u64 flags)
{
	bool pseudo = flags & BPF_F_PSEUDO_HDR;
	u64 size = flags & BPF_F_HDR_FIELD_MASK;

	if (size == 0) {
		if (from)
			return -EINVAL;
		*check = replace_by_diff(*check, (u32)to);
		if (pseudo && !(flags & BPF_F_IPV6) && skb->ip_summed == CHECKSUM_COMPLETE)
			skb->csum = ~csum_sub((u32)to, skb->csum);
		return 0;
	}
	if (size != 2 && size != 4)
		return -EINVAL;
	if (size == 2) {
		from = (u16)from;
		to = (u16)to;
	}
	*check = replace(*check, (u32)from, (u32)to);
	if (pseudo)
		pseudo_replace(skb, (u32)from, (u32)to);
	return 0;
}

DEFINE_HELPER(helper_l4_csum_replace)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	bool mangled = r5 & BPF_F_MARK_MANGLED_0;
	u8 *at;
	u16 check;
	int error;

	if (r5 & ~L4_FLAGS)
		return helper_error(-EINVAL);
	if (check_at(skb, r2, &at))
		return helper_error(-EFAULT);
	check = get_u16(at);
	/* UDP without a checksum stays so. */
	if (mangled && !(r5 & BPF_F_MARK_ENFORCE) && !check)
		return 0;
	error = l4_replace(skb, &check, r3, r4, r5);
	if (error)
		return helper_error(error);
	put_u16(at, mangled && !check ? 0xffff : check);
	return 0;
}
