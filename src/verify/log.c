/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict and the log. A rejection is a value: errno, instruction and the
 * line that Linux prints for it; the log is the same text in its context.
 */
#include <ctype.h>
#include <stdio.h>

#include "verify/verifier.h"

static void result_add_line(struct verify_result *result, const char *line)
{
	size_t len = strlen(result->message);

	size_t n = strlen(line), left = sizeof(result->message) - 1 - len;

	if (len && left) {
		result->message[len++] = '\n';
		left--;
	}
	n = n < left ? n : left;
	memcpy(result->message + len, line, n);
	result->message[len + n] = 0;
}

__printf(4, 0) static int reject_at(struct verifier *v, s32 insn, int error, const char *fmt,
				    va_list args)
{
	struct verify_result *result = v->result;
	char line[sizeof(result->message)];

	vsnprintf(line, sizeof(line), fmt, args);
	if (!v->rejected) {
		result->insn = insn;
		result->message[0] = 0;
		v->rejected = true;
	}
	result->error = error;
	result_add_line(result, line);
	if (v->log_level)
		log_printf(v->log, "%s\n", line);
	return error;
}

int reject(struct verifier *v, int error, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = reject_at(v, (s32)v->insn, error, fmt, args);
	va_end(args);
	return ret;
}

int reject_program(struct verifier *v, int error, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = reject_at(v, -1, error, fmt, args);
	va_end(args);
	return ret;
}

int reject_isa(struct verifier *v, int error, const struct isa_error *err)
{
	v->insn = err->insn;
	return reject(v, error, "%s", err->text);
}

void note(struct verifier *v, const char *fmt, ...)
{
	va_list args;

	if (!v->log_level)
		return;
	va_start(args, fmt);
	log_vprintf(v->log, fmt, args);
	va_end(args);
}

void log_truncate(struct verifier *v, size_t len)
{
	if (v->log)
		log_rewind(v->log, len);
}

void log_source_line(struct verifier *v, u32 insn, const char *prefix)
{
	const struct bpf_line_info *line, *prev = v->prev_line;
	const char *text, *file, *slash;

	if (!v->log_level)
		return;
	line = v->in->btf ? btf_find_line(v->in->line_info, v->in->line_info_cnt, insn) : NULL;
	if (!line || line == prev)
		return;
	if (prev && line->file_name_off == prev->file_name_off &&
	    line->line_col >> 10 == prev->line_col >> 10)
		return;
	text = btf_str(v->in->btf, line->line_off);
	while (isspace((unsigned char)*text))
		text++;
	file = btf_str(v->in->btf, line->file_name_off);
	slash = strrchr(file, '/');
	note(v, "%s%s @ %s:%u\n", prefix, text, slash ? slash + 1 : file, line->line_col >> 10);
	v->prev_line = line;
}
