/* SPDX-License-Identifier: BSD-2-Clause */
/* Unaligned and byte-order aware access to bytes. */
#ifndef ANYBPF_BASE_BYTES_H
#define ANYBPF_BASE_BYTES_H

#include <string.h>

#include "base/types.h"

#define HOST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

#define BYTES_ACCESS_(bits)                                                                        \
	static inline u##bits get_u##bits(const void *p)                                           \
	{                                                                                          \
		u##bits v;                                                                         \
		memcpy(&v, p, sizeof(v));                                                          \
		return v;                                                                          \
	}                                                                                          \
	static inline void put_u##bits(void *p, u##bits v)                                         \
	{                                                                                          \
		memcpy(p, &v, sizeof(v));                                                          \
	}                                                                                          \
	static inline u##bits get_be##bits(const void *p)                                          \
	{                                                                                          \
		u##bits v = get_u##bits(p);                                                        \
		return HOST_BIG_ENDIAN ? v : __builtin_bswap##bits(v);                             \
	}                                                                                          \
	static inline u##bits get_le##bits(const void *p)                                          \
	{                                                                                          \
		u##bits v = get_u##bits(p);                                                        \
		return HOST_BIG_ENDIAN ? __builtin_bswap##bits(v) : v;                             \
	}                                                                                          \
	static inline void put_be##bits(void *p, u##bits v)                                        \
	{                                                                                          \
		put_u##bits(p, HOST_BIG_ENDIAN ? v : __builtin_bswap##bits(v));                    \
	}                                                                                          \
	static inline void put_le##bits(void *p, u##bits v)                                        \
	{                                                                                          \
		put_u##bits(p, HOST_BIG_ENDIAN ? __builtin_bswap##bits(v) : v);                    \
	}

BYTES_ACCESS_(16)
BYTES_ACCESS_(32)
BYTES_ACCESS_(64)
#undef BYTES_ACCESS_

#endif
