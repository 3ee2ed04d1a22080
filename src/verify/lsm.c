/* SPDX-License-Identifier: BSD-2-Clause */
/* Security hooks: which there are, and what their programs may do and return. */
#include "verify/attach.h"

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

	if (strncmp(func, prefix, sizeof(prefix) - 1))
		return LSM_UNKNOWN;
	func += sizeof(prefix) - 1;
	for (u32 i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(hooks[i].name, func))
			return hooks[i].flags;
	return LSM_UNKNOWN;
}

bool lsm_ret_range(const struct verifier *v, struct ret_range *range)
{
	if (!v->attach.proto || !v->attach.proto->type)
		return false;
	if (lsm_hook_flags(v->attach.name) & LSM_BOOL)
		*range = (struct ret_range){0, 1};
	else
		*range = (struct ret_range){-MAX_ERRNO, 0};
	return true;
}
