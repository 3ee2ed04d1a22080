/* SPDX-License-Identifier: BSD-2-Clause */
/* Text, character by character: cases, words, a search for a short string. */
#include "bench.h"

#define TEXT 512

static __always_inline __u8 lower(__u8 c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

BENCH(strings, PACKET_TEXT, "lower case, words, lines and a hash of 512 characters")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 words = 0, lines = 0, found = 0, hash = 2166136261, in_word = 0, last = 0;

	for (int i = 0; i < TEXT; i++, p++) {
		__u32 c;

		if (p + 1 > end)
			break;
		c = lower(*p);
		hash = (hash ^ c) * 16777619;
		if (c == '\n')
			lines++;
		if (c == ' ' || c == '\n') {
			words += in_word;
			in_word = 0;
		} else {
			in_word = 1;
		}
		found += last == 't' && c == 'h';
		last = c;
	}
	return (int)(hash ^ words << 16 ^ lines << 8 ^ found);
}
