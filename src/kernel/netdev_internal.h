/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside kernel/: what the files of the network share. */
#ifndef ANYBPF_KERNEL_NETDEV_INTERNAL_H
#define ANYBPF_KERNEL_NETDEV_INTERNAL_H

#include "kernel/netdev.h"

/* Gives back what programs may still see. */
void net_defer(struct network *net, struct deferred *deferred,
	       void (*free)(struct host *host, struct deferred *deferred));
/* Of a caller that has .lock. */
int net_device_add_locked(struct network *net, const struct net_device_options *opts,
			  struct net_device **dev);
struct net_device *net_device_find_locked(struct network *net, u32 ifindex);
/* By name; 0: there is none. */
u32 net_device_number_locked(struct network *net, const char *name);
/* Fills the network from the environment; what cannot be had is left out. */
void net_take_machine(struct network *net);

/* Before anybody looks: what the owner has given, or else the machine's. */
static inline void net_know(struct network *net)
{
	if (!__atomic_load_n(&net->given, __ATOMIC_ACQUIRE))
		net_take_machine(net);
}

#endif
