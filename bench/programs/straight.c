/* SPDX-License-Identifier: BSD-2-Clause */
/* A thousand instructions in a row: no loop, no branch, more values than registers. */
#include "bench.h"

#define STEP8(k)                                                                                   \
	a += b ^ (k)*0x9e3779b1u;                                                                  \
	b = (b << 5 | b >> 59) + c;                                                                \
	c ^= d - (k);                                                                              \
	d = d * 0x85ebca6b + e;                                                                    \
	e += f >> 3;                                                                               \
	f ^= (f << 7) + g;                                                                         \
	g -= h & ~a;                                                                               \
	h = (h | 1) * 5 + (__u32)a
#define STEP64(k)                                                                                  \
	STEP8(k + 1);                                                                              \
	STEP8(k + 2);                                                                              \
	STEP8(k + 3);                                                                              \
	STEP8(k + 4);                                                                              \
	STEP8(k + 5);                                                                              \
	STEP8(k + 6);                                                                              \
	STEP8(k + 7);                                                                              \
	STEP8(k + 8)

BENCH(straight, PACKET_BYTES, "1,000 instructions without a branch")
{
	__u64 *p = (__u64 *)ctx_data(ctx), a, b, c, d, e, f, g, h;

	if ((__u8 *)(p + 8) > ctx_data_end(ctx))
		return 0;
	a = p[0], b = p[1], c = p[2], d = p[3], e = p[4], f = p[5], g = p[6], h = p[7];
	STEP64(0);
	STEP64(100);
	STEP64(200);
	STEP64(300);
	STEP64(400);
	return (int)fold(a ^ b ^ c ^ d ^ e ^ f ^ g ^ h);
}
