/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) in one's complement arithmetic. Sums are
 * 32 bits over memory in host order, not yet folded; a checksum is the
 * folded sum's complement, as it lies in a header. As RFC 1071 section 2(B)
 * shows, byte order does not matter as long as it is the same throughout.
 */
#ifndef ANYBPF_HELPER_CSUM_H
#define ANYBPF_HELPER_CSUM_H

#include <string.h>

#include "base/bytes.h"

static inline u32 csum_add(u32 a, u32 b)
{
	u32 sum = a + b;

	return sum + (sum < b);
}

static inline u32 csum_sub(u32 a, u32 b)
{
	return csum_add(a, ~b);
}

static inline u16 csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* Adds the sum of @len bytes to @sum. */
static inline u32 csum_bytes(const void *data, size_t len, u32 sum)
{
	const u8 *p = data;
	u64 total = sum;

	for (; len >= 4; len -= 4, p += 4)
		total += get_u32(p);
	if (len) {
		u32 rest = 0;

		memcpy(&rest, p, len);
		total += rest;
	}
	total = (total & 0xffffffff) + (total >> 32);
	return (u32)((total & 0xffffffff) + (total >> 32));
}

/* The sum of a block as it counts at @offset of a larger one: rotated when that is odd. */
static inline u32 csum_shift(u32 sum, size_t offset)
{
	return offset % 2 ? sum << 24 | sum >> 8 : sum;
}

#endif
