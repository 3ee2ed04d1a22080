/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside kernel/: the part of a host that has its sockets and network namespaces. */
#ifndef ANYBPF_KERNEL_SOCKETS_H
#define ANYBPF_KERNEL_SOCKETS_H

#include "base/sync.h"
#include "kernel/sock.h"

#define SOCK_BUCKETS 256

struct sock_bucket {
	struct spinlock lock;
	struct sock_common *first;
};

struct sockets {
	struct host_part part;
	_Atomic u64 next_cookie;
	_Atomic u32 next_reuseport;
	struct spinlock net_lock;
	struct net *nets;     /* all of them */
	struct net *init_net; /* the part's own reference */
	/* By the whole address; by local port. */
	struct sock_bucket established[SOCK_BUCKETS];
	struct sock_bucket listening[SOCK_BUCKETS];
	struct sock_bucket udp[SOCK_BUCKETS];
	u32 hash_seed;
	struct spinlock map_lock; /* see psock.h */
};

/* It has no port any more: leaves the places in maps that are for those which share one. */
void sock_leave_port(struct sock *sk);

/* NULL: no memory. */
struct sockets *host_sockets(struct host *host);

#endif
