/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers of programs that are attached to control groups, and on the groups of tasks. */
#include "helper/functions.h"
#include "map/cgroup_storage.h"

/* The verifier knows that the flags are 0. */
DEFINE_HELPER(helper_get_local_storage)
{
	return ptr_to_u64(cgroup_storage_value(u64_to_ptr(r1), run->storages, run->cpu));
}

DEFINE_HELPER(helper_get_retval)
{
	return helper_error(run->retval);
}

DEFINE_HELPER(helper_set_retval)
{
	run->retval = (s32)r1;
	return 0;
}
