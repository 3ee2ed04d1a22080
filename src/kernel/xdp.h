/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where XDP programs redirect frames to besides devices: the elements of
 * devmaps and cpumaps, and AF_XDP sockets.
 */
#ifndef ANYBPF_KERNEL_XDP_H
#define ANYBPF_KERNEL_XDP_H

#include "kernel/netdev.h"
#include "kernel/sock.h"

/* An element of a devmap (.dev) or of a cpumap (.cpu). Replaced as a whole, never changed. */
struct xdp_target {
	struct deferred deferred;
	struct host *host;
	_Atomic u32 refs;
	_Atomic(struct xdp_target *) next; /* in its chain of a devmap_hash */
	u32 key;
	struct net_device *dev; /* a reference; NULL of a cpumap */
	struct prog *prog; /* sees frames on their way out, or on the CPU: a reference, or NULL */
	u32 cpu;
	_Atomic u32 queued; /* frames that wait for the CPU */
	union {		    /* what a lookup gives */
		struct bpf_devmap_val dev;
		struct bpf_cpumap_val cpu;
	} val;
};

/* With one reference. Takes over those of @dev and @prog, also when out of memory (NULL). */
struct xdp_target *xdp_target_new(struct host *host, struct net_device *dev, struct prog *prog);
void xdp_target_get(struct xdp_target *target);
/* Programs may see it until they end. NULL is allowed. */
void xdp_target_put(struct xdp_target *target);

/*
 * AF_XDP sockets (struct xdp_sock): bound to a queue of a device, one receives the
 * frames of that queue which programs redirect to it. Rings and shared memory are
 * left out: the reader gets the frames themselves.
 */

/* With one reference; 0 for @ring is Linux's usual 2048. 0, -ENODEV, -EINVAL (queue), -ENOMEM. */
int xdp_sock_new(struct network *net, u32 ifindex, u32 queue_id, u32 ring, struct xdp_sock **xs);
/* NULL when the object is none. */
struct xdp_sock *xdp_sock_of(struct object *obj);
/* Takes the frame over: 0, -ENXIO not bound, -EINVAL from another device or queue, -ENOSPC. */
int xdp_sock_receive(struct xdp_sock *xs, struct net_frame *frame);
struct net_frame *xdp_sock_take(struct xdp_sock *xs);

/* What one that is being freed holds. */
void xdp_sock_drop(struct xdp_sock *xs);

static inline void xdp_sock_put(struct xdp_sock *xs)
{
	if (xs)
		sock_put(&xs->sk);
}

#endif
