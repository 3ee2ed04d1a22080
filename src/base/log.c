/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <string.h>

#define LOG_SLACK 65536 /* at most this is kept beyond the limit, so that text is seldom moved */
#define LOG_LINE  4096	/* room for what one call writes */

void log_init(struct log *log, const struct mem *mem, u32 level)
{
	*log = (struct log){.level = level, .limit = SIZE_MAX};
	buf_init(&log->text, mem);
}

void log_free(struct log *log)
{
	buf_free(&log->text);
}

static void set_len(struct buf *text, size_t len)
{
	text->len = len;
	if (text->data)
		text->data[len] = 0;
}

static size_t slack(const struct log *log)
{
	return log->limit < LOG_SLACK ? log->limit : LOG_SLACK;
}

/* A limited log's memory grows up to what it can need, not to twice that. */
static void reserve(struct log *log)
{
	struct buf *text = &log->text;
	size_t most = log->limit + slack(log) + LOG_LINE;
	u8 *data;

	if (log->limit >= SIZE_MAX / 4 || text->failed || text->cap >= most ||
	    text->cap - text->len > LOG_LINE || text->cap * 2 + LOG_LINE < most)
		return;
	data = mem_realloc(text->mem, text->data, most);
	if (!data)
		return;
	text->data = data;
	text->cap = most;
}

static void trim(struct log *log)
{
	struct buf *text = &log->text;
	size_t over;

	if (text->len <= log->limit)
		return;
	over = text->len - log->limit;
	if (!(log->level & LOG_FIXED)) {
		if (over < slack(log))
			return;
		memmove(text->data, text->data + over, log->limit);
	}
	set_len(text, log->limit);
	log->gone += over;
}

void log_vprintf(struct log *log, const char *fmt, va_list args)
{
	if (!log->level)
		return;
	reserve(log);
	buf_vprintf(&log->text, fmt, args);
	trim(log);
}

size_t log_written(const struct log *log)
{
	return log->gone + log->text.len;
}

void log_rewind(struct log *log, size_t len)
{
	size_t kept = log->text.len, back;

	if (len >= log_written(log))
		return;
	back = log_written(log) - len;
	/* What is gone is gone last at the end, first at the beginning. */
	if (log->level & LOG_FIXED) {
		size_t unseen = back < log->gone ? back : log->gone;

		log->gone -= unseen;
		set_len(&log->text, kept - (back - unseen));
	} else if (back <= kept) {
		set_len(&log->text, kept - back);
	} else {
		set_len(&log->text, 0);
		log->gone = len;
	}
}

void log_printf(struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vprintf(log, fmt, args);
	va_end(args);
}
