/* SPDX-License-Identifier: BSD-2-Clause */
/* A copy byte by byte, as programs make them that check each byte's place. */
#include "bench.h"

#define HALF 512

BENCH(copy, PACKET_BYTES, "512 bytes of the packet, one at a time, to a later place in it")
{
	__u8 *from = ctx_data(ctx), *end = ctx_data_end(ctx), *to = from + 1024;
	int i = 0;

	for (; i < HALF; i++, from++, to++) {
		if (to + 1 > end)
			break;
		*to = *from;
	}
	return i;
}
