/* SPDX-License-Identifier: BSD-2-Clause */
/* A ladder of checks, each before a small load: what parsers of options look like. */
#include "bench.h"

#define RUNG                                                                                       \
	if (p + 4 > end)                                                                           \
		return (int)sum;                                                                   \
	sum += *(__u16 *)p;                                                                        \
	sum ^= (__u32)p[2] << 3;                                                                   \
	p += 4;
#define RUNGS RUNG RUNG RUNG RUNG RUNG RUNG RUNG RUNG

BENCH(bounds, PACKET_BYTES, "64 checks of bounds, each before 4 bytes")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0;

	RUNGS RUNGS RUNGS RUNGS RUNGS RUNGS RUNGS RUNGS return (int)sum + 1;
}
