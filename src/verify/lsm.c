/* SPDX-License-Identifier: BSD-2-Clause */
/* Security hooks: which there are, and what their programs may do and return. */
#include <string.h>

#include "verify/lsm.h"

#define MAX_ERRNO 4095

static const struct {
	const char *name;
	u32 flags;
} hooks[] = {
#define LSM(name, flags) {#name, flags},
#include "verify/lsm.def"
#undef LSM
};

u32 lsm_hook_flags(const char *func)
{
	static const char prefix[] = "bpf_lsm_";

	if (!func || strncmp(func, prefix, sizeof(prefix) - 1))
		return LSM_UNKNOWN;
	func += sizeof(prefix) - 1;
	for (u32 i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(hooks[i].name, func))
			return hooks[i].flags;
	return LSM_UNKNOWN;
}

struct ret_range lsm_hook_range(const char *func)
{
	if (lsm_hook_flags(func) & LSM_BOOL)
		return (struct ret_range){0, 1};
	return (struct ret_range){-MAX_ERRNO, 0};
}
