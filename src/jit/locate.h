/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tables of locate.c need of the code when it is made. */
#ifndef ANYBPF_JIT_LOCATE_H
#define ANYBPF_JIT_LOCATE_H

#include "jit/code.h"

/* The function that was written last gets a byte for each of its lines at least. */
void locate_pad(struct jit_code *code);
/* Behind all functions: bytes that trap for each subprogram that has no code of its own. */
void locate_put_stubs(struct jit_code *code, const bool *done);

#endif
