/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's log: text with Linux's levels. What is written goes to one
 * sink; the `bpf()` call copies it out with Linux's truncation rules, the
 * tools print it.
 */
#ifndef ANYBPF_BASE_LOG_H
#define ANYBPF_BASE_LOG_H

#include "base/buf.h"

/* Documentation/bpf and enum bpf_log_level: 1 branches, 2 every state, 4 statistics. */
#define LOG_LEVEL1 1u
#define LOG_LEVEL2 2u
#define LOG_STATS  4u
#define LOG_FIXED  8u

/*
 * A program can make the verifier write without end. What is more than the
 * reader wants to see is let go: the beginning, or with LOG_FIXED the end.
 */
struct log {
	u32 level;	 /* 0: nothing is kept */
	struct buf text; /* what is kept */
	size_t limit;	 /* bytes that must be kept when there are as many; all by default */
	size_t gone;	 /* bytes that were let go */
};

void log_init(struct log *log, const struct mem *mem, u32 level);
void log_free(struct log *log);
/* Writes when any level but 0 is set. */
void log_printf(struct log *log, const char *fmt, ...) __printf(2, 3);
void log_vprintf(struct log *log, const char *fmt, va_list args) __printf(2, 0);
/* All that was written, kept or not. */
size_t log_written(const struct log *log);
/* Takes back what was written since there were @len bytes. */
void log_rewind(struct log *log, size_t len);

#endif
