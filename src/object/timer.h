/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calling back later: what is behind a bpf_timer or a bpf_wq in a map's value.
 * One thread of the host, begun when the first of them is, runs all callbacks
 * one after the other, each in an execution slot; where the host is told to
 * have none, somebody calls timers_run() when time has passed.
 *
 * An async belongs to its value and goes with it, or when user space has
 * closed its last handle of the map: it refers to the program, which refers to
 * the map. One whose callback runs right then is freed after that. Programs
 * are let go by the thread, since that may take waiting for those that run.
 */
#ifndef ANYBPF_OBJECT_TIMER_H
#define ANYBPF_OBJECT_TIMER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/vec.h"

struct async;
struct host;
struct object;
struct run;
struct subprog;

struct timers {
	pthread_mutex_t lock;	/* of everything in here and of all asyncs */
	pthread_cond_t changed; /* the heap's top, .stop, or a callback has ended */
	pthread_t thread;
	bool manual; /* no thread: timers_run() is called */
	bool has_thread, stop;
	VEC(struct async *) heap; /* by time; has room for all asyncs that there are */
	u32 count;		  /* of asyncs */
	struct async *running;
	pthread_t runner;     /* of .running */
	struct grave *graves; /* what waits to be let go */
};

/* A reference that is to be dropped, and memory that is to be freed after. */
struct grave {
	struct grave *next;
	struct object *obj; /* or NULL */
	void *memory;
};

/* What is in the value's field; zeros at first. */
struct async_field {
	_Atomic(struct async *) async;
	u64 reserved;
};

enum async_kind { ASYNC_TIMER, ASYNC_WORK };

/* For struct timers of a host that is being made or freed. */
void timers_init(struct timers *timers, bool manual);
/* All asyncs are gone. */
void timers_free(struct host *host);

/*
 * Makes one for the field of a value of @map, whose key is @key_size bytes at
 * @key: 0, -EBUSY there is one, -EPERM user space has no handle of the map,
 * -ENOMEM, -EAGAIN no thread.
 */
int async_init(struct async_field *field, struct object *map, void *value, const void *key,
	       u32 key_size, enum async_kind kind, int clock);
/* -EINVAL there is none, -EPERM as above. The program of the run is kept. */
int async_set_callback(struct async_field *field, struct run *run, const struct subprog *fn);
/* From now on, or with @absolute at a time of its clock; again if it is under way. 0, -EINVAL. */
int async_start(struct host *host, struct async_field *field, u64 ns, bool absolute);
/* 1 when it was under way, 0, -EINVAL, -EDEADLK from its own callback. Waits for that elsewhere. */
int async_cancel(struct host *host, struct async_field *field);
/* With the value: nothing happens if there is none. */
void async_drop(struct host *host, struct async_field *field);

/* Runs what is due, and what becomes due by that; the number of callbacks. */
u32 timers_run(struct host *host);

#endif
