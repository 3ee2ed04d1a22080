/* SPDX-License-Identifier: BSD-2-Clause */
/* A sorting network: sixteen numbers, more than there are registers. */
#include "bench.h"

static __always_inline void order(__u32 *a, __u32 *b)
{
	__u32 low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;

	*a = low;
	*b = high;
}

#define SWAP(a, b) order(&v##a, &v##b)

/* Other numbers in every run. */
#define IN(i) (in[i] * noise)

static __u32 seed;

/* Batcher's odd-even merge sort, 63 comparisons. */
static __always_inline __u64 sort16(const __u32 *in, __u32 noise)
{
	__u32 v0 = IN(0), v1 = IN(1), v2 = IN(2), v3 = IN(3), v4 = IN(4), v5 = IN(5);
	__u32 v6 = IN(6), v7 = IN(7), v8 = IN(8), v9 = IN(9), v10 = IN(10), v11 = IN(11);
	__u32 v12 = IN(12), v13 = IN(13), v14 = IN(14), v15 = IN(15);

	SWAP(0, 1), SWAP(2, 3), SWAP(4, 5), SWAP(6, 7);
	SWAP(8, 9), SWAP(10, 11), SWAP(12, 13), SWAP(14, 15);
	SWAP(0, 2), SWAP(1, 3), SWAP(4, 6), SWAP(5, 7);
	SWAP(8, 10), SWAP(9, 11), SWAP(12, 14), SWAP(13, 15);
	SWAP(1, 2), SWAP(5, 6), SWAP(9, 10), SWAP(13, 14);
	SWAP(0, 4), SWAP(1, 5), SWAP(2, 6), SWAP(3, 7);
	SWAP(8, 12), SWAP(9, 13), SWAP(10, 14), SWAP(11, 15);
	SWAP(2, 4), SWAP(3, 5), SWAP(10, 12), SWAP(11, 13);
	SWAP(1, 2), SWAP(3, 4), SWAP(5, 6), SWAP(9, 10), SWAP(11, 12), SWAP(13, 14);
	SWAP(0, 8), SWAP(1, 9), SWAP(2, 10), SWAP(3, 11);
	SWAP(4, 12), SWAP(5, 13), SWAP(6, 14), SWAP(7, 15);
	SWAP(4, 8), SWAP(5, 9), SWAP(6, 10), SWAP(7, 11);
	SWAP(2, 4), SWAP(3, 5), SWAP(6, 8), SWAP(7, 9), SWAP(10, 12), SWAP(11, 13);
	SWAP(1, 2), SWAP(3, 4), SWAP(5, 6), SWAP(7, 8), SWAP(9, 10), SWAP(11, 12), SWAP(13, 14);
	return (__u64)v0 + 3ull * v1 + 5ull * v2 + 7ull * v3 + 11ull * v4 + 13ull * v5 +
	       17ull * v6 + 19ull * v7 + 23ull * v8 + 29ull * v9 + 31ull * v10 + 37ull * v11 +
	       41ull * v12 + 43ull * v13 + 47ull * v14 + 53ull * v15;
}

BENCH(sort, PACKET_BYTES, "16 numbers by a network of 63 comparisons, 8 times")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;
	__u32 noise = seed * 1664525 + 1013904223;

	seed = noise;
	noise |= 1;
	for (int i = 0; i < 8; i++, p += 64) {
		if (p + 64 > end)
			break;
		sum = sum * 31 + sort16((__u32 *)p, noise);
	}
	return (int)fold(sum);
}
