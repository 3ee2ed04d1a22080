/* SPDX-License-Identifier: BSD-2-Clause */
/* JIT compilers: prepared form to machine code. One struct jit_target per architecture. */
#ifndef ANYBPF_JIT_JIT_H
#define ANYBPF_JIT_JIT_H

#include "base/err.h"
#include "object/prog.h"

/* The target of the machine that this was built for, or NULL: then programs are interpreted. */
extern const struct jit_target *const jit_native;

/*
 * Compiles all subprograms; sets prog->jit and each subprog's entry. 0,
 * -EOPNOTSUPP (no JIT here, or an instruction that it cannot do: the caller
 * falls back to the interpreter), -ENOMEM, -E2BIG.
 */
int jit_compile(struct prog *prog, struct err *err);
void jit_free(struct prog *prog);

/*
 * Runs a subprogram of a compiled program; the value of R0. Fits run->invoke.
 * Entries may also be called directly when run->prog is set.
 */
u64 jit_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);

/* The machine code, for dumps; NULL when not compiled. */
const void *jit_code(const struct prog *prog, size_t *size);
/* The instruction whose code contains the offset; @n entries are insn_cnt + 1 offsets. */
const u32 *jit_insn_offsets(const struct prog *prog, u32 *n);

#endif
