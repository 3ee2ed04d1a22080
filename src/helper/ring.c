/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of the ring buffer. */
#include "helper/functions.h"
#include "map/ringbuf.h"

#define WAKEUP_FLAGS ((u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))

DEFINE_HELPER(helper_ringbuf_reserve)
{
	void *record = r3 ? NULL : ringbuf_reserve(u64_to_ptr(r1), r2);

	if (unlikely(run->budget.limited) && record && !budget_hold(run, record)) {
		ringbuf_commit(record, BPF_RB_NO_WAKEUP, true);
		return 0;
	}
	return ptr_to_u64(record);
}

DEFINE_HELPER(helper_ringbuf_submit)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, u64_to_ptr(r1));
	ringbuf_commit(u64_to_ptr(r1), r2, false);
	return 0;
}

DEFINE_HELPER(helper_ringbuf_discard)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, u64_to_ptr(r1));
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
