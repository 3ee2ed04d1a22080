/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers do to xdp_buffs. */
#ifndef ANYBPF_HELPER_XDP_H
#define ANYBPF_HELPER_XDP_H

#include "object/packet.h"

/* Bytes of the whole packet. */
static inline u64 xdp_len(const struct xdp_buff *xdp)
{
	return (u64)(xdp->data_end - xdp->data) + xdp->frags_size;
}

/* The packet's first @len bytes, which it has. */
void xdp_copy_out(const struct xdp_buff *xdp, void *to, u32 len);
/* @len bytes of the packet in place, or NULL where it is too short or has them in pieces. */
void *xdp_range(const struct xdp_buff *xdp, u32 offset, u32 len);
/* Copies: 0, -EFAULT for numbers beyond what any packet has, -EINVAL beyond the end of this one. */
int xdp_load(const struct xdp_buff *xdp, u32 offset, void *to, u32 len);
int xdp_store(struct xdp_buff *xdp, u32 offset, const void *from, u32 len);

#endif
