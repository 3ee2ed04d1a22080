/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers for time, random numbers and the place of execution, all from the host's environment. */
#include <time.h>

#include "helper/functions.h"

static u64 clock_ns(const struct run *run, int clock)
{
	const struct environment *env = &run->host->env;

	return env->clock_ns(env->ctx, clock);
}

DEFINE_HELPER(helper_ktime_get_ns)
{
	return clock_ns(run, CLOCK_MONOTONIC);
}

DEFINE_HELPER(helper_ktime_get_boot_ns)
{
	return clock_ns(run, CLOCK_BOOTTIME);
}

DEFINE_HELPER(helper_ktime_get_coarse_ns)
{
	return clock_ns(run, CLOCK_MONOTONIC_COARSE);
}

DEFINE_HELPER(helper_ktime_get_tai_ns)
{
	return clock_ns(run, CLOCK_TAI);
}

/* 250 per second, Debian's; they start five minutes before the 32-bit counter wraps, as Linux's. */
#define JIFFIES_HZ	250u
#define JIFFIES_INITIAL ((u32)(-300 * (s32)JIFFIES_HZ))

DEFINE_HELPER(helper_jiffies64)
{
	return JIFFIES_INITIAL + clock_ns(run, CLOCK_MONOTONIC) / (1000000000u / JIFFIES_HZ);
}

DEFINE_HELPER(helper_get_prandom_u32)
{
	const struct environment *env = &run->host->env;

	return env->random_u32(env->ctx);
}

DEFINE_HELPER(helper_get_smp_processor_id)
{
	return run->cpu;
}

/* The host is one node: its CPUs are slots without a place in the machine. */
DEFINE_HELPER(helper_get_numa_node_id)
{
	return 0;
}
