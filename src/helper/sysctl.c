/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on the kernel parameter that a task of a control group reads or writes. */
#include "helper/sysctl.h"

#include <string.h>

#include "helper/functions.h"

DEFINE_HELPER(helper_sysctl_get_name)
{
	const struct sysctl *sysctl = u64_to_ptr(r1);
	const char *name = sysctl->name ? sysctl->name : "";
	const char *slash = strrchr(name, '/');
	char *buf = u64_to_ptr(r2);
	u32 size = (u32)r3;
	size_t len;

	if (!buf)
		return helper_error(-EINVAL);
	if (r4 & BPF_F_SYSCTL_BASE_NAME && slash)
		name = slash + 1;
	len = strlen(name);
	if (!size)
		return helper_error(-E2BIG);
	if (len >= size) {
		memcpy(buf, name, size - 1);
		buf[size - 1] = 0;
		return helper_error(-E2BIG);
	}
	memcpy(buf, name, len + 1);
	return len;
}

/* The value with zeros behind it; of one that does not fit, its beginning. */
static u64 copy_value(char *buf, u32 size, const char *value, u32 len)
{
	if (!buf)
		return helper_error(-EINVAL);
	if (!size)
		return helper_error(-E2BIG);
	memset(buf, 0, size);
	if (!value || !len)
		return helper_error(-EINVAL);
	memcpy(buf, value, len < size ? len : size - 1);
	return len < size ? len : helper_error(-E2BIG);
}

DEFINE_HELPER(helper_sysctl_get_current_value)
{
	const struct sysctl *sysctl = u64_to_ptr(r1);

	return copy_value(u64_to_ptr(r2), (u32)r3, sysctl->current, sysctl->current_len);
}

DEFINE_HELPER(helper_sysctl_get_new_value)
{
	const struct sysctl *sysctl = u64_to_ptr(r1);

	return copy_value(u64_to_ptr(r2), (u32)r3, sysctl->view.write ? sysctl->fresh : NULL,
			  sysctl->fresh_len);
}

DEFINE_HELPER(helper_sysctl_set_new_value)
{
	struct sysctl *sysctl = u64_to_ptr(r1);
	u32 size = (u32)r3;

	if (!sysctl->view.write || !sysctl->fresh_len || !r2 || !size)
		return helper_error(-EINVAL);
	if (size > SYSCTL_VALUE_MAX)
		return helper_error(-E2BIG);
	memcpy(sysctl->fresh, u64_to_ptr(r2), size);
	sysctl->fresh[size] = 0;
	sysctl->fresh_len = size;
	return 0;
}
