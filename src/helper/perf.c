/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_perf_event_output() and its variants for packet programs, which append
 * the packet's first bytes to the record as the flags ask.
 */
#include "helper/functions.h"
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

	return packet_output(run, (struct bytes){xdp->data, (u64)(xdp->data_end - xdp->data)}, r2,
			     r3, (struct bytes){u64_to_ptr(r4), r5});
}
