/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that print: to the environment's trace or into memory of the program. */
#include "helper/format.h"

static u64 trace(struct run *run, u64 fmt, u64 fmt_size, const void *args, u32 arg_cnt)
{
	const struct environment *env = &run->host->env;
	char text[FORMAT_MAX_TEXT];
	long len =
		format_text(run, text, sizeof(text), u64_to_ptr(fmt), (u32)fmt_size, args, arg_cnt);

	if (len >= 0)
		env->printk(env->ctx, text, (size_t)u64_min((u64)len, sizeof(text) - 1));
	return (u64)len;
}

DEFINE_HELPER(helper_trace_printk)
{
	u64 args[] = {r3, r4, r5};

	return trace(run, r1, r2, args, ARRAY_SIZE(args));
}

/* Bytes of arguments of the "v" forms: whole words, none without a pointer. */
static bool args_valid(u64 args, u32 size)
{
	return size % sizeof(u64) == 0 && size <= FORMAT_MAX_ARGS * sizeof(u64) && (args || !size);
}

DEFINE_HELPER(helper_trace_vprintk)
{
	u32 size = (u32)r4;

	if (!args_valid(r3, size))
		return helper_error(-EINVAL);
	return trace(run, r1, r2, u64_to_ptr(r3), size / (u32)sizeof(u64));
}

DEFINE_HELPER(helper_snprintf)
{
	const char *fmt = u64_to_ptr(r3);
	u32 size = (u32)r5;
	long len;

	if (!args_valid(r4, size))
		return helper_error(-EINVAL);
	/* A constant string: the verifier saw its end. */
	len = format_text(run, u64_to_ptr(r1), (u32)r2, fmt, SIZE_MAX / 2, u64_to_ptr(r4),
			  size / (u32)sizeof(u64));
	return len < 0 ? (u64)len : (u64)len + 1;
}
