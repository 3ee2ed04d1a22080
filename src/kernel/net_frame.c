/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, queues of them, and where they end: in the queues of a device. */
#include <errno.h>
#include <string.h>

#include "kernel/xdp.h"

#define HEADROOM 256u /* XDP_PACKET_HEADROOM */
#define TAILROOM 320u
#define BUFFER	 4096u

static struct net_frame *alloc_frame(const struct mem *mem, u32 size)
{
	struct net_frame *frame = mem_alloc(mem, sizeof(*frame) + size);

	if (!frame)
		return NULL;
	memset(frame, 0, sizeof(*frame));
	frame->mem = mem;
	frame->size = size;
	frame->buf = (u8 *)(frame + 1);
	return frame;
}

struct net_frame *net_frame_new(struct host *host, const u8 *data, u32 meta, u32 len)
{
	u32 size = HEADROOM + len + TAILROOM;
	struct net_frame *frame = alloc_frame(host->mem, size < BUFFER ? BUFFER : size);

	if (!frame)
		return NULL;
	frame->data = frame->buf + HEADROOM;
	frame->len = len;
	frame->meta = meta;
	memcpy(frame->data - meta, data - meta, meta + len);
	memset(frame->data + len, 0, (size_t)(frame->buf + frame->size - frame->data) - len);
	return frame;
}

struct net_frame *net_frame_clone(const struct net_frame *frame)
{
	struct net_frame *clone = alloc_frame(frame->mem, frame->size);

	if (!clone)
		return NULL;
	memcpy(clone->buf, frame->buf, frame->size);
	clone->data = clone->buf + (frame->data - frame->buf);
	clone->len = frame->len;
	clone->ifindex = frame->ifindex;
	clone->queue = frame->queue;
	clone->meta = frame->meta;
	clone->hops = frame->hops;
	return clone;
}

void net_frame_free(struct net_frame *frame)
{
	if (!frame)
		return;
	net_device_put(frame->dev);
	xdp_target_put(frame->target);
	mem_free(frame->mem, frame);
}

void net_queue_put(struct net_queue *queue, struct net_frame *frame)
{
	frame->next = NULL;
	if (queue->last)
		queue->last->next = frame;
	else
		queue->first = frame;
	queue->last = frame;
	queue->len++;
}

struct net_frame *net_queue_take(struct net_queue *queue)
{
	struct net_frame *frame = queue->first;

	if (!frame)
		return NULL;
	queue->first = frame->next;
	if (!queue->first)
		queue->last = NULL;
	queue->len--;
	return frame;
}

void net_backlog_add(struct network *net, struct net_frame *frame)
{
	spin_lock(&net->backlog_lock);
	net_queue_put(&net->backlog, frame);
	spin_unlock(&net->backlog_lock);
}

struct net_frame *net_backlog_take(struct network *net)
{
	struct net_frame *frame;

	spin_lock(&net->backlog_lock);
	frame = net_queue_take(&net->backlog);
	spin_unlock(&net->backlog_lock);
	return frame;
}

/* The journey is over: what it held is given back. */
static void arrive(struct net_device *dev, struct net_queue *queue, struct net_frame *frame,
		   bool sent)
{
	struct net_device_stats *stats = &dev->stats;
	struct net_device *held = frame->dev;
	struct xdp_target *target = frame->target;
	bool full;

	frame->dev = NULL;
	frame->target = NULL;
	spin_lock(&dev->host_lock);
	full = queue->len >= dev->tx_queue_len;
	*(sent ? &stats->tx_packets : &stats->rx_packets) += !full;
	*(sent ? &stats->tx_bytes : &stats->rx_bytes) += full ? 0 : frame->len;
	*(sent ? &stats->tx_dropped : &stats->rx_dropped) += full;
	if (!full)
		net_queue_put(queue, frame);
	spin_unlock(&dev->host_lock);
	if (full)
		net_frame_free(frame);
	net_device_put(held);
	xdp_target_put(target);
}

void net_device_sent(struct net_device *dev, struct net_frame *frame)
{
	arrive(dev, &dev->host_sent, frame, true);
}

void net_device_received(struct net_device *dev, struct net_frame *frame)
{
	arrive(dev, &dev->host_received, frame, false);
}

void net_device_count_sent(struct net_device *dev, u32 len)
{
	spin_lock(&dev->host_lock);
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += len;
	spin_unlock(&dev->host_lock);
}

static struct net_frame *take(struct net_device *dev, struct net_queue *queue)
{
	struct net_frame *frame;

	spin_lock(&dev->host_lock);
	frame = net_queue_take(queue);
	spin_unlock(&dev->host_lock);
	return frame;
}

struct net_frame *net_device_take_sent(struct net_device *dev)
{
	return take(dev, &dev->host_sent);
}

struct net_frame *net_device_take_received(struct net_device *dev)
{
	return take(dev, &dev->host_received);
}
