/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of ring buffers, of both directions. */
#include "helper/dynptr.h"
#include "helper/functions.h"
#include "map/ringbuf.h"
#include "map/user_ringbuf.h"

#define WAKEUP_FLAGS ((u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))

static void drop_record(struct run *run __unused, void *record)
{
	ringbuf_commit(record, BPF_RB_NO_WAKEUP, true);
}

static void *reserve(struct run *run, struct map *map, u64 size)
{
	void *record = ringbuf_reserve(map, size);

	if (record && !budget_hold(run, record, drop_record)) {
		drop_record(run, record);
		return NULL;
	}
	return record;
}

static void commit(struct run *run, void *record, u64 flags, bool discard)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, record);
	ringbuf_commit(record, flags, discard);
}

DEFINE_HELPER(helper_ringbuf_reserve)
{
	return r3 ? 0 : ptr_to_u64(reserve(run, u64_to_ptr(r1), r2));
}

DEFINE_HELPER(helper_ringbuf_submit)
{
	commit(run, u64_to_ptr(r1), r2, false);
	return 0;
}

DEFINE_HELPER(helper_ringbuf_discard)
{
	commit(run, u64_to_ptr(r1), r2, true);
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

/* ---- records as dynptrs ---- */

DEFINE_HELPER(helper_ringbuf_reserve_dynptr)
{
	struct dynptr *dynptr = u64_to_ptr(r4);
	u32 size = (u32)r2;
	void *record = NULL;
	int error = 0;

	*dynptr = (struct dynptr){0};
	if (r3)
		error = -EINVAL;
	else if (size > DYNPTR_MAX_SIZE)
		error = -E2BIG;
	else if (!(record = reserve(run, u64_to_ptr(r1), size)))
		error = -EINVAL;
	else
		dynptr_init(dynptr, record, DYNPTR_TYPE_RINGBUF, size, false);
	return helper_error(error);
}

static void commit_dynptr(struct run *run, struct dynptr *dynptr, u64 flags, bool discard)
{
	if (dynptr->data)
		commit(run, dynptr->data, flags, discard);
	*dynptr = (struct dynptr){0};
}

DEFINE_HELPER(helper_ringbuf_submit_dynptr)
{
	commit_dynptr(run, u64_to_ptr(r1), r2, false);
	return 0;
}

DEFINE_HELPER(helper_ringbuf_discard_dynptr)
{
	commit_dynptr(run, u64_to_ptr(r1), r2, true);
	return 0;
}

/* ---- samples of user space ---- */

struct drain {
	struct run *run;
	const struct subprog *fn;
	u64 ctx;
};

static long drain_call(void *arg, void *data, u32 size)
{
	const struct drain *drain = arg;
	struct dynptr dynptr;

	dynptr_init(&dynptr, data, DYNPTR_TYPE_LOCAL, size, false);
	return (long)drain->run->invoke(drain->run, drain->fn, ptr_to_u64(&dynptr), drain->ctx, 0,
					0, 0);
}

DEFINE_HELPER(helper_user_ringbuf_drain)
{
	struct drain drain = {run, u64_to_ptr(r2), r3};

	return (u64)user_ringbuf_drain(u64_to_ptr(r1), r4, drain_call, &drain);
}
