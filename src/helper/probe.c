/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading memory that may not be there. A program's addresses are the
 * process's own; the environment's read_memory() answers for all of them, so
 * that "user" and "kernel" reads differ in nothing but their numbers.
 */
#include <errno.h>
#include <string.h>

#include "helper/probe.h"

#define USER_END (BIT_ULL(47) - 4096)

static u64 probe_read(struct run *run, void *dst, u32 size, u64 addr)
{
	const struct environment *env = &run->host->env;
	int error = size ? env->read_memory(env->ctx, dst, addr, size) : 0;

	if (error)
		memset(dst, 0, size);
	return helper_error(error);
}

DEFINE_HELPER(helper_probe_read_user)
{
	/* Not even nothing may be read where no process has memory. */
	if (!(u32)r2 && r3 >= USER_END)
		return helper_error(-EFAULT);
	return probe_read(run, u64_to_ptr(r1), (u32)r2, r3);
}

DEFINE_HELPER(helper_probe_read_kernel)
{
	return probe_read(run, u64_to_ptr(r1), (u32)r2, r3);
}

/* Bytes up to the next border of 64, which no page border can lie inside. */
static size_t chunk_at(u64 addr, size_t left)
{
	return (size_t)u64_min(64 - addr % 64, left);
}

long probe_read_str(const struct environment *env, char *dst, size_t size, u64 addr)
{
	size_t len = 0;
	char chunk[64];

	if (!size)
		return 0;
	while (len < size) {
		size_t n = chunk_at(addr + len, size - len);
		int error = env->read_memory(env->ctx, chunk, addr + len, n);
		char *end;

		if (error)
			return error;
		/* Nothing of what lies behind the string may be seen. */
		end = memchr(chunk, 0, n);
		if (end)
			n = (size_t)(end - chunk) + 1;
		memcpy(dst + len, chunk, n);
		len += n;
		if (end)
			return (long)len;
	}
	dst[size - 1] = 0;
	return (long)size;
}

static u64 probe_read_string(struct run *run, char *dst, u32 size, u64 addr)
{
	long n = probe_read_str(&run->host->env, dst, size, addr);

	if (n < 0)
		memset(dst, 0, size);
	return (u64)n;
}

/* Linux copies words: the last one, where it fits, has zeros behind the string's end. */
static void zero_word(char *dst, u64 len, u32 size)
{
	u64 end = ROUND_UP(len, sizeof(u64));

	if (end <= size)
		memset(dst + len, 0, end - len);
}

DEFINE_HELPER(helper_probe_read_user_str)
{
	char *dst = u64_to_ptr(r1);
	u64 len = probe_read_string(run, dst, (u32)r2, r3);

	if ((s64)len > 0)
		zero_word(dst, len, (u32)r2);
	return len;
}

DEFINE_HELPER(helper_probe_read_kernel_str)
{
	return probe_read_string(run, u64_to_ptr(r1), (u32)r2, r3);
}
