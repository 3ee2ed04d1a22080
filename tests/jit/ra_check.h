/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether registers were given out correctly: by running the finished code on
 * names of values instead of values, over all paths. Knows nothing of how the
 * allocator works.
 */
#ifndef ANYBPF_TESTS_JIT_RA_CHECK_H
#define ANYBPF_TESTS_JIT_RA_CHECK_H

#include "jit/target.h"

/* 0, or -EFAULT with the first operand that does not hold its value. */
int ra_check(const struct jit_target *target, struct ir_fn *fn, struct err *err);

#endif
