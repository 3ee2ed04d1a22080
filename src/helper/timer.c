/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of timers, and kernel functions of work queues, which are timers that are due at once. */
#include <time.h>

#include "helper/kfunc_functions.h"
#include "object/timer.h"

#define MAX_CLOCKS 16

static u64 init(struct map *map, u64 field_at, enum btf_field_kind field_kind, enum async_kind kind,
		int clock)
{
	const struct btf_field *field = btf_fields_kind(&map->fields, field_kind);
	u8 *value = (u8 *)u64_to_ptr(field_at) - field->offset;
	u32 index;
	const void *key = map->ops->key_of(map, value, &index);

	return helper_error(async_init(u64_to_ptr(field_at), &map->obj, value, key,
				       map->desc.key_size, kind, clock));
}

DEFINE_HELPER(helper_timer_init)
{
	int clock = (int)(r3 & (MAX_CLOCKS - 1));

	if (r3 >= MAX_CLOCKS ||
	    (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return helper_error(-EINVAL);
	return init(u64_to_ptr(r2), r1, BTF_FIELD_TIMER, ASYNC_TIMER, clock);
}

DEFINE_HELPER(helper_timer_set_callback)
{
	return helper_error(async_set_callback(u64_to_ptr(r1), run, u64_to_ptr(r2)));
}

DEFINE_HELPER(helper_timer_start)
{
	if (r3 & ~(u64)(BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN))
		return helper_error(-EINVAL);
	return helper_error(async_start(run->host, u64_to_ptr(r1), r2, r3 & BPF_F_TIMER_ABS));
}

DEFINE_HELPER(helper_timer_cancel)
{
	return helper_error(async_cancel(run->host, u64_to_ptr(r1)));
}

DEFINE_HELPER(kfunc_wq_init)
{
	if (r3)
		return helper_error(-EINVAL);
	return init(u64_to_ptr(r2), r1, BTF_FIELD_WORKQUEUE, ASYNC_WORK, CLOCK_MONOTONIC);
}

DEFINE_HELPER(kfunc_wq_set_callback)
{
	if (r3)
		return helper_error(-EINVAL);
	return helper_error(async_set_callback(u64_to_ptr(r1), run, u64_to_ptr(r2)));
}

DEFINE_HELPER(kfunc_wq_start)
{
	if (r2)
		return helper_error(-EINVAL);
	return helper_error(async_start(run->host, u64_to_ptr(r1), 0, false));
}
