/* SPDX-License-Identifier: BSD-2-Clause */
/* Targets of redirects; see xdp.h. */
#include "kernel/xdp.h"

#include <errno.h>

#define RING_DEFAULT 2048u

struct xdp_target *xdp_target_new(struct host *host, struct net_device *dev, struct prog *prog)
{
	struct xdp_target *target = mem_zalloc(host->mem, sizeof(*target));

	if (!target) {
		net_device_put(dev);
		if (prog)
			object_put(&prog->obj);
		return NULL;
	}
	target->host = host;
	atomic_init(&target->refs, 1);
	target->dev = dev;
	target->prog = prog;
	return target;
}

void xdp_target_get(struct xdp_target *target)
{
	atomic_fetch_add_explicit(&target->refs, 1, memory_order_relaxed);
}

static void free_target(struct host *host, struct deferred *deferred)
{
	struct xdp_target *target = container_of(deferred, struct xdp_target, deferred);

	net_device_put(target->dev);
	mem_free(host->mem, target);
}

/*
 * Freeing a program may wait for all executions, which what is deferred must
 * not. A program that is let go here may run no longer: only frames on their
 * way run it, and each has a reference of the target.
 */
void xdp_target_put(struct xdp_target *target)
{
	struct host *host;

	if (!target || atomic_fetch_sub_explicit(&target->refs, 1, memory_order_acq_rel) != 1)
		return;
	host = target->host;
	if (target->prog)
		object_put(&target->prog->obj);
	host_defer(host, os_current_cpu() % host->env.nr_cpus, &target->deferred, free_target);
}

/* ---- AF_XDP ---- */

void xdp_sock_drop(struct xdp_sock *xs)
{
	struct net_frame *frame;

	while ((frame = net_queue_take(&xs->host_received)))
		net_frame_free(frame);
	net_device_put(xs->dev);
}

int xdp_sock_new(struct network *net, u32 ifindex, u32 queue_id, u32 ring, struct xdp_sock **out)
{
	const struct sock_spec spec = {.family = AF_XDP, .type = SOCK_RAW};
	struct net_device *dev = net_device_get(net, ifindex);
	struct sock *sk;
	int err;

	if (!dev)
		return -ENODEV;
	err = queue_id < dev->real_num_rx_queues ? sock_create(net->host, &spec, &sk) : -EINVAL;
	if (err) {
		net_device_put(dev);
		return err;
	}
	*out = container_of(sk, struct xdp_sock, sk);
	(*out)->dev = dev;
	(*out)->queue_id = (u16)queue_id;
	(*out)->host_ring = ring ? ring : RING_DEFAULT;
	return 0;
}

struct xdp_sock *xdp_sock_of(struct object *obj)
{
	struct kernel_object *kobj = container_of(obj, struct kernel_object, obj);

	if (obj->ops->kind != OBJECT_SOCKET || sock_common_of(kobj)->skc_family != AF_XDP)
		return NULL;
	return (struct xdp_sock *)(void *)sock_common_of(kobj);
}

int xdp_sock_receive(struct xdp_sock *xs, struct net_frame *frame)
{
	int err = 0;

	if (!xs->dev) {
		net_frame_free(frame);
		return -ENXIO;
	}
	if (frame->ifindex != (u32)xs->dev->ifindex || frame->queue != xs->queue_id) {
		net_frame_free(frame);
		return -EINVAL;
	}
	spin_lock(&xs->host_lock);
	if (xs->host_received.len < xs->host_ring) {
		net_queue_put(&xs->host_received, frame);
	} else {
		xs->rx_dropped++;
		err = -ENOSPC;
	}
	spin_unlock(&xs->host_lock);
	if (err)
		net_frame_free(frame);
	return err;
}

struct net_frame *xdp_sock_take(struct xdp_sock *xs)
{
	struct net_frame *frame;

	spin_lock(&xs->host_lock);
	frame = net_queue_take(&xs->host_received);
	spin_unlock(&xs->host_lock);
	return frame;
}
