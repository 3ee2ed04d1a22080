/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on strings and numbers in text. */
#include <string.h>

#include "helper/functions.h"

DEFINE_HELPER(helper_strncmp)
{
	const u8 *a = u64_to_ptr(r1), *b = u64_to_ptr(r3);
	u32 size = (u32)r2;

	for (u32 i = 0; i < size; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? (u64)-1 : 1;
		if (!a[i])
			break;
	}
	return 0;
}

/* Linux looks at no more of a number than this. */
#define NUMBER_TEXT 63

struct number {
	const char *at, *end;
	u64 value;
	bool negative;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static u32 digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : 99;
}

static char char_at(const struct number *n, size_t i)
{
	return (size_t)(n->end - n->at) > i ? n->at[i] : 0;
}

/* Resolves base 0 by the prefix and skips that of base 16. */
static u32 parse_prefix(struct number *n, u32 base)
{
	bool zero = char_at(n, 0) == '0', x = (char_at(n, 1) | 0x20) == 'x';

	if (!base)
		base = !zero ? 10 : x && digit_of(char_at(n, 2)) < 16 ? 16 : 8;
	if (base == 16 && zero && x)
		n->at += 2;
	return base;
}

static int parse_digits(struct number *n, u32 base)
{
	const char *start = n->at;
	bool overflow = false;

	for (; digit_of(char_at(n, 0)) < base; n->at++) {
		overflow |= __builtin_mul_overflow(n->value, (u64)base, &n->value);
		overflow |= __builtin_add_overflow(n->value, (u64)digit_of(*n->at), &n->value);
	}
	if (overflow)
		return -ERANGE;
	return n->at == start ? -EINVAL : 0;
}

/* The number of bytes that the number takes, or a negative errno. */
static long parse_number(const char *buf, u32 size, u64 flags, struct number *n)
{
	u32 base = flags & 0x1f;
	int error;

	*n = (struct number){.at = buf, .end = buf + size};
	if (flags & ~0x1full || (base && base != 8 && base != 10 && base != 16))
		return -EINVAL;
	while (n->at < n->end && is_space(*n->at))
		n->at++;
	n->negative = char_at(n, 0) == '-';
	if (n->negative)
		n->at++;
	if (n->at == n->end)
		return -EINVAL;
	if (n->end - n->at > NUMBER_TEXT)
		n->end = n->at + NUMBER_TEXT;
	base = parse_prefix(n, base);
	error = parse_digits(n, base);
	return error ? error : n->at - buf;
}

DEFINE_HELPER(helper_strtol)
{
	s64 *result = u64_to_ptr(r4);
	struct number n;
	u64 value;
	long len;

	*result = 0;
	len = parse_number(u64_to_ptr(r1), (u32)r2, r3, &n);
	value = n.negative ? 0 - n.value : n.value;
	if (len < 0)
		return (u64)len;
	if (n.negative ? (s64)value > 0 : (s64)value < 0)
		return helper_error(-ERANGE);
	*result = (s64)value;
	return (u64)len;
}

DEFINE_HELPER(helper_strtoul)
{
	u64 *result = u64_to_ptr(r4);
	struct number n;
	long len;

	*result = 0;
	len = parse_number(u64_to_ptr(r1), (u32)r2, r3, &n);
	if (len < 0)
		return (u64)len;
	if (n.negative)
		return helper_error(-EINVAL);
	*result = n.value;
	return (u64)len;
}
