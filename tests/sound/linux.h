/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel beside the interpreter and the compiler, by the same calls of bpf(). */
#ifndef ANYBPF_TESTS_SOUND_LINUX_H
#define ANYBPF_TESTS_SOUND_LINUX_H

#include "jit/jit.h"
#include "sound/world.h"

#define LINUX_TEXT 200

struct linux_side;

/* NULL where bpf() is refused. */
struct linux_side *linux_open(void);
void linux_close(struct linux_side *l);

/*
 * Runs the program in Linux and here on a few inputs: as it is loaded, by the
 * interpreter, and as machine code of each of the options. The number of runs
 * compared, 0 for programs that cannot be (Linux does not take them, what they
 * do is by chance), or -1 with the difference in @text.
 */
s32 linux_compare(struct linux_side *l, const struct gen *g, const struct jit_options *options,
		  u32 n, char text[LINUX_TEXT]);

#endif
