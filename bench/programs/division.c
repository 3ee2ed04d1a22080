/* SPDX-License-Identifier: BSD-2-Clause */
/* Division and remainder, by constants and by what is not known before. */
#include "bench.h"

BENCH(division, PACKET_BYTES, "by 10, 1000, 7 and 86,400, and by variables, 64 times")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;

	for (int i = 0; i < 64; i++, p += 16) {
		__u64 wide;
		__u32 small;

		if (p + 16 > end)
			break;
		wide = *(__u64 *)p;
		small = *(__u32 *)(p + 8);
		sum += wide / 1000 + wide % 10;
		sum ^= small / 7 + small % 86400;
		sum += small / (p[12] | 1u);
		sum ^= (wide >> 16) % (p[13] | 256u);
	}
	return (int)fold(sum);
}
