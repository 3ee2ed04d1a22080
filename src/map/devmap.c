/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_DEVMAP and BPF_MAP_TYPE_DEVMAP_HASH: network devices that frames
 * are redirected to, each with a program that sees them on their way out. A
 * device that is removed stays in the map here, and what is redirected to it is
 * refused: nobody can tell it from one that has left the map.
 */
#include "map/targets.h"
#include "map/types.h"

#define DEVMAP_FLAGS	  ((u32)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY))
#define HASH_MAX_ENTRIES_ (1u << 31)

static int devmap_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != sizeof(struct bpf_devmap_val)) ||
	    attr->map_flags & ~DEVMAP_FLAGS)
		return -EINVAL;
	if (attr->map_type == BPF_MAP_TYPE_DEVMAP_HASH && attr->max_entries > HASH_MAX_ENTRIES_)
		return -EINVAL;
	return 0;
}

/* Linux says -EINVAL whatever it is that cannot be. */
static int new_target(struct host *host, struct target_owner *owner,
		      const struct bpf_devmap_val *val, u32 key, struct xdp_target **out)
{
	struct network *net = network_of(host);
	struct net_device *dev = net ? net_device_get(net, val->ifindex) : NULL;
	struct xdp_target *target;
	struct prog *prog = NULL;

	if (!dev)
		return net ? -EINVAL : -ENOMEM;
	if (val->bpf_prog.fd > 0 &&
	    target_prog(host, owner, val->bpf_prog.fd, BPF_XDP_DEVMAP, &prog)) {
		net_device_put(dev);
		return -EINVAL;
	}
	target = xdp_target_new(host, dev, prog);
	if (!target)
		return -ENOMEM;
	target->key = key;
	target->val.dev.ifindex = val->ifindex;
	target->val.dev.bpf_prog.id = prog ? prog->obj.id : 0;
	*out = target;
	return 0;
}

/* ---- by index ---- */

static int devmap_init(struct map *map, const union bpf_attr *attr)
{
	/* What a program looks up is the interface's own number. */
	map->desc.map_flags |= BPF_F_RDONLY_PROG;
	return target_array_init(map, attr);
}

static int devmap_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct bpf_devmap_val val = {0};
	struct xdp_target *target = NULL;
	u32 index = get_u32(key);
	int err = 0;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->desc.max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(&val, value, map->desc.value_size);
	if (val.ifindex)
		err = new_target(map->obj.host, &container_of(map, struct target_array, map)->owner,
				 &val, index, &target);
	else if (val.bpf_prog.fd > 0)
		err = -EINVAL;
	if (!err)
		target_array_replace(map, index, target);
	return err;
}

const struct map_ops map_ops_devmap = {
	.type = BPF_MAP_TYPE_DEVMAP,
	.size = sizeof(struct target_array),
	.check = devmap_check,
	.check_btf = map_check_no_btf,
	.init = devmap_init,
	.exit = target_array_exit,
	.lookup = target_array_lookup,
	.delete = target_array_delete,
	.read = target_array_read,
	.write = devmap_write,
	.next_key = array_next_key,
	.mem_usage = target_array_mem_usage,
};

/* ---- by any number ---- */

struct devmap_hash {
	struct map map;
	struct target_owner owner;
	_Atomic(struct xdp_target *) *buckets;
	u32 mask; /* number of buckets - 1 */
	u32 items;
	struct spinlock lock; /* held by those who change or list elements */
};

static struct devmap_hash *hash_of_map(struct map *map)
{
	return container_of(map, struct devmap_hash, map);
}

static size_t buckets_size(const struct devmap_hash *hash)
{
	return ROUND_UP(((size_t)hash->mask + 1) * sizeof(hash->buckets[0]), os_page_size());
}

static int devmap_hash_init(struct map *map, const union bpf_attr *attr)
{
	struct devmap_hash *hash = hash_of_map(map);

	map->desc.map_flags |= BPF_F_RDONLY_PROG;
	while (hash->mask < attr->max_entries - 1)
		hash->mask = hash->mask << 1 | 1;
	hash->buckets = os_pages_alloc(buckets_size(hash));
	return hash->buckets ? 0 : -ENOMEM;
}

static struct xdp_target *follow(_Atomic(struct xdp_target *) *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

static _Atomic(struct xdp_target *) *bucket_of(struct devmap_hash *hash, u32 key)
{
	return &hash->buckets[key & hash->mask];
}

static struct xdp_target *find_key(struct devmap_hash *hash, u32 key)
{
	struct xdp_target *target = follow(bucket_of(hash, key));

	while (target && target->key != key)
		target = follow(&target->next);
	return target;
}

static void *devmap_hash_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct xdp_target *target = find_key(hash_of_map(map), get_u32(key));

	return target ? &target->val : NULL;
}

static int devmap_hash_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct devmap_hash *hash = hash_of_map(map);
	struct xdp_target *target;

	spin_lock(&hash->lock);
	target = find_key(hash, get_u32(key));
	if (target)
		memcpy(value, &target->val, map->desc.value_size);
	spin_unlock(&hash->lock);
	return target ? 0 : -ENOENT;
}

/* Takes it out of its chain; who stands on it still finds the way on. Under the lock. */
static void unlink_target(struct devmap_hash *hash, struct xdp_target *target)
{
	_Atomic(struct xdp_target *) *link = bucket_of(hash, target->key);

	while (follow(link) != target)
		link = &follow(link)->next;
	atomic_store_explicit(link, follow(&target->next), memory_order_release);
	hash->items--;
}

/* Puts @target in place of @old, if there is one; first in its chain as in Linux. Under the lock.
 */
static int link_target(struct devmap_hash *hash, struct xdp_target *target, struct xdp_target *old)
{
	_Atomic(struct xdp_target *) *bucket = bucket_of(hash, target->key);

	if (old)
		unlink_target(hash, old);
	else if (hash->items >= hash->map.desc.max_entries)
		return -E2BIG;
	atomic_store_explicit(&target->next, follow(bucket), memory_order_relaxed);
	atomic_store_explicit(bucket, target, memory_order_release);
	hash->items++;
	return 0;
}

/* Whether the key may be written: Linux looks at it before the device. */
static int check_exists(struct devmap_hash *hash, u32 key, u64 flags)
{
	return (flags & BPF_NOEXIST) && find_key(hash, key) ? -EEXIST : 0;
}

static int devmap_hash_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct devmap_hash *hash = hash_of_map(map);
	struct xdp_target *target, *old = NULL;
	struct bpf_devmap_val val = {0};
	int err;

	memcpy(&val, value, map->desc.value_size);
	if (flags > BPF_EXIST || !val.ifindex)
		return -EINVAL;
	spin_lock(&hash->lock);
	err = check_exists(hash, get_u32(key), flags);
	spin_unlock(&hash->lock);
	if (!err)
		err = new_target(map->obj.host, &hash->owner, &val, get_u32(key), &target);
	if (err)
		return err;
	spin_lock(&hash->lock);
	err = check_exists(hash, target->key, flags);
	if (!err) {
		old = find_key(hash, target->key);
		err = link_target(hash, target, old);
	}
	spin_unlock(&hash->lock);
	xdp_target_put(err ? target : old);
	return err;
}

static int devmap_hash_delete(struct map *map, const void *key)
{
	struct devmap_hash *hash = hash_of_map(map);
	struct xdp_target *old;

	spin_lock(&hash->lock);
	old = find_key(hash, get_u32(key));
	if (old)
		unlink_target(hash, old);
	spin_unlock(&hash->lock);
	xdp_target_put(old);
	return old ? 0 : -ENOENT;
}

/* The first of a chain from @bucket on. */
static struct xdp_target *first_from_bucket(struct devmap_hash *hash, u64 bucket)
{
	struct xdp_target *target = NULL;

	for (; !target && bucket <= hash->mask; bucket++)
		target = follow(&hash->buckets[bucket]);
	return target;
}

static int devmap_hash_next_key(struct map *map, const void *key, void *next)
{
	struct devmap_hash *hash = hash_of_map(map);
	struct xdp_target *target;

	spin_lock(&hash->lock);
	target = key ? find_key(hash, get_u32(key)) : NULL;
	if (!target)
		target = first_from_bucket(hash, 0);
	else if (follow(&target->next))
		target = follow(&target->next);
	else
		target = first_from_bucket(hash, (target->key & hash->mask) + 1ull);
	if (target)
		put_u32(next, target->key);
	spin_unlock(&hash->lock);
	return target ? 0 : -ENOENT;
}

static void devmap_hash_exit(struct map *map)
{
	struct devmap_hash *hash = hash_of_map(map);

	for (u64 i = 0; hash->items && i <= hash->mask; i++) {
		struct xdp_target *target = follow(&hash->buckets[i]);

		while (target) {
			struct xdp_target *next = follow(&target->next);

			xdp_target_put(target);
			hash->items--;
			target = next;
		}
	}
	os_pages_free(hash->buckets, buckets_size(hash));
}

static u64 devmap_hash_mem_usage(const struct map *map)
{
	const struct devmap_hash *hash = container_of(map, struct devmap_hash, map);

	return sizeof(*hash) + (hash->mask + 1ull) * sizeof(hash->buckets[0]) +
	       hash->items * sizeof(struct xdp_target);
}

const struct map_ops map_ops_devmap_hash = {
	.type = BPF_MAP_TYPE_DEVMAP_HASH,
	.size = sizeof(struct devmap_hash),
	.check = devmap_check,
	.check_btf = map_check_no_btf,
	.init = devmap_hash_init,
	.exit = devmap_hash_exit,
	.lookup = devmap_hash_lookup,
	.delete = devmap_hash_delete,
	.read = devmap_hash_read,
	.write = devmap_hash_write,
	.next_key = devmap_hash_next_key,
	.mem_usage = devmap_hash_mem_usage,
};

/* ---- all of them ---- */

void devmap_each(struct map *map, void (*fn)(void *arg, struct xdp_target *target), void *arg)
{
	if (map->desc.type == BPF_MAP_TYPE_DEVMAP) {
		struct target_array *array = container_of(map, struct target_array, map);

		for (u32 i = 0; i < map->desc.max_entries; i++) {
			struct xdp_target *target = follow(&array->targets[i]);

			if (target)
				fn(arg, target);
		}
		return;
	}
	for (u64 i = 0; i <= hash_of_map(map)->mask; i++) {
		struct xdp_target *target = follow(&hash_of_map(map)->buckets[i]);

		for (; target; target = follow(&target->next))
			fn(arg, target);
	}
}
