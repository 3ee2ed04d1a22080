/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of pass_jump: threading (thread.c) and tidying up of blocks (jump.c). */
#ifndef ANYBPF_JIT_PASS_JUMP_H
#define ANYBPF_JIT_PASS_JUMP_H

#include "jit/pass/range.h"

/*
 * Blocks whose branch is decided by where they are entered from: those edges
 * go to where the branch leads. Values of the block that are used behind it
 * get phis where ways meet now. Whether something changed.
 */
bool jump_thread(struct ir_fn *fn);
/* Takes out blocks that only jump on, and joins such as follow each other only. */
bool jump_tidy(struct ir_fn *fn);

#endif
