/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-1 (FIPS 180-4): Linux's program tags are defined by it, and it tells
 * whether things are the same. Nothing here relies on it against who can
 * choose both.
 */
#ifndef ANYBPF_BASE_SHA1_H
#define ANYBPF_BASE_SHA1_H

#include "base/types.h"

#define SHA1_SIZE 20

struct sha1 {
	u32 h[5];
	u8 block[64];
	u64 len;
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *data, size_t size);
void sha1_final(struct sha1 *s, u8 digest[SHA1_SIZE]);

#endif
