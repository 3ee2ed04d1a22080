/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter: the reference that the JITs are compared with. It runs the
 * prepared form of object/prog.h.
 */
#ifndef ANYBPF_INTERP_INTERP_H
#define ANYBPF_INTERP_INTERP_H

#include "base/err.h"
#include "object/prog.h"

/*
 * Whether every instruction of a prepared program is one that the engines
 * know, and every frame one that they have room for; asked once at load. 0 or
 * -EOPNOTSUPP with the instruction named. What passes here runs; registers and
 * jumps are the verifier's to check.
 */
int interp_check(const struct prog *prog, struct err *err);

/*
 * Runs one subprogram to its exit, in @run's slot, following tail calls. The
 * value of R0. Frames live on the C stack, each call of a subprogram is a call
 * of the interpreter, so that runs nest freely. Fits run->invoke.
 */
u64 interp_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);

/*
 * Sees every instruction before it is executed; for coverage, tracing and the
 * debugger. Registers may be read and changed.
 */
struct interp_tracer {
	void (*insn)(void *arg, struct run *run, const struct prog *prog, u32 index, u64 *regs);
	void *arg;
};
/* Also callbacks that helpers make during the run are traced. */
u64 interp_run_traced(struct run *run, const struct subprog *fn, u64 r1,
		      const struct interp_tracer *tracer);

#endif
