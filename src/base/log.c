/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

void log_init(struct log *log, const struct mem *mem, u32 level)
{
	log->level = level;
	buf_init(&log->text, mem);
}

void log_free(struct log *log)
{
	buf_free(&log->text);
}

void log_vprintf(struct log *log, const char *fmt, va_list args)
{
	if (log->level)
		buf_vprintf(&log->text, fmt, args);
}

void log_printf(struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vprintf(log, fmt, args);
	va_end(args);
}
