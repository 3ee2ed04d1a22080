/* SPDX-License-Identifier: BSD-2-Clause */
/* The printf of programs: bpf_trace_printk(), bpf_trace_vprintk() and bpf_snprintf(). */
#ifndef ANYBPF_HELPER_FORMAT_H
#define ANYBPF_HELPER_FORMAT_H

#include "helper/functions.h"

#define FORMAT_MAX_ARGS 12
#define FORMAT_MAX_TEXT 1024 /* of one message of bpf_trace_printk() */

/*
 * Formats @args by @fmt, which must end within @fmt_size bytes, as Linux does
 * (Documentation: bpf-helpers(7), bpf_trace_printk). @out always gets a
 * terminator unless @size is 0. The length that the whole text has, without
 * the terminator; -EINVAL for a format that Linux refuses, -ENOSPC when the
 * strings among the arguments are too long together.
 */
long format_text(const struct run *run, char *out, size_t size, const char *fmt, size_t fmt_size,
		 const void *args, u32 arg_cnt);

/*
 * Whether Linux takes a format for @arg_cnt arguments, for checks at load when
 * the format is constant: 0 or -EINVAL.
 */
int format_check(const char *fmt, size_t fmt_size, u32 arg_cnt);

#endif
