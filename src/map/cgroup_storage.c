/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of control groups; see cgroup_storage.h. They are in a tree by key,
 * under the map's lock; programs get them handed in and take no lock. An update
 * of a shared value puts new bytes in its place, so that a program sees the old
 * value or the new one.
 */
#include "map/cgroup_storage.h"

#include "map/types.h"

struct cgroup_storage_map {
	struct map map;
	struct spinlock lock;
	struct rb_root root;
	/* For programs that run for no group, such as those in another's place: never NULL. */
	struct cgroup_storage *nobodys;
};

static struct cgroup_storage_map *storage_map_of(struct map *map)
{
	return container_of(map, struct cgroup_storage_map, map);
}

/* Whether each attach type has a value of its own. */
static bool by_attach_type(const struct map *map)
{
	return map->desc.key_size == sizeof(struct bpf_cgroup_storage_key);
}

/* ---- creation ---- */

static int check(const union bpf_attr *attr)
{
	u32 max = attr->map_type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? MAP_PERCPU_MAX
								       : MAP_KMALLOC_MAX - 1;

	if (attr->key_size != sizeof(u64) &&
	    attr->key_size != sizeof(struct bpf_cgroup_storage_key))
		return -EINVAL;
	if (!attr->value_size || !map_flags_ok(attr, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS) ||
	    attr->max_entries)
		return -EINVAL;
	return attr->value_size > max ? -E2BIG : 0;
}

/* A plain integer that is member @i of the structure. */
static bool member_is_int(const struct btf *btf, const struct btf_type *t, u32 i, u32 offset,
			  u32 size)
{
	const struct btf_member *m = (const struct btf_member *)btf_tail(t) + i;
	const struct btf_type *member = btf_skip_mods(btf, m->type, NULL);

	return btf_kind(member) == BTF_KIND_INT && !btf_int_offset(member) &&
	       btf_int_bits(member) == size * 8 && btf_member_bit_offset(t, i) == offset * 8 &&
	       (!btf_member_bitfield_size(t, i) || btf_member_bitfield_size(t, i) == size * 8);
}

static int check_btf(const struct map *map, const struct btf *btf)
{
	const struct btf_type *t = btf_skip_mods(btf, map->desc.btf_key_type_id, NULL);

	if (!map->desc.btf_key_type_id)
		return -EINVAL;
	if (!by_attach_type(map))
		return btf_kind(t) == BTF_KIND_INT && btf_int_bits(t) == 64 && !btf_int_offset(t)
			       ? 0
			       : -EINVAL;
	if (btf_kind(t) != BTF_KIND_STRUCT || btf_vlen(t) != 2)
		return -EINVAL;
	return member_is_int(btf, t, 0, offsetof(struct bpf_cgroup_storage_key, cgroup_inode_id),
			     sizeof(u64)) &&
			       member_is_int(btf, t, 1,
					     offsetof(struct bpf_cgroup_storage_key, attach_type),
					     sizeof(u32))
		       ? 0
		       : -EINVAL;
}

static int init(struct map *map, const union bpf_attr *attr __unused)
{
	storage_map_of(map)->nobodys = cgroup_storage_new(map);
	return storage_map_of(map)->nobodys ? 0 : -ENOMEM;
}

/* ---- values ---- */

static size_t cpu_stride(const struct map *map)
{
	return map->ops->percpu ? ROUND_UP((size_t)map->desc.value_size, MAP_CACHE_LINE) : 0;
}

static struct cgroup_storage_bytes *new_bytes(struct map *map)
{
	size_t size = map->ops->percpu ? cpu_stride(map) * map_nr_cpus(map)
				       : (size_t)map_value_stride(map);

	return mem_zalloc(map->obj.host->mem, sizeof(struct cgroup_storage_bytes) + size);
}

struct cgroup_storage *cgroup_storage_new(struct map *map)
{
	struct cgroup_storage *storage = mem_zalloc(map->obj.host->mem, sizeof(*storage));
	struct cgroup_storage_bytes *bytes = storage ? new_bytes(map) : NULL;

	if (!bytes) {
		mem_free(map->obj.host->mem, storage);
		return NULL;
	}
	storage->map = map;
	atomic_init(&storage->bytes, bytes);
	return storage;
}

static void free_bytes(struct host *host, struct deferred *deferred)
{
	mem_free(host->mem, container_of(deferred, struct cgroup_storage_bytes, deferred));
}

static void free_storage(struct host *host, struct deferred *deferred)
{
	struct cgroup_storage *storage = container_of(deferred, struct cgroup_storage, deferred);

	mem_free(host->mem, atomic_load(&storage->bytes));
	mem_free(host->mem, storage);
}

void cgroup_storage_free(struct cgroup_storage *storage)
{
	if (storage)
		host_defer(storage->map->obj.host, map_this_cpu(storage->map), &storage->deferred,
			   free_storage);
}

static void exit_map(struct map *map)
{
	struct cgroup_storage_map *m = storage_map_of(map);

	while (m->root.least) {
		struct cgroup_storage *storage =
			container_of(m->root.least, struct cgroup_storage, node);

		rb_erase(&m->root, &storage->node);
		cgroup_storage_free(storage);
	}
	cgroup_storage_free(m->nobodys);
}

static struct cgroup_storage_bytes *bytes_of(struct cgroup_storage *storage)
{
	return atomic_load_explicit(&storage->bytes, memory_order_acquire);
}

void *cgroup_storage_value(struct map *map, struct cgroup_storage *const *storages, u32 cpu)
{
	struct cgroup_storage *storage =
		storages ? storages[cgroup_storage_kind(map->desc.type)] : NULL;

	if (unlikely(!storage || storage->map != map))
		storage = storage_map_of(map)->nobodys;
	return bytes_of(storage)->at + cpu * cpu_stride(map);
}

/* ---- by key, under the lock ---- */

/* Before (-1), at (0) or behind (1) @b; programs of all attach types are one where they share. */
static int compare(const struct map *map, const struct bpf_cgroup_storage_key *a,
		   const struct bpf_cgroup_storage_key *b)
{
	if (a->cgroup_inode_id != b->cgroup_inode_id)
		return a->cgroup_inode_id < b->cgroup_inode_id ? -1 : 1;
	if (!by_attach_type(map) || a->attach_type == b->attach_type)
		return 0;
	return a->attach_type < b->attach_type ? -1 : 1;
}

static struct cgroup_storage *find(struct map *map, const struct bpf_cgroup_storage_key *key)
{
	struct rb_node *node = storage_map_of(map)->root.top;

	while (node) {
		struct cgroup_storage *storage = container_of(node, struct cgroup_storage, node);
		int order = compare(map, key, &storage->key);

		if (!order)
			return storage;
		node = node->child[order < 0 ? RB_LEFT : RB_RIGHT];
	}
	return NULL;
}

static void insert(struct map *map, struct cgroup_storage *storage)
{
	struct rb_root *root = &storage_map_of(map)->root;
	struct rb_node *parent = NULL, *node = root->top;
	enum rb_side side = RB_LEFT;

	while (node) {
		struct cgroup_storage *at = container_of(node, struct cgroup_storage, node);

		parent = node;
		side = compare(map, &storage->key, &at->key) < 0 ? RB_LEFT : RB_RIGHT;
		node = node->child[side];
	}
	rb_insert(root, &storage->node, parent, side);
}

struct cgroup_storage *cgroup_storage_of(struct map *map, u64 cgroup_id, u32 attach_type)
{
	struct cgroup_storage_map *m = storage_map_of(map);
	struct cgroup_storage *made = cgroup_storage_new(map), *storage;

	if (!made)
		return NULL;
	made->key = (struct bpf_cgroup_storage_key){cgroup_id, attach_type};
	spin_lock(&m->lock);
	storage = find(map, &made->key);
	if (!storage)
		insert(map, made);
	spin_unlock(&m->lock);
	if (!storage)
		return made;
	cgroup_storage_free(made);
	return storage;
}

void cgroup_storage_forget(struct map *map, u64 cgroup_id)
{
	struct cgroup_storage_map *m = storage_map_of(map);
	struct rb_node *node, *next;

	spin_lock(&m->lock);
	for (node = m->root.least; node; node = next) {
		struct cgroup_storage *storage = container_of(node, struct cgroup_storage, node);

		next = rb_next(node);
		if (storage->key.cgroup_inode_id != cgroup_id)
			continue;
		rb_erase(&m->root, node);
		cgroup_storage_free(storage);
	}
	spin_unlock(&m->lock);
}

/* ---- user space ---- */

static struct bpf_cgroup_storage_key key_from(const struct map *map, const void *bytes)
{
	struct bpf_cgroup_storage_key key = {0};

	key.cgroup_inode_id = get_u64(bytes);
	if (by_attach_type(map))
		key.attach_type = get_u32((const u8 *)bytes + sizeof(u64));
	return key;
}

static void key_to(const struct map *map, const struct bpf_cgroup_storage_key *key, void *bytes)
{
	memset(bytes, 0, map->desc.key_size);
	put_u64(bytes, key->cgroup_inode_id);
	if (by_attach_type(map))
		put_u32((u8 *)bytes + sizeof(u64), key->attach_type);
}

static int read_value(struct map *map, const void *bytes, void *value, u64 flags)
{
	struct cgroup_storage_map *m = storage_map_of(map);
	struct bpf_cgroup_storage_key key = key_from(map, bytes);
	struct cgroup_storage *storage;

	spin_lock(&m->lock);
	storage = find(map, &key);
	if (storage && map->ops->percpu)
		map_copy_percpu_out(map, value, bytes_of(storage)->at, cpu_stride(map));
	else if (storage)
		map_copy_out(map, value, bytes_of(storage)->at, flags);
	spin_unlock(&m->lock);
	return storage ? 0 : -ENOENT;
}

/* @fresh is for a shared value that is replaced; what is not used any more comes back. */
static int write_locked(struct map *map, const struct bpf_cgroup_storage_key *key,
			const void *value, u64 flags, struct cgroup_storage_bytes **fresh)
{
	struct cgroup_storage *storage = find(map, key);

	if (!storage)
		return -ENOENT;
	if (map->ops->percpu)
		map_copy_percpu_in(map, bytes_of(storage)->at, cpu_stride(map), value);
	else if (flags & BPF_F_LOCK)
		map_copy_in(map, bytes_of(storage)->at, value, flags);
	else
		*fresh = atomic_exchange(&storage->bytes, *fresh);
	return 0;
}

static int write_value(struct map *map, const void *bytes, const void *value, u64 flags)
{
	struct cgroup_storage_map *m = storage_map_of(map);
	struct bpf_cgroup_storage_key key = key_from(map, bytes);
	struct cgroup_storage_bytes *fresh = NULL;
	bool replace = !map->ops->percpu && !(flags & BPF_F_LOCK);
	int err;

	if (map->ops->percpu ? flags != BPF_ANY && flags != BPF_EXIST
			     : flags & ~(u64)(BPF_F_LOCK | BPF_EXIST))
		return -EINVAL;
	if (replace) {
		fresh = new_bytes(map);
		if (!fresh)
			return -ENOMEM;
		map_copy_in(map, fresh->at, value, 0);
	}
	spin_lock(&m->lock);
	err = write_locked(map, &key, value, flags, &fresh);
	spin_unlock(&m->lock);
	if (fresh)
		host_defer(map->obj.host, map_this_cpu(map), &fresh->deferred, free_bytes);
	return err;
}

static int delete_value(struct map *map __unused, const void *key __unused)
{
	return -EINVAL;
}

/* In order of keys; other than for other maps a key that is unknown has no next. */
static int next_key(struct map *map, const void *bytes, void *next)
{
	struct cgroup_storage_map *m = storage_map_of(map);
	struct bpf_cgroup_storage_key key;
	struct cgroup_storage *storage;
	struct rb_node *node;

	spin_lock(&m->lock);
	node = m->root.least;
	if (bytes) {
		key = key_from(map, bytes);
		storage = find(map, &key);
		node = storage ? rb_next(&storage->node) : NULL;
	}
	if (node)
		key_to(map, &container_of(node, struct cgroup_storage, node)->key, next);
	spin_unlock(&m->lock);
	return node ? 0 : -ENOENT;
}

static u64 mem_usage(const struct map *map __unused)
{
	/* As in Linux without the values. */
	return sizeof(struct cgroup_storage_map);
}

#define CGROUP_STORAGE_OPS(symbol, map_type, per_cpu)                                              \
	const struct map_ops map_ops_##symbol = {                                                  \
		.type = BPF_MAP_TYPE_##map_type,                                                   \
		.percpu = per_cpu,                                                                 \
		.size = sizeof(struct cgroup_storage_map),                                         \
		.check = check,                                                                    \
		.check_btf = check_btf,                                                            \
		.init = init,                                                                      \
		.exit = exit_map,                                                                  \
		.read = read_value,                                                                \
		.write = write_value,                                                              \
		.delete = delete_value,                                                            \
		.next_key = next_key,                                                              \
		.mem_usage = mem_usage,                                                            \
	}

CGROUP_STORAGE_OPS(cgroup_storage, CGROUP_STORAGE, false);
CGROUP_STORAGE_OPS(percpu_cgroup_storage, PERCPU_CGROUP_STORAGE, true);
