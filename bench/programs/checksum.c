/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071), one 16-bit word at a time as programs for Linux write it. */
#include "bench.h"

BENCH(checksum, PACKET_BYTES, "RFC 1071 over 1480 bytes, by words of 16 bits")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0;

	for (int i = 0; i < 740; i++, p += 2) {
		if (p + 2 > end)
			break;
		sum += *(__u16 *)p;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (int)(~sum & 0xffff);
}
