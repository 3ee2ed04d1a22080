/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Freeing what running programs may still see, without waiting for them:
 * Linux's call_rcu(). The host counts epochs; a program notes the epoch it
 * starts in in its slot, and an epoch ends when no program of an earlier one
 * runs. What was given here in an epoch is freed when two more have begun:
 * whoever could see it has ended by then.
 */
#ifndef ANYBPF_OBJECT_DEFER_H
#define ANYBPF_OBJECT_DEFER_H

#include "base/sync.h"

struct host;

/* In what is to be freed. */
struct deferred {
	struct deferred *next;
	void (*free)(struct host *host, struct deferred *deferred);
};

#define LIMBO_EPOCHS 3

/* One CPU's, so that programs on several do not meet. */
struct limbo {
	_Alignas(64) struct spinlock lock;
	_Atomic u32 waiting;	 /* in all of the lists */
	u32 epoch[LIMBO_EPOCHS]; /* that the list is of */
	struct deferred *list[LIMBO_EPOCHS];
};

/*
 * Nobody who starts from now on can see it. @cpu: any number below nr_cpus is
 * right, the one of the slot or thread at hand is fast.
 */
void host_defer(struct host *host, u32 cpu, struct deferred *deferred,
		void (*free)(struct host *host, struct deferred *deferred));
/* Frees everything at once; no program runs. */
void host_defer_finish(struct host *host);

#endif
