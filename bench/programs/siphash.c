/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 (Aumasson and Bernstein, 2012), as tables use it that strangers may fill. */
#include "bench.h"

#define ROUND(v0, v1, v2, v3)                                                                      \
	do {                                                                                       \
		v0 += v1, v1 = rotate64(v1, 13), v1 ^= v0, v0 = rotate64(v0, 32);                  \
		v2 += v3, v3 = rotate64(v3, 16), v3 ^= v2;                                         \
		v0 += v3, v3 = rotate64(v3, 21), v3 ^= v0;                                         \
		v2 += v1, v1 = rotate64(v1, 17), v1 ^= v2, v2 = rotate64(v2, 32);                  \
	} while (0)

BENCH(siphash, PACKET_BYTES, "SipHash-2-4 over 1 KB")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 v0 = 0x736f6d6570736575 ^ 0x0706050403020100;
	__u64 v1 = 0x646f72616e646f6d ^ 0x0f0e0d0c0b0a0908;
	__u64 v2 = 0x6c7967656e657261 ^ 0x0706050403020100;
	__u64 v3 = 0x7465646279746573 ^ 0x0f0e0d0c0b0a0908;
	__u64 last = 128ull << 56;

	for (int i = 0; i < 128; i++, p += 8) {
		__u64 m;

		if (p + 8 > end)
			break;
		m = *(__u64 *)p;
		v3 ^= m;
		ROUND(v0, v1, v2, v3);
		ROUND(v0, v1, v2, v3);
		v0 ^= m;
	}
	v3 ^= last;
	ROUND(v0, v1, v2, v3);
	ROUND(v0, v1, v2, v3);
	v0 ^= last;
	v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		ROUND(v0, v1, v2, v3);
	return (int)fold(v0 ^ v1 ^ v2 ^ v3);
}
