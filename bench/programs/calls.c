/* SPDX-License-Identifier: BSD-2-Clause */
/* Small functions that are not inlined, three deep. */
#include "bench.h"

static __noinline __u64 mix(__u64 a, __u64 b)
{
	a ^= b >> 29;
	return a * 0x9e3779b97f4a7c15;
}

static __noinline __u64 step(__u64 a, __u64 b, __u32 i)
{
	return mix(a + i, b) + mix(b, a);
}

static __noinline __u32 choose(__u64 v, __u32 i)
{
	return i & 1 ? (__u32)(v >> 32) : (__u32)step(v, i, 3);
}

BENCH(calls, PACKET_BYTES, "some 230 calls of small functions")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 1;

	for (__u32 i = 0; i < 32; i++, p += 8) {
		if (p + 8 > end)
			break;
		sum = step(sum, *(__u64 *)p, i);
		sum += choose(sum, i);
	}
	return (int)fold(sum);
}
