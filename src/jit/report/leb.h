/* SPDX-License-Identifier: BSD-2-Clause */
/* DWARF's numbers: LEB128 and those of fixed size, in the machine's order. */
#ifndef ANYBPF_JIT_REPORT_LEB_H
#define ANYBPF_JIT_REPORT_LEB_H

#include <string.h>

#include "base/buf.h"

static inline void put_u8(struct buf *out, u32 value)
{
	buf_putc(out, (char)value);
}

static inline void put_u16(struct buf *out, u32 value)
{
	u16 v = (u16)value;

	buf_add(out, &v, sizeof(v));
}

static inline void put_u32(struct buf *out, u32 value)
{
	buf_add(out, &value, sizeof(value));
}

static inline void put_u64(struct buf *out, u64 value)
{
	buf_add(out, &value, sizeof(value));
}

static inline void put_string(struct buf *out, const char *s)
{
	buf_puts(out, s);
	buf_putc(out, 0);
}

static inline void put_uleb(struct buf *out, u64 value)
{
	while (value >= 0x80) {
		put_u8(out, (u8)value | 0x80);
		value >>= 7;
	}
	put_u8(out, (u8)value);
}

static inline void put_sleb(struct buf *out, s64 value)
{
	/* Until the bits that are left are all the sign's. */
	while (value < -0x40 || value > 0x3f) {
		put_u8(out, ((u8)value & 0x7f) | 0x80);
		value >>= 7;
	}
	put_u8(out, (u8)value & 0x7f);
}

/* Fills in a length that was left out at @at: what follows its 4 bytes. */
static inline void patch_length(struct buf *out, size_t at)
{
	u32 length = (u32)(out->len - at - sizeof(length));

	if (!out->failed)
		memcpy(out->data + at, &length, sizeof(length));
}

#endif
