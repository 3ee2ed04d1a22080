/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of words: how many, the lowest, runs. */
#include "bench.h"

static __always_inline __u64 count_bits(__u64 v)
{
	v -= v >> 1 & 0x5555555555555555;
	v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return v * 0x0101010101010101 >> 56;
}

BENCH(bitmap, PACKET_BYTES, "counts, lowest bits and gaps in 128 words")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 bits = 0, lowest = 0, runs = 0;

	for (int i = 0; i < 128; i++, p += 8) {
		__u64 v;

		if (p + 8 > end)
			break;
		v = *(__u64 *)p;
		bits += count_bits(v);
		lowest += count_bits((v & -v) - 1);
		runs += count_bits(v & ~(v << 1));
	}
	return (int)(bits << 16 ^ lowest << 8 ^ runs);
}
