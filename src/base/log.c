/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <string.h>

#define LOG_SLACK 65536 /* more than the limit, so that text is seldom moved */

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

static void trim(struct log *log)
{
	struct buf *text = &log->text;
	size_t over;

	if (text->len <= log->limit)
		return;
	over = text->len - log->limit;
	if (!(log->level & LOG_FIXED)) {
		if (over < LOG_SLACK)
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
