/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network namespaces. A host has one from the start, the initial one, whose
 * cookie is 1 as in Linux; tests make more. Sockets hold a reference.
 */
#ifndef ANYBPF_KERNEL_NET_H
#define ANYBPF_KERNEL_NET_H

#include "kernel/kernel.h"
#include "kernel/types.h"

#define INIT_NET_COOKIE 1

struct net_frame;

/* Frames that wait for a reader, oldest first. */
struct net_queue {
	struct net_frame *first, *last;
	u32 len;
};

struct net {
	struct ns_common ns;
	u64 net_cookie;

	struct kernel_object host_object;
	struct net *host_next; /* of the host's list */
	u32 host_id;	       /* what bpf_sk_lookup_tcp() and others call it; 0: the initial one */
};

typedef struct {
	struct net *net;
} possible_net_t;

/* The initial one, or NULL when there is no memory for it. No reference is taken. */
struct net *net_init_ns(struct host *host);
/* Another one, known under a number that no other has; one reference. NULL: no memory. */
struct net *net_create(struct host *host, u32 id);
/* By number as seen from any other; a reference, or NULL. */
struct net *net_by_id(struct host *host, u32 id);

static inline void net_put(struct net *net)
{
	if (net)
		kernel_object_put(&net->host_object);
}

#endif
