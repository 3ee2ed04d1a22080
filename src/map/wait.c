/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping until a producer says that there is something; see types.h. */
#include <time.h>

#include "map/types.h"

void map_wait_begin(struct map_wait *wait, _Atomic u32 *wakeups, _Atomic u32 *waiters,
		    int timeout_ms)
{
	*wait = (struct map_wait){
		.wakeups = wakeups,
		.waiters = waiters,
		.timeout_ms = timeout_ms,
		.start_ns = os_clock_ns(CLOCK_MONOTONIC),
	};
	atomic_fetch_add(waiters, 1);
}

void map_wait_look(struct map_wait *wait)
{
	wait->seen = atomic_load(wait->wakeups);
}

bool map_wait_sleep(struct map_wait *wait)
{
	u64 ms = (os_clock_ns(CLOCK_MONOTONIC) - wait->start_ns) / 1000000;
	int left = wait->timeout_ms;

	if (left >= 0) {
		if (ms >= (u64)left)
			return false;
		left -= (int)ms;
	}
	if (wait->look_each_ms && (left < 0 || left > wait->look_each_ms))
		left = wait->look_each_ms;
	os_wait(wait->wakeups, wait->seen, left);
	return true;
}

void map_wait_end(struct map_wait *wait)
{
	atomic_fetch_sub(wait->waiters, 1);
}
