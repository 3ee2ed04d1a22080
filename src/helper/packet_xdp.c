/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of XDP programs on their packet. Borders hold
 * data_hard_start <= data_meta <= data <= data_end <= frame_end at all times,
 * and a packet never gets shorter than an Ethernet header.
 */
#include <string.h>

#include "helper/functions.h"
#include "helper/redirect.h"
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

/* 0, -EFAULT for absurd numbers, -EINVAL beyond the end. */
static int check_range(const struct xdp_buff *xdp, u32 offset, u32 len)
{
	if (offset > 0xffff || len > 0xffff)
		return -EFAULT;
	return (s64)offset + len > xdp->data_end - xdp->data ? -EINVAL : 0;
}

void *xdp_range(const struct xdp_buff *xdp, u32 offset, u32 len)
{
	return check_range(xdp, offset, len) ? NULL : xdp->data + offset;
}

int xdp_load(const struct xdp_buff *xdp, u32 offset, void *to, u32 len)
{
	int error = check_range(xdp, offset, len);

	if (!error)
		memmove(to, xdp->data + offset, len);
	return error;
}

int xdp_store(struct xdp_buff *xdp, u32 offset, const void *from, u32 len)
{
	int error = check_range(xdp, offset, len);

	if (!error)
		memmove(xdp->data + offset, from, len);
	return error;
}

DEFINE_HELPER(helper_xdp_load_bytes)
{
	return helper_error(xdp_load(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_xdp_store_bytes)
{
	return helper_error(xdp_store(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_xdp_redirect)
{
	if (r2)
		return XDP_ABORTED;
	*run_redirect(run) = (struct redirect){REDIRECT_DEV, (u32)r1, 0};
	return XDP_REDIRECT;
}
