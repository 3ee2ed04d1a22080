/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of XDP programs on their packet. Borders hold
 * data_hard_start <= data_meta <= data <= data_end <= frame_end at all times,
 * and a packet never gets shorter than an Ethernet header.
 */
#include <string.h>

#include "helper/functions.h"
#include "helper/redirect.h"
#include "object/packet.h"

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

DEFINE_HELPER(helper_xdp_adjust_tail)
{
	struct xdp_buff *xdp = u64_to_ptr(r1);
	s64 offset = (s32)r2;

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
	const struct xdp_buff *xdp = u64_to_ptr(r1);

	return (u64)(xdp->data_end - xdp->data);
}

/* The address of a range of the packet: 0, -EFAULT for absurd numbers, -EINVAL beyond the end. */
static int range(const struct xdp_buff *xdp, u32 offset, u32 len, u8 **at)
{
	if (offset > 0xffff || len > 0xffff)
		return -EFAULT;
	if ((s64)offset + len > xdp->data_end - xdp->data)
		return -EINVAL;
	*at = xdp->data + offset;
	return 0;
}

DEFINE_HELPER(helper_xdp_load_bytes)
{
	u8 *at;
	int error = range(u64_to_ptr(r1), (u32)r2, (u32)r4, &at);

	if (!error)
		memmove(u64_to_ptr(r3), at, (u32)r4);
	return helper_error(error);
}

DEFINE_HELPER(helper_xdp_store_bytes)
{
	u8 *at;
	int error = range(u64_to_ptr(r1), (u32)r2, (u32)r4, &at);

	if (!error)
		memmove(at, u64_to_ptr(r3), (u32)r4);
	return helper_error(error);
}

DEFINE_HELPER(helper_xdp_redirect)
{
	if (r2)
		return XDP_ABORTED;
	*run_redirect(run) = (struct redirect){REDIRECT_DEV, (u32)r1, 0};
	return XDP_REDIRECT;
}
