/* SPDX-License-Identifier: BSD-2-Clause */
/* Bob Jenkins' lookup3 over words, as flow tables and load balancers use it. */
#include "bench.h"
#include "jhash.h"

#define BLOCK 12 /* words */

BENCH(jhash, PACKET_BYTES, "lookup3 over blocks of 12 words")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 hash = 0;

	for (int i = 0; i < 40; i++, p += BLOCK * 4) {
		if (p + BLOCK * 4 > end)
			break;
		hash = jhash_words((__u32 *)p, BLOCK, hash);
	}
	return (int)hash;
}
