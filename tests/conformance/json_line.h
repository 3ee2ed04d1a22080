/* SPDX-License-Identifier: BSD-2-Clause */
/* Just enough JSON to write one flat object a line. */
#ifndef ANYBPF_CONFORMANCE_JSON_LINE_H
#define ANYBPF_CONFORMANCE_JSON_LINE_H

#include <stdio.h>
#include <string.h>

static inline void json_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static inline void json_string(FILE *out, const char *key, const char *text)
{
	fprintf(out, ", \"%s\": ", key);
	json_text(out, text);
}

static inline void json_number(FILE *out, const char *key, long long number)
{
	fprintf(out, ", \"%s\": %lld", key, number);
}

#endif
