/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests in the Test Anything Protocol: each test program prints one
 * `ok` or `not ok` line per case and the plan at the end.
 *
 *	static void test_add(void) { check_eq(add(1, 2), 3); }
 *	int main(void) { run_test(test_add); return tap_done(); }
 *
 * Within a test the first failed check is reported and the test goes on.
 * Data-driven tests open one case per datum with tap_begin() / tap_end().
 */
#ifndef ANYBPF_TESTS_TAP_H
#define ANYBPF_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"

static struct {
	u32 n, failed, skipped;
	bool ok, skip;
	char name[256];
	char why[1024];
} tap __unused;

static inline void tap_begin(const char *name)
{
	tap.ok = true;
	tap.skip = false;
	tap.why[0] = 0;
	snprintf(tap.name, sizeof(tap.name), "%s", name);
}

static inline void tap_end(void)
{
	tap.n++;
	if (tap.skip) {
		tap.skipped++;
		printf("ok %u - %s # SKIP %s\n", tap.n, tap.name, tap.why);
	} else if (tap.ok) {
		printf("ok %u - %s\n", tap.n, tap.name);
	} else {
		tap.failed++;
		printf("not ok %u - %s\n# %s\n", tap.n, tap.name, tap.why);
	}
	fflush(stdout);
}

/* Marks the current case as failed, keeping the first reason. */
__printf(1, 2) static inline void tap_fail(const char *fmt, ...)
{
	va_list args;

	if (!tap.ok)
		return;
	tap.ok = false;
	va_start(args, fmt);
	vsnprintf(tap.why, sizeof(tap.why), fmt, args);
	va_end(args);
}

static inline void tap_skip(const char *why)
{
	tap.skip = true;
	snprintf(tap.why, sizeof(tap.why), "%s", why);
}

/* Prints the plan; the exit status of main(). */
static inline int tap_done(void)
{
	printf("1..%u\n", tap.n);
	return tap.failed ? 1 : 0;
}

#define run_test(fn)                                                                               \
	do {                                                                                       \
		tap_begin(#fn);                                                                    \
		fn();                                                                              \
		tap_end();                                                                         \
	} while (0)

#define check(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			tap_fail("%s:%d: %s", __FILE__, __LINE__, #cond);                          \
	} while (0)

/* Integers of any kind, compared as 64 bits. */
#define check_eq(got, want)                                                                        \
	do {                                                                                       \
		u64 got_ = (u64)(got), want_ = (u64)(want);                                        \
		if (got_ != want_)                                                                 \
			tap_fail("%s:%d: %s is %#" PRIx64 ", not %#" PRIx64, __FILE__, __LINE__,   \
				 #got, got_, want_);                                               \
	} while (0)

#define check_str(got, want)                                                                       \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (!got_ || strcmp(got_, want_))                                                  \
			tap_fail("%s:%d: %s is \"%s\", not \"%s\"", __FILE__, __LINE__, #got,      \
				 got_ ? got_ : "(null)", want_);                                   \
	} while (0)

#endif
