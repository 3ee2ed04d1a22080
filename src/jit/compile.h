/* SPDX-License-Identifier: BSD-2-Clause */
/* From a prepared program to code in a buffer: the compiler's steps in their order. */
#ifndef ANYBPF_JIT_COMPILE_H
#define ANYBPF_JIT_COMPILE_H

#include "jit/code.h"
#include "jit/target.h"

/*
 * Fills in @code, whose .unit is set by unit_init() and .at_base says where
 * the code will stand (NULL for a file). Calls between subprograms are linked.
 * The caller frees @code by code_free() whatever the result: 0, -EOPNOTSUPP,
 * -E2BIG, -ENOMEM.
 */
int jit_compile_unit(struct jit_unit *unit, struct jit_code *code);

/* What the processor can; asked once per host. */
u32 jit_features(struct host *host, const struct jit_target *target);

/* @options NULL: all passes, no facts. 0 or -ENOMEM. The unit refers to what it is given. */
int unit_init(struct jit_unit *unit, const struct prog *prog, const struct jit_options *options,
	      const struct jit_target *target, struct err *err);
void unit_free(struct jit_unit *unit);

#endif
