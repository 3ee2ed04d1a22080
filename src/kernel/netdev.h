/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's network: one namespace with its devices. A device is a place that
 * frames are sent to and come in by; there is no hardware behind it and no
 * protocol stack above: what was sent and what was received waits in two queues
 * for whoever reads them, a test or the owner of the host. Two devices may be
 * the ends of one cable, as veth's are: what one sends the other receives.
 *
 * A loopback device is always there. Devices and routes are the owner's to give;
 * else they are the machine's (the environment's, that is) when somebody first
 * asks for more: then they have its names, numbers and addresses, but no frame
 * ever leaves the host.
 *
 * Programs may look at devices without a reference while they run; everybody
 * else holds one. A device that was removed stays in memory as long as that.
 */
#ifndef ANYBPF_KERNEL_NETDEV_H
#define ANYBPF_KERNEL_NETDEV_H

#include <pthread.h>

#include "base/err.h"
#include "base/sync.h"
#include "kernel/kernel.h"
#include "kernel/net.h"
#include "object/packet.h"
#include "object/prog.h"

#define IFNAMSIZ	 16
#define MAX_ADDR_LEN	 32
#define LOOPBACK_IFINDEX 1u

/* net_device.flags */
#define IFF_UP	      0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK  0x8
#define IFF_RUNNING   0x40
#define IFF_MULTICAST 0x1000

/* net_device.type */
#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK 772
#define ARPHRD_NONE	0xfffe

/* net_device.xdp_features */
#define NETDEV_XDP_ACT_BASIC	   BIT(0)
#define NETDEV_XDP_ACT_REDIRECT	   BIT(1)
#define NETDEV_XDP_ACT_NDO_XMIT	   BIT(2) /* frames may be redirected to it */
#define NETDEV_XDP_ACT_NDO_XMIT_SG BIT(6) /* also those with fragments */

struct net_table;
struct network;
struct fib;

struct net_device_stats {
	unsigned long rx_packets, tx_packets;
	unsigned long rx_bytes, tx_bytes;
	unsigned long rx_errors, tx_errors;
	unsigned long rx_dropped, tx_dropped;
};

struct net_device {
	char name[IFNAMSIZ];
	int ifindex;
	unsigned int flags;
	unsigned int mtu;
	unsigned int min_mtu, max_mtu;
	unsigned short type; /* ARPHRD_* */
	unsigned short hard_header_len;
	unsigned char min_header_len;
	unsigned char addr_len;
	const unsigned char *dev_addr; /* host_addr */
	unsigned char perm_addr[MAX_ADDR_LEN];
	unsigned char broadcast[MAX_ADDR_LEN];
	unsigned int num_rx_queues, real_num_rx_queues;
	unsigned int num_tx_queues, real_num_tx_queues;
	unsigned int tx_queue_len; /* frames that each queue keeps for its reader */
	unsigned int group;
	u32 xdp_features; /* NETDEV_XDP_ACT_* */
	possible_net_t nd_net;
	struct net_device_stats stats;

	struct kernel_object host_kobj;
	struct network *host_net;
	unsigned char host_addr[MAX_ADDR_LEN];
	struct net_device *host_peer;	   /* the cable's other end, or NULL; no reference */
	_Atomic(struct prog *) host_xdp;   /* sees what it receives; holds a reference, or NULL */
	bool host_forward4, host_forward6; /* routes what it receives */
	bool host_registered;
	struct spinlock host_lock; /* of queues and statistics */
	struct net_queue host_sent, host_received;
};

/* What a frame in the backlog is about to do. */
enum net_step {
	NET_STEP_XMIT,	  /* go out by .dev, seen by .target's program before */
	NET_STEP_RECEIVE, /* come in by .dev, seen by its XDP program before */
	NET_STEP_STACK,	  /* come in by .dev, behind XDP */
	NET_STEP_CPU,	  /* go to the CPU of .target, and come in there */
};

/* What arrived where: a frame as a reader gets it. */
struct net_frame {
	struct net_frame *next;
	const struct mem *mem;
	u8 *data; /* the packet */
	u32 len;
	u32 ifindex; /* of the device that it came in by first */
	u32 queue;   /* of that device */
	u32 meta;    /* bytes of metadata before .data */
	u32 cpu;     /* where its last program ran */

	/* on its way: see hook/deliver.h */
	struct net_device *dev;	   /* that it is to be sent by or comes in by: a reference */
	struct xdp_target *target; /* a map's element: a reference, or NULL */
	u8 step;		   /* enum net_step */
	u8 hops;
	u32 size; /* of .buf */
	u8 *buf;  /* behind the structure: head room, packet, tail room */
};

/* What the host keeps of its network. */
struct network {
	struct host_part part;
	struct host *host;
	struct net *ns; /* the initial one: all devices are in it */
	struct net_device *loopback;
	pthread_mutex_t lock; /* of changes */
	bool given;	      /* by the owner, or the machine has been asked */
	u32 next_ifindex;
	_Atomic(struct net_table *) devices;
	_Atomic(struct fib *) fib;
	struct spinlock backlog_lock;
	struct net_queue backlog;
};

/* The host's network, made when it is first asked for; NULL when out of memory. */
struct network *network_of(struct host *host);

/* What a new device shall be; zeros mean the usual. */
struct net_device_options {
	const char *name;   /* "eth%d" counts; NULL: that */
	u32 ifindex;	    /* 0: the next free */
	u32 mtu;	    /* 1500 */
	u32 flags;	    /* up, running, broadcast, multicast */
	u16 type;	    /* ARPHRD_ETHER */
	u32 rx_queues;	    /* 1 */
	u8 addr[ETH_ALEN];  /* one is made up */
	bool down, forward; /* not up; forwards */
	bool no_xdp_xmit;   /* XDP programs cannot redirect to it */
};

/* 0, -EEXIST (name or number), -EINVAL or -ENOMEM. *@dev is the network's own reference. */
int net_device_add(struct network *net, const struct net_device_options *opts,
		   struct net_device **dev);
/* Makes two devices the ends of one cable. */
void net_device_connect(struct net_device *a, struct net_device *b);
/* From now on nobody finds it, and what is sent to it is dropped. */
void net_device_remove(struct net_device *dev);
/* An XDP program for what it receives, NULL for none: 0, or -EINVAL of another type. */
int net_device_set_xdp(struct net_device *dev, struct prog *prog);

/* In an execution: without a reference, valid until its end. NULL: there is none. */
struct net_device *net_device_find(struct network *net, u32 ifindex);
/* Anywhere: with a reference. */
struct net_device *net_device_get(struct network *net, u32 ifindex);

static inline void net_device_hold(struct net_device *dev)
{
	kernel_object_get(&dev->host_kobj);
}

static inline void net_device_put(struct net_device *dev)
{
	if (dev)
		kernel_object_put(&dev->host_kobj);
}

/* ---- frames ---- */

/* A frame with room before and behind as XDP programs need it; NULL when out of memory. */
struct net_frame *net_frame_new(struct host *host, const u8 *data, u32 meta, u32 len);
struct net_frame *net_frame_clone(const struct net_frame *frame);
/* Gives up the references too. */
void net_frame_free(struct net_frame *frame);

void net_queue_put(struct net_queue *queue, struct net_frame *frame);
struct net_frame *net_queue_take(struct net_queue *queue);

/* What is to be done outside of executions; see hook/deliver.h. Takes the frame over. */
void net_backlog_add(struct network *net, struct net_frame *frame);
struct net_frame *net_backlog_take(struct network *net);

/* Into a queue of the device for its reader, or dropped when that is full. Takes the frame over. */
void net_device_sent(struct net_device *dev, struct net_frame *frame);
/* Counts a frame that went on without waiting for a reader. */
void net_device_count_sent(struct net_device *dev, u32 len);
void net_device_received(struct net_device *dev, struct net_frame *frame);
/* The oldest frame that it sent or received, the caller's from now on; NULL: there is none. */
struct net_frame *net_device_take_sent(struct net_device *dev);
struct net_frame *net_device_take_received(struct net_device *dev);

#endif
