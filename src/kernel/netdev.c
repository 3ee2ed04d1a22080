/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network and its devices. Who looks a device up takes no lock: the table of
 * devices is replaced as a whole, and the old one given back by host_defer().
 */
#include "kernel/netdev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/fib.h"
#include "kernel/netdev_internal.h"

#define DEFAULT_MTU	 1500
#define LOOPBACK_MTU	 65536
#define MAX_MTU		 65535
#define MIN_MTU		 68
#define TX_QUEUE_LEN	 1000
#define XDP_FEATURES_ALL (NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT | NETDEV_XDP_ACT_NDO_XMIT)

struct net_table {
	struct deferred deferred;
	u32 n;
	struct net_device *dev[]; /* by number; the newest table has the references */
};

/* ---- the table ---- */

static void free_table(struct host *host, struct deferred *deferred)
{
	mem_free(host->mem, container_of(deferred, struct net_table, deferred));
}

static struct net_table *table_of(const struct network *net)
{
	return atomic_load_explicit(&net->devices, memory_order_acquire);
}

static u32 position(const struct net_table *table, u32 ifindex)
{
	u32 i = 0;

	while (i < table->n && (u32)table->dev[i]->ifindex < ifindex)
		i++;
	return i;
}

static struct net_table *new_table(const struct network *net, u32 n)
{
	struct net_table *table =
		mem_zalloc(net->host->mem, sizeof(*table) + n * sizeof(table->dev[0]));

	if (table)
		table->n = n;
	return table;
}

void net_defer(struct network *net, struct deferred *deferred,
	       void (*free)(struct host *host, struct deferred *deferred))
{
	struct host *host = net->host;

	host_defer(host, os_current_cpu() % host->env.nr_cpus, deferred, free);
}

static void publish_table(struct network *net, struct net_table *table)
{
	struct net_table *old = atomic_exchange(&net->devices, table);

	if (old)
		net_defer(net, &old->deferred, free_table);
}

static int table_insert(struct network *net, struct net_device *dev)
{
	struct net_table *old = table_of(net), *table = new_table(net, old->n + 1);
	u32 at = position(old, (u32)dev->ifindex);

	if (!table)
		return -ENOMEM;
	memcpy(table->dev, old->dev, at * sizeof(old->dev[0]));
	table->dev[at] = dev;
	memcpy(table->dev + at + 1, old->dev + at, (old->n - at) * sizeof(old->dev[0]));
	publish_table(net, table);
	return 0;
}

/* Never fails: a place that cannot be taken out of the table is that of a device of no number. */
static void table_remove(struct network *net, struct net_device *dev)
{
	struct net_table *old = table_of(net), *table = new_table(net, old->n - 1);
	u32 at = position(old, (u32)dev->ifindex);

	if (!table)
		return;
	memcpy(table->dev, old->dev, at * sizeof(old->dev[0]));
	memcpy(table->dev + at, old->dev + at + 1, (table->n - at) * sizeof(old->dev[0]));
	publish_table(net, table);
	net_device_put(dev);
}

static struct net_device *table_find(const struct network *net, u32 ifindex)
{
	const struct net_table *table = table_of(net);
	u32 at = position(table, ifindex);

	if (at == table->n || (u32)table->dev[at]->ifindex != ifindex)
		return NULL;
	return __atomic_load_n(&table->dev[at]->host_registered, __ATOMIC_ACQUIRE) ? table->dev[at]
										   : NULL;
}

/* ---- devices ---- */

static struct net_device *device_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct net_device, host_kobj);
}

static void drop_queue(struct net_queue *queue)
{
	struct net_frame *frame;

	while ((frame = net_queue_take(queue)))
		net_frame_free(frame);
}

static void device_free(struct kernel_object *kobj)
{
	struct net_device *dev = device_of(kobj);

	drop_queue(&dev->host_sent);
	drop_queue(&dev->host_received);
	mem_free(kobj->obj.host->mem, dev);
}

static const struct kernel_object_ops device_ops = {
	.object = {.kind = OBJECT_DEVICE, .free = kernel_object_release},
	.free = device_free,
};

u32 net_device_number_locked(struct network *net, const char *name)
{
	const struct net_table *table = table_of(net);

	for (u32 i = 0; i < table->n; i++)
		if (!strcmp(table->dev[i]->name, name))
			return (u32)table->dev[i]->ifindex;
	return 0;
}

struct net_device *net_device_find_locked(struct network *net, u32 ifindex)
{
	return table_find(net, ifindex);
}

static bool name_taken(struct network *net, const char *name)
{
	return net_device_number_locked(net, name);
}

/* Under the lock. "%d" in a name is the least number that is free. */
static int choose_name(struct network *net, const char *pattern, char name[IFNAMSIZ])
{
	const char *number = strstr(pattern, "%d");
	size_t len = strlen(pattern);

	if (!len || len >= IFNAMSIZ - 3u)
		return -EINVAL;
	if (!number) {
		memcpy(name, pattern, len + 1);
		return name_taken(net, name) ? -EEXIST : 0;
	}
	for (u32 n = 0; n < 10000; n++) {
		int put = snprintf(name, IFNAMSIZ, "%.*s%u", (int)(number - pattern), pattern, n);

		if (put < 0 || put >= IFNAMSIZ)
			break;
		if (!name_taken(net, name))
			return 0;
	}
	return -EINVAL;
}

static void set_address(struct net_device *dev, const u8 addr[ETH_ALEN])
{
	static const u8 none[ETH_ALEN];

	if (dev->type == ARPHRD_NONE)
		return;
	dev->addr_len = ETH_ALEN;
	memset(dev->broadcast, 0xff, ETH_ALEN);
	memcpy(dev->host_addr, addr, ETH_ALEN);
	if (!memcmp(addr, none, ETH_ALEN) && dev->type == ARPHRD_ETHER) {
		dev->host_addr[0] = 2; /* locally administered */
		put_be32(dev->host_addr + 2, (u32)dev->ifindex);
	}
	memcpy(dev->perm_addr, dev->host_addr, ETH_ALEN);
}

static void describe(struct net_device *dev, const struct net_device_options *opts)
{
	u32 queues = opts->rx_queues ? opts->rx_queues : 1;

	dev->type = opts->type ? opts->type : ARPHRD_ETHER;
	dev->flags = opts->flags ? opts->flags : IFF_BROADCAST | IFF_MULTICAST;
	if (!opts->flags && !opts->down)
		dev->flags |= IFF_UP | IFF_RUNNING;
	dev->mtu = opts->mtu ? opts->mtu : DEFAULT_MTU;
	dev->min_mtu = MIN_MTU;
	dev->max_mtu = MAX_MTU;
	if (dev->type != ARPHRD_NONE)
		dev->hard_header_len = ETH_HLEN;
	dev->min_header_len = (unsigned char)dev->hard_header_len;
	dev->num_rx_queues = dev->real_num_rx_queues = queues;
	dev->num_tx_queues = dev->real_num_tx_queues = queues;
	dev->tx_queue_len = TX_QUEUE_LEN;
	dev->xdp_features = opts->no_xdp_xmit ? 0 : XDP_FEATURES_ALL;
	dev->host_forward4 = dev->host_forward6 = opts->forward;
	set_address(dev, opts->addr);
}

static u32 choose_ifindex(struct network *net, u32 wanted)
{
	if (wanted)
		return table_find(net, wanted) ? 0 : wanted;
	while (table_find(net, net->next_ifindex))
		net->next_ifindex++;
	return net->next_ifindex++;
}

static int device_register(struct network *net, struct net_device *dev,
			   const struct net_device_options *opts)
{
	int err = choose_name(net, opts->name ? opts->name : "eth%d", dev->name);

	if (err)
		return err;
	if (opts->ifindex > INT32_MAX || opts->mtu > INT32_MAX)
		return -EINVAL;
	dev->ifindex = (int)choose_ifindex(net, opts->ifindex);
	if (!dev->ifindex)
		return -EEXIST;
	describe(dev, opts);
	err = table_insert(net, dev);
	dev->host_registered = !err;
	return err;
}

/* Under the lock. */
int net_device_add_locked(struct network *net, const struct net_device_options *opts,
			  struct net_device **out)
{
	struct net_device *dev = mem_zalloc(net->host->mem, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	kernel_object_init(&dev->host_kobj, &device_ops, net->host);
	dev->dev_addr = dev->host_addr;
	dev->nd_net.net = net->ns;
	dev->host_net = net;
	err = device_register(net, dev, opts);
	if (err) {
		mem_free(net->host->mem, dev);
		return err;
	}
	*out = dev;
	return 0;
}

int net_device_add(struct network *net, const struct net_device_options *opts,
		   struct net_device **dev)
{
	int err;

	pthread_mutex_lock(&net->lock);
	net->given = true;
	err = net_device_add_locked(net, opts, dev);
	pthread_mutex_unlock(&net->lock);
	return err;
}

void net_device_connect(struct net_device *a, struct net_device *b)
{
	struct network *net = a->host_net;

	pthread_mutex_lock(&net->lock);
	a->host_peer = b;
	b->host_peer = a;
	pthread_mutex_unlock(&net->lock);
}

int net_device_set_xdp(struct net_device *dev, struct prog *prog)
{
	struct prog *old;

	if (prog && (prog->type != BPF_PROG_TYPE_XDP || !prog->runnable ||
		     prog->expected_attach_type == BPF_XDP_DEVMAP ||
		     prog->expected_attach_type == BPF_XDP_CPUMAP))
		return -EINVAL;
	if (prog)
		object_get(&prog->obj);
	old = atomic_exchange(&dev->host_xdp, prog);
	if (old) {
		host_synchronize(dev->host_kobj.obj.host);
		object_put(&old->obj);
	}
	return 0;
}

static void unregister(struct network *net, struct net_device *dev)
{
	__atomic_store_n(&dev->flags, dev->flags & ~(u32)(IFF_UP | IFF_RUNNING), __ATOMIC_RELAXED);
	if (dev->host_peer)
		dev->host_peer->host_peer = NULL;
	dev->host_peer = NULL;
	__atomic_store_n(&dev->host_registered, false, __ATOMIC_RELEASE);
	table_remove(net, dev);
}

void net_device_remove(struct net_device *dev)
{
	struct network *net = dev->host_net;

	net_device_set_xdp(dev, NULL);
	pthread_mutex_lock(&net->lock);
	unregister(net, dev);
	pthread_mutex_unlock(&net->lock);
}

struct net_device *net_device_find(struct network *net, u32 ifindex)
{
	net_know(net);
	return table_find(net, ifindex);
}

struct net_device *net_device_get(struct network *net, u32 ifindex)
{
	struct net_device *dev;

	net_know(net);
	pthread_mutex_lock(&net->lock);
	dev = table_find(net, ifindex);
	if (dev)
		net_device_hold(dev);
	pthread_mutex_unlock(&net->lock);
	return dev;
}

/* ---- the network ---- */

static struct network *network_of_part(struct host_part *part)
{
	return container_of(part, struct network, part);
}

static void net_free(struct host *host, struct host_part *part)
{
	struct network *net = network_of_part(part);
	struct net_table *table = table_of(net);

	drop_queue(&net->backlog);
	for (u32 i = table ? table->n : 0; i--;) {
		net_device_set_xdp(table->dev[i], NULL);
		net_device_put(table->dev[i]);
	}
	mem_free(host->mem, table);
	fib_free(host, atomic_load(&net->fib));
	pthread_mutex_destroy(&net->lock);
	mem_free(host->mem, net);
}

static struct host_part *net_new(struct host *host)
{
	const struct net_device_options loopback = {
		.name = "lo",
		.ifindex = LOOPBACK_IFINDEX,
		.mtu = LOOPBACK_MTU,
		.flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK,
		.type = ARPHRD_LOOPBACK,
		.no_xdp_xmit = true,
	};
	struct network *net = mem_zalloc(host->mem, sizeof(*net));
	struct net_table *table;

	if (!net)
		return NULL;
	net->part.free = net_free;
	net->host = host;
	net->ns = net_init_ns(host);
	net->next_ifindex = LOOPBACK_IFINDEX + 1;
	pthread_mutex_init(&net->lock, NULL);
	table = new_table(net, 0);
	atomic_init(&net->devices, table);
	if (!table || !net->ns || net_device_add_locked(net, &loopback, &net->loopback)) {
		net_free(host, &net->part);
		return NULL;
	}
	return &net->part;
}

struct network *network_of(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_NET, net_new);

	return part ? network_of_part(part) : NULL;
}
