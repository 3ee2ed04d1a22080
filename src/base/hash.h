/* SPDX-License-Identifier: BSD-2-Clause */
/* One seeded hash of bytes, good enough for hash maps under attack by chosen keys. */
#ifndef ANYBPF_BASE_HASH_H
#define ANYBPF_BASE_HASH_H

#include "base/types.h"

u32 hash_bytes(const void *p, size_t size, u64 seed);

#endif
