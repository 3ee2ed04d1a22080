/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_XSKMAP: AF_XDP sockets that frames are redirected to. The map
 * holds them; Linux lets a socket leave its maps when it is closed.
 */
#include "map/targets.h"
#include "map/types.h"

#define XSKMAP_FLAGS ((u32)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY))

struct xskmap {
	struct map map;
	_Atomic(struct xdp_sock *) *socks; /* desc.max_entries of them, NULL where empty */
	u32 used;			   /* indexes from here on have always been empty */
	_Atomic u32 count;
	struct spinlock lock; /* held by those who change elements */
};

static struct xskmap *xskmap_of(struct map *map)
{
	return container_of(map, struct xskmap, map);
}

static int xskmap_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 || attr->value_size != 4 ||
	    attr->map_flags & ~XSKMAP_FLAGS)
		return -EINVAL;
	return 0;
}

static size_t table_size(const struct map *map)
{
	return ROUND_UP(map->desc.max_entries * sizeof(_Atomic(struct xdp_sock *)), os_page_size());
}

static int xskmap_init(struct map *map, const union bpf_attr *attr __unused)
{
	struct xskmap *xsk = xskmap_of(map);

	xsk->socks = os_pages_alloc(table_size(map));
	return xsk->socks ? 0 : -ENOMEM;
}

static void xskmap_exit(struct map *map)
{
	struct xskmap *xsk = xskmap_of(map);

	for (u32 i = 0; i < xsk->used; i++)
		xdp_sock_put(atomic_load_explicit(&xsk->socks[i], memory_order_relaxed));
	os_pages_free(xsk->socks, table_size(map));
}

static void *xskmap_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	u32 index = get_u32(key);

	if (index >= map->desc.max_entries)
		return NULL;
	return atomic_load_explicit(&xskmap_of(map)->socks[index], memory_order_acquire);
}

static int xskmap_read(struct map *map __unused, const void *key __unused, void *value __unused,
		       u64 flags __unused)
{
	return -EOPNOTSUPP;
}

static int check_exists(const struct xdp_sock *old, u64 flags)
{
	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	return !old && flags == BPF_EXIST ? -ENOENT : 0;
}

/* Takes the reference of @xs over. */
static int put_sock(struct map *map, u32 index, struct xdp_sock *xs, u64 flags)
{
	struct xskmap *xsk = xskmap_of(map);
	struct xdp_sock *old;
	int err;

	spin_lock(&xsk->lock);
	old = atomic_load_explicit(&xsk->socks[index], memory_order_relaxed);
	err = old == xs ? 0 : check_exists(old, flags);
	if (!err) {
		atomic_store_explicit(&xsk->socks[index], xs, memory_order_release);
		if (index >= xsk->used)
			xsk->used = index + 1;
		xsk->count += !old;
	}
	spin_unlock(&xsk->lock);
	xdp_sock_put(err ? xs : old);
	return err;
}

/* The value is a socket's handle. */
static int xskmap_write(struct map *map, const void *key, const void *value, u64 flags)
{
	u32 index = get_u32(key);
	struct xdp_sock *xs;
	struct object *obj;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	obj = handle_get(map->obj.host, (int)get_u32(value));
	if (!obj)
		return -EBADF;
	xs = xdp_sock_of(obj);
	if (!xs) {
		int err = obj->ops->kind == OBJECT_SOCKET ? -EOPNOTSUPP : -ENOTSOCK;

		object_put(obj);
		return err;
	}
	return put_sock(map, index, xs, flags);
}

static int xskmap_delete(struct map *map, const void *key)
{
	struct xskmap *xsk = xskmap_of(map);
	u32 index = get_u32(key);
	struct xdp_sock *old;

	if (index >= map->desc.max_entries)
		return -EINVAL;
	spin_lock(&xsk->lock);
	old = atomic_exchange(&xsk->socks[index], NULL);
	xsk->count -= old != NULL;
	spin_unlock(&xsk->lock);
	xdp_sock_put(old);
	return 0;
}

static u64 xskmap_mem_usage(const struct map *map)
{
	return sizeof(struct xskmap) + map->desc.max_entries * (u64)sizeof(void *);
}

const struct map_ops map_ops_xskmap = {
	.type = BPF_MAP_TYPE_XSKMAP,
	.size = sizeof(struct xskmap),
	.check = xskmap_check,
	.check_btf = map_check_no_btf,
	.init = xskmap_init,
	.exit = xskmap_exit,
	.lookup = xskmap_lookup,
	.delete = xskmap_delete,
	.read = xskmap_read,
	.write = xskmap_write,
	.next_key = array_next_key,
	.mem_usage = xskmap_mem_usage,
};
