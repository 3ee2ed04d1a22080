/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sync.h"

#include <string.h>

/*
 * The shared side is walked in the widest unit that its alignment and the
 * rest of the size allow, so that a program's aligned store is never torn.
 */
static size_t unit(const void *shared, size_t left)
{
	uintptr_t a = (uintptr_t)shared;

	if (left >= 8 && a % 8 == 0)
		return 8;
	if (left >= 4 && a % 4 == 0)
		return 4;
	if (left >= 2 && a % 2 == 0)
		return 2;
	return 1;
}

#define COPY_IN_(type)                                                                             \
	{                                                                                          \
		type v = __atomic_load_n((const type *)(const void *)from, __ATOMIC_RELAXED);      \
		memcpy(to, &v, sizeof(v));                                                         \
		break;                                                                             \
	}
#define COPY_OUT_(type)                                                                            \
	{                                                                                          \
		type v;                                                                            \
		memcpy(&v, from, sizeof(v));                                                       \
		__atomic_store_n((type *)(void *)to, v, __ATOMIC_RELAXED);                         \
		break;                                                                             \
	}

void sync_copy_from_shared(void *dst, const void *shared, size_t size)
{
	const u8 *from = shared;
	u8 *to = dst;
	size_t n;

	for (; size; size -= n, from += n, to += n) {
		n = unit(from, size);
		switch (n) {
		case 8:
			COPY_IN_(u64)
		case 4:
			COPY_IN_(u32)
		case 2:
			COPY_IN_(u16)
		default:
			COPY_IN_(u8)
		}
	}
}

void sync_copy_to_shared(void *shared, const void *src, size_t size)
{
	const u8 *from = src;
	u8 *to = shared;
	size_t n;

	for (; size; size -= n, from += n, to += n) {
		n = unit(to, size);
		switch (n) {
		case 8:
			COPY_OUT_(u64)
		case 4:
			COPY_OUT_(u32)
		case 2:
			COPY_OUT_(u16)
		default:
			COPY_OUT_(u8)
		}
	}
}
