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

static struct xdp_sock *sock_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct xdp_sock, host_kobj);
}

static void sock_free(struct kernel_object *kobj)
{
	struct xdp_sock *xs = sock_of(kobj);
	struct net_frame *frame;

	while ((frame = net_queue_take(&xs->host_received)))
		net_frame_free(frame);
	net_device_put(xs->dev);
	mem_free(kobj->obj.host->mem, xs);
}

static const struct kernel_object_ops sock_ops = {
	.object = {.kind = OBJECT_SOCKET, .free = kernel_object_release},
	.free = sock_free,
};

int xdp_sock_new(struct network *net, u32 ifindex, u32 queue_id, u32 ring, struct xdp_sock **out)
{
	struct net_device *dev = net_device_get(net, ifindex);
	struct xdp_sock *xs;

	if (!dev)
		return -ENODEV;
	if (queue_id >= dev->real_num_rx_queues) {
		net_device_put(dev);
		return -EINVAL;
	}
	xs = mem_zalloc(net->host->mem, sizeof(*xs));
	if (!xs) {
		net_device_put(dev);
		return -ENOMEM;
	}
	kernel_object_init(&xs->host_kobj, &sock_ops, net->host);
	xs->host_view.queue_id = queue_id;
	xs->dev = dev;
	xs->queue_id = queue_id;
	xs->host_ring = ring ? ring : RING_DEFAULT;
	*out = xs;
	return 0;
}

struct xdp_sock *xdp_sock_of(struct object *obj)
{
	return obj->ops == &sock_ops.object ? container_of(obj, struct xdp_sock, host_kobj.obj)
					    : NULL;
}

int xdp_sock_receive(struct xdp_sock *xs, struct net_frame *frame)
{
	int err = 0;

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
