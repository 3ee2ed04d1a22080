/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sha1.h"

#include "base/bytes.h"

static u32 rol(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

/* Function and constant of the four groups of twenty rounds. */
static u32 sha1_round(u32 t, u32 b, u32 c, u32 d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void sha1_block(struct sha1 *s)
{
	u32 w[80], v[5];

	for (u32 t = 0; t < 16; t++)
		w[t] = get_be32(s->block + t * 4);
	for (u32 t = 16; t < 80; t++)
		w[t] = rol(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, s->h, sizeof(v));
	for (u32 t = 0; t < 80; t++) {
		u32 next = rol(v[0], 5) + sha1_round(t, v[1], v[2], v[3]) + v[4] + w[t];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = rol(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (u32 i = 0; i < 5; i++)
		s->h[i] += v[i];
}

void sha1_init(struct sha1 *s)
{
	*s = (struct sha1){
		.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
	};
}

void sha1_add(struct sha1 *s, const void *data, size_t size)
{
	const u8 *at = data;

	while (size--) {
		s->block[s->len++ % 64] = *at++;
		if (s->len % 64 == 0)
			sha1_block(s);
	}
}

void sha1_final(struct sha1 *s, u8 digest[SHA1_SIZE])
{
	u8 bits[8];
	const u8 one = 0x80, zero = 0;

	put_be64(bits, s->len * 8);
	sha1_add(s, &one, 1);
	while (s->len % 64 != 56)
		sha1_add(s, &zero, 1);
	sha1_add(s, bits, sizeof(bits));
	for (u32 i = 0; i < 5; i++)
		put_be32(digest + i * 4, s->h[i]);
}
