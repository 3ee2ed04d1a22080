/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of the ring buffer. */
#include "helper/functions.h"
#include "map/ringbuf.h"

#define WAKEUP_FLAGS ((u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))

DEFINE_HELPER(helper_ringbuf_reserve)
{
	return r3 ? 0 : ptr_to_u64(ringbuf_reserve(u64_to_ptr(r1), r2));
}

DEFINE_HELPER(helper_ringbuf_submit)
{
	ringbuf_commit(u64_to_ptr(r1), r2, false);
	return 0;
}

DEFINE_HELPER(helper_ringbuf_discard)
{
	ringbuf_commit(u64_to_ptr(r1), r2, true);
	return 0;
}

DEFINE_HELPER(helper_ringbuf_output)
{
	if (r4 & ~WAKEUP_FLAGS)
		return helper_error(-EINVAL);
	return helper_error(ringbuf_output(u64_to_ptr(r1), u64_to_ptr(r2), r3, r4));
}

DEFINE_HELPER(helper_ringbuf_query)
{
	return ringbuf_query(u64_to_ptr(r1), r2);
}
