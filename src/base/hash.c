/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiply and fold (the construction that wyhash made popular): each 8 bytes
 * are mixed by one 64x64->128 multiplication whose halves are folded together.
 */
#include "base/hash.h"

#include "base/bytes.h"

#define K0 0x9e3779b97f4a7c15ull
#define K1 0xd6e8feb86659fd93ull

static u64 fold(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

u32 hash_bytes(const void *p, size_t size, u64 seed)
{
	const u8 *at = p;
	/* Secret, too: 8 bytes that make a product 0 would wipe out all before them. */
	u64 k1 = K1 ^ (seed << 32 | seed >> 32);
	u64 h = seed ^ K0, tail = 0;
	size_t left = size;

	for (; left >= 8; left -= 8, at += 8)
		h = fold(get_u64(at) ^ k1, h ^ K0);
	if (left)
		memcpy(&tail, at, left);
	h = fold(tail ^ k1, h ^ (u64)size ^ K0);
	return (u32)(h ^ (h >> 32));
}
