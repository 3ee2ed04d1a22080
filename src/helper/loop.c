/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that steer a program's flow. */
#include "helper/functions.h"

DEFINE_HELPER(helper_loop)
{
	u32 n = (u32)r1;

	if (r4)
		return helper_error(-EINVAL);
	if (n > BPF_MAX_LOOPS)
		return helper_error(-E2BIG);
	for (u32 i = 0; i < n; i++) {
		if (run->invoke(run, u64_to_ptr(r2), i, r3, 0, 0, 0))
			return i + 1;
	}
	return n;
}

/* The prepared form has an instruction for it, so that nobody comes here. */
DEFINE_HELPER(helper_tail_call)
{
	return helper_error(-EINVAL);
}
