/* SPDX-License-Identifier: BSD-2-Clause */
/* Bob Jenkins' lookup3 (public domain, 2006) of whole words. */
#ifndef ANYBPF_BENCH_JHASH_H
#define ANYBPF_BENCH_JHASH_H

#include "bench.h"

#define JHASH_START 0xdeadbeef

#define JHASH_MIX(a, b, c)                                                                         \
	do {                                                                                       \
		a -= c, a ^= rotate32(c, 4), c += b;                                               \
		b -= a, b ^= rotate32(a, 6), a += c;                                               \
		c -= b, c ^= rotate32(b, 8), b += a;                                               \
		a -= c, a ^= rotate32(c, 16), c += b;                                              \
		b -= a, b ^= rotate32(a, 19), a += c;                                              \
		c -= b, c ^= rotate32(b, 4), b += a;                                               \
	} while (0)

#define JHASH_FINAL(a, b, c)                                                                       \
	do {                                                                                       \
		c ^= b, c -= rotate32(b, 14);                                                      \
		a ^= c, a -= rotate32(c, 11);                                                      \
		b ^= a, b -= rotate32(a, 25);                                                      \
		c ^= b, c -= rotate32(b, 16);                                                      \
		a ^= c, a -= rotate32(c, 4);                                                       \
		b ^= a, b -= rotate32(a, 14);                                                      \
		c ^= b, c -= rotate32(b, 24);                                                      \
	} while (0)

/* @n is a constant, and a multiple of 3. */
static __always_inline __u32 jhash_words(const __u32 *words, __u32 n, __u32 seed)
{
	__u32 a, b, c;

	a = b = c = JHASH_START + (n << 2) + seed;
	for (__u32 i = 0; i < n - 3; i += 3) {
		a += words[i];
		b += words[i + 1];
		c += words[i + 2];
		JHASH_MIX(a, b, c);
	}
	a += words[n - 3];
	b += words[n - 2];
	c += words[n - 1];
	JHASH_FINAL(a, b, c);
	return c;
}

#endif
