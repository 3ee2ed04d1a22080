/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask of a machine that a process has not: performance counters,
 * records of branches, integrity measurements, functions to be skipped. The
 * answers are Linux's where it has none of them either.
 */
#include <string.h>

#include "helper/functions.h"

#define BRANCH_RECORDS_SIZE 1u /* BPF_F_GET_BRANCH_RECORDS_SIZE */

/* No element of a perf event array is a counter. */
static int read_counter(const struct run *run, const struct map *map, u64 flags)
{
	u64 index = flags & BPF_F_INDEX_MASK;

	if (flags & ~(u64)BPF_F_INDEX_MASK)
		return -EINVAL;
	if (index == BPF_F_CURRENT_CPU)
		index = run->cpu;
	return index >= map->desc.max_entries ? -E2BIG : -ENOENT;
}

DEFINE_HELPER(helper_perf_event_read)
{
	return helper_error(read_counter(run, u64_to_ptr(r1), r2));
}

DEFINE_HELPER(helper_perf_event_read_value)
{
	u32 size = (u32)r4;

	memset(u64_to_ptr(r3), 0, size);
	if (size != sizeof(struct bpf_perf_event_value))
		return helper_error(-EINVAL);
	return helper_error(read_counter(run, u64_to_ptr(r1), r2));
}

/* A program that runs on a context of a test belongs to no event. */
DEFINE_HELPER(helper_perf_prog_read_value)
{
	u32 size = (u32)r3;

	memset(u64_to_ptr(r2), 0, size);
	return helper_error(size == sizeof(struct bpf_perf_event_value) ? -EOPNOTSUPP : -EINVAL);
}

DEFINE_HELPER(helper_read_branch_records)
{
	return helper_error(r4 & ~(u64)BRANCH_RECORDS_SIZE ? -EINVAL : -ENOENT);
}

/* Its flags are in a register that the prototype leaves out: they may be anything. */
DEFINE_HELPER(helper_get_branch_snapshot)
{
	return helper_error(-ENOENT);
}

/* Nothing is measured: what Linux says without CONFIG_IMA. */
DEFINE_HELPER(helper_ima_hash)
{
	memset(u64_to_ptr(r2), 0, (u32)r3);
	return helper_error(-EOPNOTSUPP);
}

/* A probe sees a call and cannot keep it from happening. */
DEFINE_HELPER(helper_override_return)
{
	return helper_error(-EOPNOTSUPP);
}
