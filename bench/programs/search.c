/* SPDX-License-Identifier: BSD-2-Clause */
/* Binary search: branches that nobody can foretell. */
#include "bench.h"

#define TABLE 1024
#define STEPS 10

static __u32 table[TABLE], seed;

SETUP(search)
{
	__u32 value = 17;

	for (__u32 i = 0; i < TABLE; i++) {
		table[i] = value;
		value += 1 + (i * 2654435761u >> 11);
	}
	return 0;
}

static __always_inline __u32 find(__u32 key)
{
	__u32 low = 0;

	for (__u32 step = TABLE / 2; step; step >>= 1) {
		__u32 middle = low + step;

		if (table[middle & (TABLE - 1)] <= key)
			low = middle;
	}
	return low;
}

BENCH(search, PACKET_BYTES, "16 binary searches in 1,024 numbers")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0, noise = seed * 1664525 + 1013904223;

	seed = noise;
	for (int i = 0; i < 16; i++, p += 4) {
		if (p + 4 > end)
			break;
		noise = noise * 69069 + *(__u32 *)p;
		sum = sum * 31 + find(noise >> 2);
	}
	return (int)sum;
}
