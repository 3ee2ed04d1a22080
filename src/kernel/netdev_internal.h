/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside kernel/: what the files of the network share. */
#ifndef ANYBPF_KERNEL_NETDEV_INTERNAL_H
#define ANYBPF_KERNEL_NETDEV_INTERNAL_H

#include "kernel/netdev.h"

/* Gives back what programs may still see. */
void net_defer(struct network *net, struct deferred *deferred,
	       void (*free)(struct host *host, struct deferred *deferred));
/* Of a caller that has .host_lock. */
int net_device_add_locked(struct network *net, const struct net_device_options *opts,
			  struct net_device **dev);

#endif
