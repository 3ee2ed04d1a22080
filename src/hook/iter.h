/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators: a program is called for one object of the host after the other, and
 * what it prints is read from a stream. What there is to iterate over is a
 * row of iter.def and a const struct iter_source, whose arguments are those of
 * the function bpf_iter_NAME in the host's BTF (kernel/protos/iter.def).
 */
#ifndef ANYBPF_HOOK_ITER_H
#define ANYBPF_HOOK_ITER_H

#include "kernel/types/iter.h"
#include "object/link.h"
#include "object/stream.h"
#include "object/trampoline.h"

#define ITER_MAX_ARGS (TRACE_MAX_ARGS - 1) /* besides the meta data */

struct iter;

/* What a link was told to iterate over, where that is not everything. */
struct iter_target {
	struct object *obj; /* a reference, or NULL */
	union bpf_iter_link_info info;
};

struct iter_source {
	const char *name;
	u32 nargs; /* besides the meta data */
	/*
	 * Whether @prog may iterate over what target->info says; sets target->obj.
	 * NULL: there is nothing to choose.
	 */
	int (*attach)(struct host *host, const struct prog *prog, struct iter_target *target);
	/* Whether another program may do so after that: 0 or a negative errno. NULL: any. */
	int (*fits)(const struct prog *prog, const struct iter_target *target);
	void (*fill_info)(const struct iter_target *target, struct bpf_link_info *info);
	size_t state_size; /* of iter_state(), zeroed at first */
	/*
	 * Lets go of the object that it was at, and goes on to the next: 1 and its
	 * arguments, 0 at the end, or a negative errno.
	 */
	int (*next)(struct iter *iter, u64 *args);
	/* Lets go of all that the state holds. NULL: nothing. */
	void (*close)(struct iter *iter);
};

/* Of one reader. */
struct iter {
	struct stream stream;
	const struct iter_source *source;
	const struct prog *prog; /* a reference */
	struct iter_target target;
	pthread_mutex_t lock;
	struct seq_file seq;
	struct bpf_iter_meta meta;
	u64 args[ITER_MAX_ARGS];
	enum { ITER_FRESH, ITER_AT_OBJECT, ITER_AT_END, ITER_DONE } where;
	_Alignas(16) u8 state[];
};

static inline void *iter_state(struct iter *iter)
{
	return iter->state;
}

#endif
