/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable byte buffer and string builder. Out of memory is sticky: further
 * writes do nothing and the caller asks once at the end with buf_error(), so
 * that printing code stays free of checks.
 */
#ifndef ANYBPF_BASE_BUF_H
#define ANYBPF_BASE_BUF_H

#include <stdarg.h>

#include "base/mem.h"

struct buf {
	const struct mem *mem;
	u8 *data; /* always NUL-terminated once written to */
	size_t len;
	size_t cap;
	bool failed;
};

void buf_init(struct buf *buf, const struct mem *mem);
void buf_free(struct buf *buf);
/* Empties it and keeps its memory. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_zero(struct buf *buf, size_t len);
void buf_putc(struct buf *buf, char c);
void buf_puts(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *fmt, ...) __printf(2, 3);
void buf_vprintf(struct buf *buf, const char *fmt, va_list args) __printf(2, 0);

/* 0 or -ENOMEM. */
int buf_error(const struct buf *buf);
/* The text so far, "" when empty; valid until the next write. */
const char *buf_str(const struct buf *buf);
/* Hands the memory to the caller, who frees it with mem_free(); NULL if failed. */
char *buf_take(struct buf *buf);

#endif
