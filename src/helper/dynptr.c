/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers and kernel functions on dynptrs; see dynptr.h. */
#include "helper/dynptr.h"

#include <string.h>

#include "helper/kfunc_functions.h"
#include "helper/skb.h"
#include "helper/xdp.h"

int dynptr_check(const struct dynptr *dynptr, u32 offset, u32 len)
{
	return len > dynptr->size || offset > dynptr->size - len ? -E2BIG : 0;
}

static bool is_memory(const struct dynptr *dynptr)
{
	return dynptr->type == DYNPTR_TYPE_LOCAL || dynptr->type == DYNPTR_TYPE_RINGBUF;
}

static u8 *memory(const struct dynptr *dynptr, u32 offset)
{
	return (u8 *)dynptr->data + dynptr->offset + offset;
}

/* ---- reading and writing ---- */

int dynptr_read(const struct dynptr *dynptr, u32 offset, void *to, u32 len)
{
	int error = dynptr->data ? dynptr_check(dynptr, offset, len) : -EINVAL;

	if (error)
		return error;
	switch (dynptr->type) {
	case DYNPTR_TYPE_SKB:
		return skb_load(dynptr->data, dynptr->offset + offset, to, len);
	case DYNPTR_TYPE_XDP:
		return xdp_load(dynptr->data, dynptr->offset + offset, to, len);
	default:
		memmove(to, memory(dynptr, offset), len);
		return 0;
	}
}

static int dynptr_write(const struct dynptr *dynptr, u32 offset, const void *from, u32 len,
			u64 flags)
{
	int error = dynptr->data && !dynptr->rdonly ? dynptr_check(dynptr, offset, len) : -EINVAL;

	if (error)
		return error;
	if (dynptr->type == DYNPTR_TYPE_SKB)
		return skb_store(dynptr->data, dynptr->offset + offset, from, len, flags);
	if (flags)
		return -EINVAL;
	if (dynptr->type == DYNPTR_TYPE_XDP)
		return xdp_store(dynptr->data, dynptr->offset + offset, from, len);
	memmove(memory(dynptr, offset), from, len);
	return 0;
}

DEFINE_HELPER(helper_dynptr_read)
{
	if (r5)
		return helper_error(-EINVAL);
	return helper_error(dynptr_read(u64_to_ptr(r3), (u32)r4, u64_to_ptr(r1), (u32)r2));
}

DEFINE_HELPER(helper_dynptr_write)
{
	return helper_error(dynptr_write(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4, r5));
}

/* Packets are not given away like this: the verifier could not tell when they change. */
DEFINE_HELPER(helper_dynptr_data)
{
	const struct dynptr *dynptr = u64_to_ptr(r1);
	u32 offset = (u32)r2;

	if (!dynptr->data || dynptr->rdonly || !is_memory(dynptr) ||
	    dynptr_check(dynptr, offset, (u32)r3))
		return 0;
	return ptr_to_u64(memory(dynptr, offset));
}

/* ---- making ---- */

DEFINE_HELPER(helper_dynptr_from_mem)
{
	struct dynptr *dynptr = u64_to_ptr(r4);
	u64 size = (u32)r2;

	*dynptr = (struct dynptr){0};
	if (size > DYNPTR_MAX_SIZE)
		return helper_error(-E2BIG);
	if (r3)
		return helper_error(-EINVAL);
	dynptr_init(dynptr, u64_to_ptr(r1), DYNPTR_TYPE_LOCAL, (u32)size, false);
	return 0;
}

/* Programs of other types may look at packets but not change them. */
static bool changes_packets(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_SK_SKB:
		return true;
	default:
		return false;
	}
}

DEFINE_HELPER(kfunc_dynptr_from_skb)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	struct dynptr *dynptr = u64_to_ptr(r3);

	*dynptr = (struct dynptr){0};
	if (r2)
		return helper_error(-EINVAL);
	dynptr_init(dynptr, skb, DYNPTR_TYPE_SKB, skb->len, !changes_packets(run->prog->type));
	return 0;
}

DEFINE_HELPER(kfunc_dynptr_from_xdp)
{
	struct xdp_buff *xdp = u64_to_ptr(r1);
	struct dynptr *dynptr = u64_to_ptr(r3);

	*dynptr = (struct dynptr){0};
	if (r2)
		return helper_error(-EINVAL);
	dynptr_init(dynptr, xdp, DYNPTR_TYPE_XDP, (u32)xdp_len(xdp), false);
	return 0;
}

DEFINE_HELPER(kfunc_dynptr_clone)
{
	const struct dynptr *dynptr = u64_to_ptr(r1);

	*(struct dynptr *)u64_to_ptr(r2) = *dynptr;
	return helper_error(dynptr->data ? 0 : -EINVAL);
}

/* ---- parts ---- */

/* A packet that has become shorter since the dynptr was made has no bytes there any more. */
void *dynptr_slice(const struct dynptr *dynptr, u32 offset, u32 len)
{
	const struct sk_buff *skb = dynptr->data;
	const struct xdp_buff *xdp = dynptr->data;
	u64 at = (u64)dynptr->offset + offset;

	if (!dynptr->data || dynptr_check(dynptr, offset, len))
		return NULL;
	switch (dynptr->type) {
	case DYNPTR_TYPE_SKB:
		return at + len <= skb->len ? skb->data + at : NULL;
	case DYNPTR_TYPE_XDP:
		return xdp_range(xdp, (u32)at, len);
	default:
		return memory(dynptr, offset);
	}
}

/* In place, or copied into the caller's buffer, if there is one, where a packet is in pieces. */
static u64 slice(const struct dynptr *dynptr, u32 offset, void *buffer, u32 len)
{
	void *at = dynptr_slice(dynptr, offset, len);

	if (at || !buffer || !dynptr->data || dynptr->type != DYNPTR_TYPE_XDP ||
	    dynptr_read(dynptr, offset, buffer, len))
		return ptr_to_u64(at);
	return ptr_to_u64(buffer);
}

DEFINE_HELPER(kfunc_dynptr_slice)
{
	return slice(u64_to_ptr(r1), (u32)r2, u64_to_ptr(r3), (u32)r4);
}

DEFINE_HELPER(kfunc_dynptr_slice_rdwr)
{
	const struct dynptr *dynptr = u64_to_ptr(r1);

	return dynptr->rdonly ? 0 : slice(dynptr, (u32)r2, u64_to_ptr(r3), (u32)r4);
}

DEFINE_HELPER(kfunc_dynptr_adjust)
{
	struct dynptr *dynptr = u64_to_ptr(r1);
	u32 start = (u32)r2, end = (u32)r3;

	if (!dynptr->data || start > end)
		return helper_error(-EINVAL);
	if (start > dynptr->size || end > dynptr->size)
		return helper_error(-ERANGE);
	dynptr->offset += start;
	dynptr->size = (end - start) & DYNPTR_MAX_SIZE;
	return 0;
}

DEFINE_HELPER(kfunc_dynptr_is_null)
{
	return !((const struct dynptr *)u64_to_ptr(r1))->data;
}

DEFINE_HELPER(kfunc_dynptr_is_rdonly)
{
	const struct dynptr *dynptr = u64_to_ptr(r1);

	return dynptr->data && dynptr->rdonly;
}

/* As unsigned 32 bits, errors too. */
DEFINE_HELPER(kfunc_dynptr_size)
{
	const struct dynptr *dynptr = u64_to_ptr(r1);

	return dynptr->data ? dynptr->size : (u32)-EINVAL;
}
