/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: sockets that share a port, for programs that
 * choose one of them. Only user space changes it. It holds no reference: a
 * socket that gives up its port leaves.
 */
#include "map/reuseport_array.h"

#include "map/sock_map.h"
#include "map/types.h"

struct reuseport_array;

struct reuseport_place {
	struct sock_link link; /* first */
	struct reuseport_array *array;
	u32 index;
};

struct reuseport_array {
	struct map map;
	struct reuseport_place **places; /* desc.max_entries of them, NULL: empty */
};

static struct reuseport_array *array_of(struct map *map)
{
	return container_of(map, struct reuseport_array, map);
}

static int reuseport_check(const union bpf_attr *attr)
{
	if (attr->key_size != sizeof(u32) || !attr->max_entries ||
	    (attr->value_size != sizeof(u32) && attr->value_size != sizeof(u64)))
		return -EINVAL;
	return map_flags_ok(attr, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS) ? 0 : -EINVAL;
}

static size_t places_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(struct reuseport_place *), os_page_size());
}

static int reuseport_init(struct map *map, const union bpf_attr *attr __unused)
{
	if (!net_init_ns(map->obj.host))
		return -ENOMEM;
	array_of(map)->places = os_pages_alloc(places_size(map));
	return array_of(map)->places ? 0 : -ENOMEM;
}

/* A reference, although the array has none: the socket may be going this moment. */
struct sock *reuseport_array_get(struct map *map, const void *key)
{
	u32 index = get_u32(key);
	struct sock *sk = NULL;

	if (index >= map->desc.max_entries)
		return NULL;
	psock_lock(map->obj.host);
	if (array_of(map)->places[index])
		sk = array_of(map)->places[index]->link.sk;
	if (sk && !kernel_object_try_get(sock_object(sk)))
		sk = NULL;
	psock_unlock(map->obj.host);
	return sk;
}

static void forget_place(struct sock_link *link)
{
	struct reuseport_place *place = container_of(link, struct reuseport_place, link);

	place->array->places[place->index] = NULL;
}

/* Linux's checks, in its order. */
static int check_put(const struct sock *sk, bool taken, u64 flags)
{
	u16 protocol = sk->sk_protocol;

	if (taken && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!taken && flags == BPF_EXIST)
		return -ENOENT;
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || !sk_is_inet(sk) ||
	    (sk->sk_type != SOCK_STREAM && sk->sk_type != SOCK_DGRAM))
		return -ENOTSUPP;
	return sk->__sk_common.host_bucket && sk->sk_reuseport_cb ? 0 : -EINVAL;
}

static int put_place(struct map *map, struct reuseport_place *fresh, struct sock *sk, u64 flags,
		     struct psock_gone *gone)
{
	struct reuseport_place **at = &array_of(map)->places[fresh->index], *old = *at;
	int err = check_put(sk, old, flags);

	if (!err)
		err = psock_link_weak(sk, &fresh->link);
	if (err) {
		gone->link = &fresh->link;
		return err;
	}
	*at = fresh;
	if (old)
		*gone = psock_unlink(&old->link);
	return 0;
}

static int put(struct map *map, u32 index, struct sock *sk, u64 flags)
{
	struct host *host = map->obj.host;
	struct reuseport_place *fresh = mem_zalloc(host->mem, sizeof(*fresh));
	struct psock_gone gone = {0};
	int err;

	if (!fresh)
		return -ENOMEM;
	fresh->link.forget = forget_place;
	fresh->array = array_of(map);
	fresh->index = index;
	psock_lock(host);
	err = put_place(map, fresh, sk, flags, &gone);
	psock_unlock(host);
	psock_let_go(host, gone);
	return err;
}

static int reuseport_write(struct map *map, const void *key, const void *value, u64 flags)
{
	u32 index = get_u32(key);
	struct sock *sk;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	err = sock_map_value(map, value, &sk);
	if (err)
		return err;
	err = put(map, index, sk, flags);
	sock_put(sk);
	return err;
}

static int reuseport_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	return sock_map_cookie(map, reuseport_array_get(map, key), value);
}

static bool drop_index(struct map *map, u32 index)
{
	struct reuseport_place **at = &array_of(map)->places[index], *old;
	struct psock_gone gone = {0};

	psock_lock(map->obj.host);
	old = *at;
	*at = NULL;
	if (old)
		gone = psock_unlink(&old->link);
	psock_unlock(map->obj.host);
	psock_let_go(map->obj.host, gone);
	return old;
}

static int reuseport_delete(struct map *map, const void *key)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return -E2BIG;
	return drop_index(map, index) ? 0 : -ENOENT;
}

static void reuseport_exit(struct map *map)
{
	for (u32 i = 0; i < map->desc.max_entries; i++)
		if (array_of(map)->places[i])
			drop_index(map, i);
	os_pages_free(array_of(map)->places, places_size(map));
}

static u64 reuseport_mem_usage(const struct map *map)
{
	return sizeof(struct reuseport_array) + map->desc.max_entries * sizeof(void *);
}

const struct map_ops map_ops_reuseport_array = {
	.type = BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
	.size = sizeof(struct reuseport_array),
	.check = reuseport_check,
	.check_btf = map_check_no_btf,
	.init = reuseport_init,
	.exit = reuseport_exit,
	.delete = reuseport_delete,
	.read = reuseport_read,
	.write = reuseport_write,
	.next_key = array_next_key,
	.mem_usage = reuseport_mem_usage,
};
