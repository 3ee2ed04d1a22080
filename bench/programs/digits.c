/* SPDX-License-Identifier: BSD-2-Clause */
/* Decimal numbers in text, by a byte at a time. */
#include "bench.h"

BENCH(digits, PACKET_TEXT, "adds the decimal numbers in 512 bytes of text")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0, value = 0;
	__u32 numbers = 0, inside = 0;

	for (int i = 0; i < 512; i++, p++) {
		__u32 digit;

		if (p + 1 > end)
			break;
		digit = *p - '0';
		if (digit < 10) {
			value = value * 10 + digit;
			inside = 1;
			continue;
		}
		numbers += inside;
		sum += value;
		value = 0;
		inside = 0;
	}
	return (int)fold(sum * 31 + numbers);
}
