/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in network byte order put together from bytes, as portable C does it. */
#include "bench.h"

static __always_inline __u32 be16(const __u8 *p)
{
	return (__u32)p[0] << 8 | p[1];
}

static __always_inline __u32 be32(const __u8 *p)
{
	return (__u32)p[0] << 24 | (__u32)p[1] << 16 | (__u32)p[2] << 8 | p[3];
}

static __always_inline __u64 be64(const __u8 *p)
{
	return (__u64)be32(p) << 32 | be32(p + 4);
}

static __always_inline __u32 le32(const __u8 *p)
{
	return p[0] | (__u32)p[1] << 8 | (__u32)p[2] << 16 | (__u32)p[3] << 24;
}

BENCH(bytes, PACKET_BYTES, "fields of 2, 4 and 8 bytes, byte by byte")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;

	for (int i = 0; i < 64; i++, p += 20) {
		if (p + 20 > end)
			break;
		sum += be16(p);
		sum ^= be32(p + 2);
		sum += be64(p + 6);
		sum ^= le32(p + 14);
		sum += be16(p + 18);
	}
	return (int)fold(sum);
}
