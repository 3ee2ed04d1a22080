/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *buf, const struct mem *mem)
{
	*buf = (struct buf){.mem = mem};
}

void buf_free(struct buf *buf)
{
	mem_free(buf->mem, buf->data);
	buf_init(buf, buf->mem);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = 0;
}

/* Makes room for @more bytes and the terminator. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t need, cap;
	u8 *data;

	if (buf->failed)
		return false;
	if (__builtin_add_overflow(buf->len, more, &need) || need > SIZE_MAX / 4)
		goto fail;
	if (need < buf->cap)
		return true;
	cap = buf->cap ? buf->cap * 2 : 64;
	while (cap <= need)
		cap *= 2;
	data = mem_realloc(buf->mem, buf->data, cap);
	if (!data)
		goto fail;
	buf->data = data;
	buf->cap = cap;
	return true;
fail:
	buf->failed = true;
	return false;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = 0;
}

void buf_add_zero(struct buf *buf, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	memset(buf->data + buf->len, 0, len + 1);
	buf->len += len;
}

void buf_putc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_puts(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int n;

	if (!buf_reserve(buf, 0))
		return;
	va_copy(again, args);
	n = vsnprintf((char *)buf->data + buf->len, buf->cap - buf->len, fmt, args);
	if (n >= 0 && (size_t)n >= buf->cap - buf->len && buf_reserve(buf, (size_t)n))
		vsnprintf((char *)buf->data + buf->len, buf->cap - buf->len, fmt, again);
	va_end(again);
	if (n > 0 && !buf->failed)
		buf->len += (size_t)n;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

int buf_error(const struct buf *buf)
{
	return buf->failed ? -ENOMEM : 0;
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *data;

	if (!buf_reserve(buf, 0))
		return NULL;
	buf->data[buf->len] = 0;
	data = (char *)buf->data;
	buf_init(buf, buf->mem);
	return data;
}
