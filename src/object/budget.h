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

/* Ring buffer records that one execution may hold while it has a budget. */
#define BUDGET_MAX_HELD 16

struct budget {
	s64 left;     /* until the next look at what remains */
	u64 rest;     /* steps beyond .left */
	u64 deadline; /* UINT64_MAX: none */
	bool limited;
	bool stopped; /* over: every function returns */
	u32 nheld;
	void *held[BUDGET_MAX_HELD];
};

/* Before each execution. */
void budget_begin(struct run *run);
/* .left is below 0: whether the execution has to end; if not there is more. */
bool budget_spent(struct run *run);
/* A record is reserved, or given back. False: no room to note another one. */
bool budget_hold(struct run *run, void *record);
void budget_release(struct run *run, const void *record);

#endif
