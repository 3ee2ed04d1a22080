/* SPDX-License-Identifier: BSD-2-Clause */
/* Generators of random numbers: 64 and 32-bit arithmetic, where each step needs the one before. */
#include "bench.h"

#define STEPS 128

BENCH(arith, PACKET_BYTES, "xorshift, LCG and a multiply-with-carry, 128 steps")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 x, lcg, carry = 1;
	__u32 small;

	if (p + 24 > end)
		return 0;
	x = ((__u64 *)p)[0];
	lcg = ((__u64 *)p)[1];
	small = ((__u32 *)p)[4];
	for (int i = 0; i < STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		lcg = lcg * 6364136223846793005 + 1442695040888963407;
		carry += (__u64)small * 4294957665;
		small = (__u32)carry;
		carry >>= 32;
		small ^= (__u32)(x + (lcg >> 33));
	}
	return (int)fold(x ^ lcg ^ small);
}
