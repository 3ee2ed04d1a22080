/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the passes of the load pipeline. */
#ifndef ANYBPF_PROG_INTERNAL_H
#define ANYBPF_PROG_INTERNAL_H

#include "prog/prog.h"

/* One program on its way from BPF_PROG_LOAD to a struct prog. */
struct load {
	struct host *host;
	const struct prog_load_args *args;
	struct log *log;
	struct verify_result *result;
	struct prog *prog;
};

/* Maps that one program may use, as Linux's MAX_USED_MAPS. */
#define PROG_MAX_MAPS 64

/* The passes, in order; each returns 0 or a negative errno and says why in the log. */
int pass_create(struct load *load);
int pass_verify(struct load *load);
int pass_runnable(struct load *load);
int pass_subprogs(struct load *load);
int pass_rewrite(struct load *load);
int pass_compile(struct load *load);
int pass_publish(struct load *load);

/* A function itself, whatever is attached to it. */
u64 prog_execute(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);

/* What machine code enters by a tail call where there is none: the interpreter. Is a jit_entry. */
u64 prog_interpret(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

#endif
