/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's part for sockets, and its network namespaces. */
#include "kernel/net.h"

#include <errno.h>

#include "kernel/sockets.h"

/* Where Linux's numbers of namespaces' inodes start. */
#define INIT_NET_INUM 4026531840u

static struct sockets *of_part(struct host_part *part)
{
	return part ? container_of(part, struct sockets, part) : NULL;
}

/* NULL when the host is just ending. */
static struct sockets *sockets_peek(struct host *host)
{
	return of_part(atomic_load(&host->parts[HOST_PART_SOCKETS]));
}

static struct net *net_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct net, host_object);
}

static void net_unlink(struct kernel_object *kobj)
{
	struct sockets *sockets = sockets_peek(kobj->obj.host);
	struct net *net = net_of(kobj);

	if (!sockets)
		return;
	spin_lock(&sockets->net_lock);
	for (struct net **at = &sockets->nets; *at; at = &(*at)->host_next) {
		if (*at == net) {
			*at = net->host_next;
			break;
		}
	}
	spin_unlock(&sockets->net_lock);
}

static void net_free(struct kernel_object *kobj)
{
	mem_free(kobj->obj.host->mem, net_of(kobj));
}

static const struct kernel_object_ops net_ops = {
	.object = {.kind = OBJECT_NET, .free = kernel_object_release},
	.unlink = net_unlink,
	.free = net_free,
};

static struct net *net_add(struct host *host, struct sockets *sockets, u32 id)
{
	struct net *net = mem_zalloc(host->mem, sizeof(*net));

	if (!net)
		return NULL;
	kernel_object_init(&net->host_object, &net_ops, host);
	net->host_id = id;
	net->net_cookie = id ? atomic_fetch_add(&sockets->next_cookie, 1) : INIT_NET_COOKIE;
	net->ns.inum = INIT_NET_INUM + id;
	spin_lock(&sockets->net_lock);
	net->host_next = sockets->nets;
	sockets->nets = net;
	spin_unlock(&sockets->net_lock);
	return net;
}

struct net *net_create(struct host *host, u32 id)
{
	struct sockets *sockets = host_sockets(host);

	return sockets ? net_add(host, sockets, id) : NULL;
}

struct net *net_init_ns(struct host *host)
{
	struct sockets *sockets = host_sockets(host);

	return sockets ? sockets->init_net : NULL;
}

struct net *net_by_id(struct host *host, u32 id)
{
	struct sockets *sockets = host_sockets(host);
	struct net *net;

	if (!sockets)
		return NULL;
	spin_lock(&sockets->net_lock);
	for (net = sockets->nets; net; net = net->host_next)
		if (net->host_id == id && kernel_object_try_get(&net->host_object))
			break;
	spin_unlock(&sockets->net_lock);
	return net;
}

/* ---- the part ---- */

static void forget(struct sock_bucket *table)
{
	for (u32 i = 0; i < SOCK_BUCKETS; i++)
		while (table[i].first)
			sock_unhash((struct sock *)(void *)table[i].first);
}

static void sockets_free(struct host *host, struct host_part *part)
{
	struct sockets *sockets = container_of(part, struct sockets, part);

	/* What waits to be freed may be there still. */
	forget(sockets->established);
	forget(sockets->listening);
	forget(sockets->udp);
	net_put(sockets->init_net);
	mem_free(host->mem, sockets);
}

static struct host_part *sockets_make(struct host *host)
{
	struct sockets *sockets = mem_zalloc(host->mem, sizeof(*sockets));

	if (!sockets)
		return NULL;
	sockets->part.free = sockets_free;
	atomic_init(&sockets->next_cookie, INIT_NET_COOKIE + 1);
	sockets->hash_seed = host->env.random_u32(host->env.ctx);
	sockets->init_net = net_add(host, sockets, 0);
	if (sockets->init_net)
		return &sockets->part;
	mem_free(host->mem, sockets);
	return NULL;
}

struct sockets *host_sockets(struct host *host)
{
	return of_part(host_part(host, HOST_PART_SOCKETS, sockets_make));
}
