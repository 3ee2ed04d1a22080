/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often each byte of maps' memory is read: other threads may write it, so
 * that what is compiled must not read a byte more often than the program as it
 * is written does. (What was checked would not be what is used.)
 */
#ifndef ANYBPF_TESTS_SOUND_READS_H
#define ANYBPF_TESTS_SOUND_READS_H

#include "sound/fast.h"

#define READS_TEXT 128

struct reads {
	const struct fast *fast;
	u16 times[FAST_VALUES + FAST_HASH];
};

void reads_start(struct reads *r, const struct fast *fast);
/* fast_interpret() that counts. */
u64 reads_interpret(struct reads *r, struct fast *f, const struct fast_prog *p);
/* The same of the intermediate form, see ir_eval.h. */
u64 reads_evaluate(struct reads *r, struct fast *f, const struct fast_prog *p);
/* Whether @r has a byte more often than @most, and which. */
bool reads_exceed(const struct reads *r, const struct reads *most, char text[READS_TEXT]);

#endif
