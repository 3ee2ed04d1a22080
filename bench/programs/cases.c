/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch of sixteen cases that do different things. */
#include "bench.h"

static __always_inline __u32 act(__u32 what, __u32 v, __u32 b)
{
	switch (what) {
	case 0:
		return v + b;
	case 1:
		return v - 3 * b;
	case 2:
		return v ^ b << 5;
	case 3:
		return rotate32(v, 7);
	case 4:
		return v * 33;
	case 5:
		return v | b;
	case 6:
		return v & ~b;
	case 7:
		return ~v;
	case 8:
		return v >> 3 ^ b;
	case 9:
		return v + 0x9e3779b9;
	case 10:
		return b - v;
	case 11:
		return v ^ v >> 15;
	case 12:
		return v * b + 1;
	case 13:
		return rotate32(v, 19) + b;
	case 14:
		return v << 1;
	default:
		return v + 1;
	}
}

BENCH(cases, PACKET_BYTES, "128 times one of 16 cases, by bytes of the packet")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 v = 1;

	for (int i = 0; i < 128; i++, p++) {
		if (p + 1 > end)
			break;
		v = act(*p & 15, v, *p >> 4);
	}
	return (int)v;
}
