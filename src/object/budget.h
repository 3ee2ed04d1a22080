/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one execution may spend, for embedders who must not wait: a number of
 * steps, a time, or both. Engines take the length of each jump back and of
 * each called function off .left and ask budget_spent() when it is below 0, so
 * that code without loops costs nothing. A program that is over its budget
 * leaves all its functions at once; what it held is released.
 *
 * A step is about one instruction. How many a program takes is the same in
 * every run of one engine, but not the same in all engines.
 */
#ifndef ANYBPF_OBJECT_BUDGET_H
#define ANYBPF_OBJECT_BUDGET_H

#include "base/types.h"

struct run;

/* Of a host, for each execution; 0: unlimited. */
struct host_limits {
	u64 steps;
	u64 ns; /* on the monotonic clock of the host's environment */
};

/* Records, locks and objects that one execution may hold while it has a budget. */
#define BUDGET_MAX_HELD 16

/* What is given back by .release where the execution ends before the program does it. */
struct budget_held {
	void *what;
	void (*release)(struct run *run, void *what);
};

struct budget {
	s64 left;     /* until the next look at what remains */
	u64 rest;     /* steps beyond .left */
	u64 deadline; /* UINT64_MAX: none */
	bool limited;
	bool stopped; /* over: every function returns */
	u32 nheld;
	struct budget_held held[BUDGET_MAX_HELD + 1]; /* one is for a lock */
};

/* Before each execution. */
void budget_begin(struct run *run);
/* .left is below 0: whether the execution has to end; if not there is more. */
bool budget_spent(struct run *run);
/*
 * Something is taken, or given back. False where it cannot be noted any more:
 * the execution stops then, and the caller gives back what it has taken. There
 * always is room for one lock, and a program holds no second one. Without a
 * budget there is nothing to note.
 */
bool budget_hold(struct run *run, void *what, void (*release)(struct run *run, void *what));
void budget_hold_lock(struct run *run, void *lock, void (*unlock)(struct run *run, void *lock));
void budget_release(struct run *run, const void *what);
/* After an execution that was stopped: gives everything back, the last first. */
void budget_release_all(struct run *run);

#endif
