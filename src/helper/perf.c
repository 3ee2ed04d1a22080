/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_perf_event_output() and its variants for packet programs, which append
 * the packet's first bytes to the record as the flags ask.
 */
#include "helper/functions.h"
#include "helper/xdp.h"
#include "map/ringbuf.h"
#include "object/packet.h"

struct bytes {
	const void *data;
	u64 size;
};

static u64 output(struct run *run, struct map *map, u64 flags, struct bytes meta,
		  struct bytes packet)
{
	u64 cpu = flags & BPF_F_INDEX_MASK;

	if (cpu == BPF_F_CURRENT_CPU)
		cpu = run->cpu;
	return helper_error(
		perf_array_output(map, (u32)cpu, meta.data, meta.size, packet.data, packet.size));
}

DEFINE_HELPER(helper_perf_event_output)
{
	if (r3 & ~(u64)BPF_F_INDEX_MASK)
		return helper_error(-EINVAL);
	return output(run, u64_to_ptr(r2), r3, (struct bytes){u64_to_ptr(r4), r5},
		      (struct bytes){NULL, 0});
}

static u64 packet_output(struct run *run, struct bytes packet, u64 map, u64 flags,
			 struct bytes meta)
{
	u64 want = (flags & BPF_F_CTXLEN_MASK) >> 32;

	if (flags & ~(u64)(BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK))
		return helper_error(-EINVAL);
	if (want > packet.size)
		return helper_error(-EFAULT);
	packet.size = want;
	return output(run, u64_to_ptr(map), flags, meta, packet);
}

DEFINE_HELPER(helper_skb_event_output)
{
	const struct sk_buff *skb = u64_to_ptr(r1);

	return packet_output(run, (struct bytes){skb->data, skb->len}, r2, r3,
			     (struct bytes){u64_to_ptr(r4), r5});
}

DEFINE_HELPER(helper_xdp_event_output)
{
	const struct xdp_buff *xdp = u64_to_ptr(r1);

	u64 linear = (u64)(xdp->data_end - xdp->data), len = xdp_len(xdp);
	u64 want = (r3 & BPF_F_CTXLEN_MASK) >> 32;
	struct bytes packet = {xdp->data, len};
	u8 *joined = NULL;
	u64 ret;

	/* What is in pieces is put together first. */
	if (want > linear && want <= len) {
		joined = mem_alloc(run->host->mem, want);
		if (!joined)
			return helper_error(-ENOMEM);
		xdp_copy_out(xdp, joined, (u32)want);
		packet.data = joined;
	}
	ret = packet_output(run, packet, r2, r3, (struct bytes){u64_to_ptr(r4), r5});
	mem_free(run->host->mem, joined);
	return ret;
}
