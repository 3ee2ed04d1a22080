/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside kernel/: many routes and their like at once. */
#ifndef ANYBPF_KERNEL_FIB_INTERNAL_H
#define ANYBPF_KERNEL_FIB_INTERNAL_H

#include "base/vec.h"
#include "kernel/fib.h"

/* In any order but rules, which are in that of their priorities. */
struct fib_lists {
	const struct mem *mem;
	VEC(struct fib_route) routes;
	VEC(struct fib_rule) rules;
	VEC(struct fib_neighbour) neighbours;
	VEC(struct fib_address) addresses;
};

/* With the checks of fib_add_*(); what is wrong is left out. 0 or -ENOMEM. */
int fib_list_route(struct fib_lists *lists, const struct fib_route *route);
int fib_list_rule(struct fib_lists *lists, const struct fib_rule *rule);
int fib_list_neighbour(struct fib_lists *lists, const struct fib_neighbour *neighbour);
int fib_list_address(struct fib_lists *lists, const struct fib_address *address);
/* Becomes what the network has, if there is memory; of a caller that has the lock. */
void fib_fill_locked(struct network *net, struct fib_lists *lists);
void fib_lists_free(struct fib_lists *lists);

#endif
