/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trampolines: what stands before a function and calls the programs that are
 * attached to it, and the list of programs of a tracepoint. There is one for
 * each of the host's functions that something was ever attached to, and for
 * each function of a program likewise; a function without one is called as it is.
 *
 * Who calls sees all of what was attached when the call began; a program that
 * is detached then may run once more, and lives for as long.
 */
#ifndef ANYBPF_OBJECT_TRAMPOLINE_H
#define ANYBPF_OBJECT_TRAMPOLINE_H

#include <stdatomic.h>

#include "object/host.h"

#define TRACE_MAX_ARGS	     12
#define TRAMPOLINE_MAX_PROGS 38 /* Linux's limit for one function */

/* What a program that was called by a trampoline knows. Its context are the arguments. */
struct trace_ctx {
	const struct trace_ctx *outer; /* of what this program's function was called by, or NULL */
	const struct prog *prog;
	u64 cookie;
	u64 ip;	   /* stands for the function's address */
	u32 nargs; /* registers, a structure of more than 8 bytes takes two */
	bool has_result;
	u64 args[TRACE_MAX_ARGS + 1]; /* and the result */
};

enum trampoline_kind {
	TRAMPOLINE_ENTRY,
	TRAMPOLINE_MODIFY, /* before the function; a result other than 0 is the function's */
	TRAMPOLINE_EXIT,
	TRAMPOLINE_KINDS,
	TRAMPOLINE_REPLACE = TRAMPOLINE_KINDS, /* instead of the function: alone */
};

struct trampoline_progs;

struct trampoline {
	struct trampoline *next; /* of the host's */
	_Atomic(struct trampoline_progs *) progs; /* NULL: none */
	const char *name; /* of the host's function, behind it in memory; NULL: of a program's */
	/* Of a program's function: how many arguments it has, and how it is called by way of this. */
	u32 nargs;
	u64 (*call)(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
		    u64 r5);
};

/* The function: gets the arguments, gives the result. */
typedef u64 (*trampoline_fn)(void *arg, const u64 *args);

/*
 * The trampoline of a function or tracepoint of the host; those of LSM hooks go
 * by "bpf_lsm_NAME", those of tracepoints by "btf_trace_NAME". It lives as long as
 * the host. NULL: out of memory.
 */
struct trampoline *trampoline_get(struct host *host, const char *name);
/* NULL when nothing was ever attached to it: nothing is to be done. */
struct trampoline *trampoline_find(struct host *host, const char *name);

/* One that the caller keeps and frees; NULL: out of memory. */
struct trampoline *trampoline_of_subprog(struct host *host, u32 nargs,
					 u64 (*call)(struct run *run, const struct subprog *fn,
						     u64 r1, u64 r2, u64 r3, u64 r4, u64 r5));
/* Held while trampolines of programs are made; 0 or -ENOMEM. */
int trampolines_lock(struct host *host);
void trampolines_unlock(struct host *host);

/* For one that is not the host's: nothing may be attached any more. */
void trampoline_free(struct host *host, struct trampoline *t);

/*
 * 0, -EBUSY when the program is attached already, or something is that does not
 * go with it, -E2BIG, -ENOMEM. @again: a program may be attached many times,
 * as to tracepoints.
 */
int trampoline_attach(struct host *host, struct trampoline *t, enum trampoline_kind kind,
		      struct prog *prog, u64 cookie, bool again);
void trampoline_detach(struct host *host, struct trampoline *t, enum trampoline_kind kind,
		       struct prog *prog);

/*
 * Calls @fn by way of the programs. @outer: the execution in which it is called,
 * or NULL. @n arguments are there.
 */
u64 trampoline_call(struct host *host, struct run *outer, struct trampoline *t, const u64 *args,
		    u32 n, trampoline_fn fn, void *fn_arg);

/*
 * The same for a function of the program that @run executes, of which five
 * registers are passed on; a program that replaces it is called with these.
 */
u64 trampoline_call_subprog(struct run *run, struct trampoline *t, const u64 *args,
			    trampoline_fn fn, void *fn_arg);

/* Runs the programs of a tracepoint; @t may be NULL. */
void trampoline_trace(struct host *host, struct run *outer, struct trampoline *t, const u64 *args,
		      u32 n);

/* A number that is given out once: of a reader of an iterator; 0 without memory. */
u64 trace_session(struct host *host);

/*
 * Runs one program on a context as trampolines do; in a slot of its own without
 * @outer. A program that is running already does not run: *r0 is 0 then.
 */
void trampoline_run(struct host *host, struct run *outer, const struct prog *prog,
		    struct trace_ctx *ctx, u64 *r0);

#endif
