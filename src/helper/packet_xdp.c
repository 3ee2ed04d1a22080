/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of XDP programs on their packet. Borders hold
 * data_hard_start <= data_meta <= data <= data_end <= frame_end at all times,
 * and a packet never gets shorter than an Ethernet header. What lies behind
 * data_end is in fragments, which only these helpers reach.
 */
#include <string.h>

#include "helper/functions.h"
#include "helper/xdp.h"

#define META_MAX 255 /* bytes of metadata, in words */

/* Offsets are compared as numbers: a pointer beyond the buffer must not even be formed. */
DEFINE_HELPER(helper_xdp_adjust_head)
{
	struct xdp_buff *xdp = u64_to_ptr(r1);
	s64 offset = (s32)r2;
	s64 meta = xdp->data - xdp->data_meta;

	if (offset < xdp->data_hard_start + meta - xdp->data ||
	    offset > xdp->data_end - xdp->data - ETH_HLEN)
		return helper_error(-EINVAL);
	memmove(xdp->data_meta + offset, xdp->data_meta, (size_t)meta);
	xdp->data_meta += offset;
	xdp->data += offset;
	return 0;
}

DEFINE_HELPER(helper_xdp_adjust_meta)
{
	struct xdp_buff *xdp = u64_to_ptr(r1);
	s64 offset = (s32)r2;
	s64 meta = xdp->data - xdp->data_meta - offset;

	if (meta < 0 || meta > xdp->data - xdp->data_hard_start)
		return helper_error(-EINVAL);
	if (meta % 4 || meta > META_MAX)
		return helper_error(-EACCES);
	xdp->data_meta += offset;
	return 0;
}

static int grow_last_frag(struct xdp_buff *xdp, u32 more)
{
	struct xdp_frags *frags = xdp->frags;
	struct xdp_frag *last = &frags->frag[frags->nr - 1];

	if (!frags->room)
		return -EOPNOTSUPP;
	if (more > frags->room - last->len)
		return -EINVAL;
	memset(last->data + last->len, 0, more);
	last->len += more;
	xdp->frags_size += more;
	return 0;
}

/* Fragments go from the last one on, then the linear part gets shorter. */
static int shrink_frags(struct xdp_buff *xdp, u32 less)
{
	struct xdp_frags *frags = xdp->frags;

	if (less + (u64)ETH_HLEN > xdp_len(xdp))
		return -EINVAL;
	while (frags->nr && less) {
		struct xdp_frag *last = &frags->frag[frags->nr - 1];
		u32 cut = less < last->len ? less : last->len;

		last->len -= cut;
		xdp->frags_size -= cut;
		less -= cut;
		if (last->len)
			return 0;
		frags->nr--;
	}
	xdp->data_end -= less;
	return 0;
}

DEFINE_HELPER(helper_xdp_adjust_tail)
{
	struct xdp_buff *xdp = u64_to_ptr(r1);
	s64 offset = (s32)r2;

	if (xdp->frags && xdp->frags->nr)
		return helper_error(offset < 0 ? shrink_frags(xdp, (u32)-offset)
					       : grow_last_frag(xdp, (u32)offset));
	if (offset > xdp->frame_end - xdp->data_end ||
	    offset < xdp->data + ETH_HLEN - xdp->data_end)
		return helper_error(-EINVAL);
	if (offset > 0)
		memset(xdp->data_end, 0, (size_t)offset);
	xdp->data_end += offset;
	return 0;
}

DEFINE_HELPER(helper_xdp_get_buff_len)
{
	return xdp_len(u64_to_ptr(r1));
}

/* 0, -EFAULT for absurd numbers, -EINVAL beyond the end. */
static int check_range(const struct xdp_buff *xdp, u32 offset, u32 len)
{
	if (offset > 0xffff || len > 0xffff)
		return -EFAULT;
	return (u64)offset + len > xdp_len(xdp) ? -EINVAL : 0;
}

/* The piece that byte @*offset is in, from its start; the offset is then in it. */
static struct xdp_frag piece_at(const struct xdp_buff *xdp, u32 *offset)
{
	struct xdp_frag piece = {xdp->data, (u32)(xdp->data_end - xdp->data)};
	u32 next = 0;

	while (*offset >= piece.len && xdp->frags && next < xdp->frags->nr) {
		*offset -= piece.len;
		piece = xdp->frags->frag[next++];
	}
	return piece;
}

void *xdp_range(const struct xdp_buff *xdp, u32 offset, u32 len)
{
	struct xdp_frag piece;

	if (check_range(xdp, offset, len))
		return NULL;
	piece = piece_at(xdp, &offset);
	return (u64)offset + len <= piece.len ? piece.data + offset : NULL;
}

/* Calls for each piece of the range; it is within the packet. */
static void copy(const struct xdp_buff *xdp, u32 offset, u8 *memory, u32 len, bool store)
{
	while (len) {
		u32 at = offset;
		struct xdp_frag piece = piece_at(xdp, &at);
		u32 n = piece.len - at < len ? piece.len - at : len;

		if (store)
			memmove(piece.data + at, memory, n);
		else
			memmove(memory, piece.data + at, n);
		memory += n;
		offset += n;
		len -= n;
	}
}

int xdp_load(const struct xdp_buff *xdp, u32 offset, void *to, u32 len)
{
	int error = check_range(xdp, offset, len);

	if (!error)
		copy(xdp, offset, to, len, false);
	return error;
}

int xdp_store(struct xdp_buff *xdp, u32 offset, const void *from, u32 len)
{
	int error = check_range(xdp, offset, len);

	if (!error)
		copy(xdp, offset, (u8 *)(uintptr_t)from, len, true);
	return error;
}

void xdp_copy_out(const struct xdp_buff *xdp, void *to, u32 len)
{
	copy(xdp, 0, to, len, false);
}

DEFINE_HELPER(helper_xdp_load_bytes)
{
	return helper_error(xdp_load(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_xdp_store_bytes)
{
	return helper_error(xdp_store(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4));
}
