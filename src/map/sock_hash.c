/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_MAP_TYPE_SOCKHASH: buckets of elements, all under the host's lock for maps of sockets. */
#include <string.h>

#include "base/hash.h"
#include "map/sock_map.h"
#include "map/types.h"

#define MAX_KEY	    512u /* Linux's MAX_BPF_STACK */
#define MAX_BUCKETS (1u << 16)

struct sock_hash;

struct sock_elem {
	struct sock_link link; /* first */
	struct sock_hash *hash;
	struct sock_elem *next; /* in its bucket */
	u32 bucket;
	u8 key[];
};

struct sock_hash {
	struct sock_map base;
	struct sock_elem **buckets;
	u32 bucket_cnt; /* a power of two */
	u32 elem_cnt;
	u64 seed;
};

static struct sock_hash *hash_of(struct map *map)
{
	return container_of(map, struct sock_hash, base.map);
}

static int sock_hash_check(const union bpf_attr *attr)
{
	int err = attr->key_size ? sock_map_check(attr) : -EINVAL;

	return !err && attr->key_size > MAX_KEY ? -E2BIG : err;
}

static u32 buckets_for(u32 entries)
{
	u32 n = 1;

	while (n < entries && n < MAX_BUCKETS)
		n *= 2;
	return n;
}

static int sock_hash_init(struct map *map, const union bpf_attr *attr __unused)
{
	struct sock_hash *hash = hash_of(map);
	struct host *host = map->obj.host;

	/* Its lock is the host's. */
	if (!net_init_ns(host))
		return -ENOMEM;
	hash->bucket_cnt = buckets_for(map->desc.max_entries);
	hash->seed = host->env.random_u32(host->env.ctx);
	hash->buckets = mem_zalloc_array(host->mem, hash->bucket_cnt, sizeof(*hash->buckets));
	return hash->buckets ? 0 : -ENOMEM;
}

static u32 bucket_of(const struct sock_hash *hash, const void *key)
{
	return hash_bytes(key, hash->base.map.desc.key_size, hash->seed) & (hash->bucket_cnt - 1);
}

static struct sock_elem *find(const struct sock_hash *hash, u32 bucket, const void *key)
{
	struct sock_elem *elem = hash->buckets[bucket];

	while (elem && memcmp(elem->key, key, hash->base.map.desc.key_size))
		elem = elem->next;
	return elem;
}

/* With the lock held: out of its bucket. */
static void forget_elem(struct sock_link *link)
{
	struct sock_elem *elem = container_of(link, struct sock_elem, link);
	struct sock_elem **at = &elem->hash->buckets[elem->bucket];

	while (*at != elem)
		at = &(*at)->next;
	*at = elem->next;
	elem->hash->elem_cnt--;
}

static int check_put(const struct sock_hash *hash, const struct sock_elem *old, u64 flags)
{
	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!old && flags == BPF_EXIST)
		return -ENOENT;
	return !old && hash->elem_cnt >= hash->base.map.desc.max_entries ? -E2BIG : 0;
}

/* With the lock held: @fresh goes in, or nothing does; what is to be let go of then is in @gone. */
static int put_elem(struct sock_hash *hash, struct sock_elem *fresh, struct sock *sk, u64 flags,
		    struct psock_gone *gone)
{
	struct sock_elem *old = find(hash, fresh->bucket, fresh->key);
	int err = psock_link(sk, &hash->base.progs, &fresh->link);

	if (err) {
		gone->link = &fresh->link;
		return err;
	}
	err = check_put(hash, old, flags);
	if (err) {
		*gone = psock_unlink(&fresh->link);
		return err;
	}
	if (old) {
		forget_elem(&old->link);
		*gone = psock_unlink(&old->link);
	}
	fresh->next = hash->buckets[fresh->bucket];
	hash->buckets[fresh->bucket] = fresh;
	hash->elem_cnt++;
	return 0;
}

int sock_hash_put(struct map *map, const void *key, struct sock *sk, u64 flags)
{
	struct sock_hash *hash = hash_of(map);
	struct host *host = map->obj.host;
	struct psock_gone gone = {0};
	struct sock_elem *fresh;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	fresh = mem_zalloc(host->mem, sizeof(*fresh) + map->desc.key_size);
	if (!fresh)
		return -ENOMEM;
	memcpy(fresh->key, key, map->desc.key_size);
	fresh->link.forget = forget_elem;
	fresh->hash = hash;
	fresh->bucket = bucket_of(hash, key);
	psock_lock(host);
	err = put_elem(hash, fresh, sk, flags, &gone);
	psock_unlock(host);
	psock_let_go(host, gone);
	return err;
}

struct sock *sock_hash_get(struct map *map, const void *key)
{
	struct sock_hash *hash = hash_of(map);
	struct sock *sk = NULL;
	struct sock_elem *elem;

	psock_lock(map->obj.host);
	elem = find(hash, bucket_of(hash, key), key);
	if (elem && kernel_object_try_get(sock_object(elem->link.sk)))
		sk = elem->link.sk;
	psock_unlock(map->obj.host);
	return sk;
}

/* With the lock held. */
static struct psock_gone drop_elem(struct sock_elem *elem)
{
	forget_elem(&elem->link);
	return psock_unlink(&elem->link);
}

static int sock_hash_delete(struct map *map, const void *key)
{
	struct sock_hash *hash = hash_of(map);
	struct psock_gone gone = {0};
	struct sock_elem *elem;

	psock_lock(map->obj.host);
	elem = find(hash, bucket_of(hash, key), key);
	if (elem)
		gone = drop_elem(elem);
	psock_unlock(map->obj.host);
	psock_let_go(map->obj.host, gone);
	return elem ? 0 : -ENOENT;
}

static struct sock_elem *first_from_bucket(const struct sock_hash *hash, u32 bucket)
{
	while (bucket < hash->bucket_cnt && !hash->buckets[bucket])
		bucket++;
	return bucket < hash->bucket_cnt ? hash->buckets[bucket] : NULL;
}

static int sock_hash_next_key(struct map *map, const void *key, void *next)
{
	struct sock_hash *hash = hash_of(map);
	struct sock_elem *elem;

	psock_lock(map->obj.host);
	elem = key ? find(hash, bucket_of(hash, key), key) : NULL;
	if (elem)
		elem = elem->next ? elem->next : first_from_bucket(hash, elem->bucket + 1);
	else
		elem = first_from_bucket(hash, 0);
	if (elem)
		memcpy(next, elem->key, map->desc.key_size);
	psock_unlock(map->obj.host);
	return elem ? 0 : -ENOENT;
}

static bool drop_first(struct map *map)
{
	struct psock_gone gone = {0};
	struct sock_elem *elem;

	psock_lock(map->obj.host);
	elem = first_from_bucket(hash_of(map), 0);
	if (elem)
		gone = drop_elem(elem);
	psock_unlock(map->obj.host);
	psock_let_go(map->obj.host, gone);
	return elem;
}

static void sock_hash_exit(struct map *map)
{
	while (drop_first(map))
		;
	sock_map_drop_progs(map);
	mem_free(map->obj.host->mem, hash_of(map)->buckets);
}

static u64 sock_hash_mem_usage(const struct map *map)
{
	const struct sock_hash *hash = container_of(map, const struct sock_hash, base.map);

	return sizeof(*hash) + hash->bucket_cnt * sizeof(void *) +
	       hash->elem_cnt * (sizeof(struct sock_elem) + map->desc.key_size);
}

const struct map_ops map_ops_sockhash = {
	.type = BPF_MAP_TYPE_SOCKHASH,
	.size = sizeof(struct sock_hash),
	.check = sock_hash_check,
	.check_btf = map_check_no_btf,
	.init = sock_hash_init,
	.closed = sock_map_drop_progs,
	.exit = sock_hash_exit,
	.lookup = sock_map_lookup,
	.update = sock_map_program_update,
	.delete = sock_hash_delete,
	.read = sock_map_read,
	.write = sock_map_write,
	.next_key = sock_hash_next_key,
	.mem_usage = sock_hash_mem_usage,
};
