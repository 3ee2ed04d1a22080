/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of encoders against an assembler: instructions come in an order,
 * as text and as bytes, and a file has them in the same order, `bytes text` by
 * line. With --print a test prints the texts, from which the file is made.
 */
#ifndef ANYBPF_TESTS_JIT_ENCODING_H
#define ANYBPF_TESTS_JIT_ENCODING_H

#include "jit/code.h"
#include "tap.h"

struct table {
	FILE *file;	       /* of what is expected; NULL: print */
	struct jit_code *code; /* reused */
};

/* What is in @t->code is @text. */
static inline void check_bytes(struct table *t, const char *text)
{
	char line[256], bytes[256] = "";
	int n = 0;

	for (size_t i = 0; i < t->code->buf.len; i++)
		n += snprintf(bytes + n, sizeof(bytes) - (size_t)n, "%02x", t->code->buf.data[i]);
	snprintf(bytes + n, sizeof(bytes) - (size_t)n, " %s\n", text);
	do {
		if (!fgets(line, sizeof(line), t->file)) {
			tap_fail("nothing is expected of %s", text);
			return;
		}
	} while (line[0] == '#');
	if (strcmp(line, bytes))
		tap_fail("%.60s, not %.60s", bytes, line);
}

/* Opens the file of a machine beside the tests; NULL where there is none. */
static inline FILE *open_table(const char *machine)
{
	const char *data = getenv("ANYBPF_TEST_DATA");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/encoding.txt", data ? data : "tests/jit", machine);
	return fopen(path, "r");
}

/* Whether the file is at its end: all that is expected has been seen. */
static inline void check_at_end(struct table *t)
{
	char line[256];

	if (t->file && fgets(line, sizeof(line), t->file))
		tap_fail("nobody writes %.60s", line);
}

#endif
