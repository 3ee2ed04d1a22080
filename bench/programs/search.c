/* SPDX-License-Identifier: BSD-2-Clause */
/* Binary search: branches that nobody can foretell. */
#include "bench.h"

#define TABLE 1024
#define STEPS 10

static __u32 table[TABLE];

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
	__u32 sum = 0;

	for (int i = 0; i < 16; i++, p += 4) {
		if (p + 4 > end)
			break;
		sum = sum * 31 + find(*(__u32 *)p & 0x3fffffff);
	}
	return (int)sum;
}
