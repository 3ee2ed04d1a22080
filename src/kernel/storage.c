/* SPDX-License-Identifier: BSD-2-Clause */
/* Local storage; see storage.h for who may do what under which lock. */
#include "kernel/storage.h"

#include <errno.h>

#include "object/owned.h"

static u32 this_cpu(const struct host *host)
{
	return os_current_cpu() % host->env.nr_cpus;
}

/* ---- the map's part ---- */

void storage_map_init(struct storage_map *map, struct host *host, u32 value_size)
{
	map->host = host;
	map->value_size = value_size;
	map->slot = atomic_fetch_add(&host->storage_maps, 1) % STORAGE_SLOTS;
}

int storage_map_set_fields(struct storage_map *map, const struct btf_fields *fields,
			   struct btf_object *btf)
{
	map->fields = mem_alloc(map->host->mem, sizeof(*map->fields));
	if (!map->fields)
		return -ENOMEM;
	object_get(&btf->obj);
	*map->fields = (struct storage_fields){.refs = 1, .fields = *fields, .btf = btf};
	return 0;
}

static void put_fields(struct host *host, struct storage_fields *fields)
{
	if (!fields || atomic_fetch_sub_explicit(&fields->refs, 1, memory_order_acq_rel) != 1)
		return;
	object_put(&fields->btf->obj);
	mem_free(host->mem, fields);
}

/* Some object that has a value of the map, with a reference; NULL also where it is just going. */
static struct kernel_object *some_owner(struct storage_map *map, bool *empty)
{
	struct kernel_object *owner = NULL;

	spin_lock(&map->lock);
	*empty = !map->first;
	/* As long as its value is in this list its memory is there. */
	if (map->first && kernel_object_try_get(map->first->owner))
		owner = map->first->owner;
	spin_unlock(&map->lock);
	return owner;
}

void storage_map_exit(struct storage_map *map)
{
	bool empty;

	for (;;) {
		struct kernel_object *owner = some_owner(map, &empty);

		if (empty)
			break;
		if (owner) {
			storage_delete(owner, map);
			kernel_object_put(owner);
		} else {
			os_yield();
		}
	}
	put_fields(map->host, map->fields);
}

static void map_add(struct storage_map *map, struct storage_elem *elem)
{
	spin_lock(&map->lock);
	elem->map_next = map->first;
	if (map->first)
		map->first->map_prev = elem;
	map->first = elem;
	spin_unlock(&map->lock);
}

static void map_remove(struct storage_map *map, struct storage_elem *elem)
{
	spin_lock(&map->lock);
	if (elem->map_next)
		elem->map_next->map_prev = elem->map_prev;
	if (elem->map_prev)
		elem->map_prev->map_next = elem->map_next;
	else
		map->first = elem->map_next;
	spin_unlock(&map->lock);
}

/* ---- values ---- */

struct storage_elem *storage_alloc(struct storage_map *map)
{
	struct storage_elem *elem = mem_zalloc(map->host->mem, sizeof(*elem) + map->value_size);

	if (!elem)
		return NULL;
	elem->map = map;
	elem->fields = map->fields;
	if (map->fields)
		atomic_fetch_add_explicit(&map->fields->refs, 1, memory_order_relaxed);
	return elem;
}

static void free_elem(struct host *host, struct storage_elem *elem)
{
	if (elem->fields)
		owned_drop_fields(host, this_cpu(host), elem->value, &elem->fields->fields,
				  BTF_FIELDS_HOLDING);
	put_fields(host, elem->fields);
	mem_free(host->mem, elem);
}

void storage_free(struct storage_map *map, struct storage_elem *elem)
{
	free_elem(map->host, elem);
}

static void free_unseen(struct host *host, struct deferred *deferred)
{
	free_elem(host, container_of(deferred, struct storage_elem, deferred));
}

static void defer_elem(struct host *host, struct storage_elem *elem)
{
	host_defer(host, this_cpu(host), &elem->deferred, free_unseen);
}

/* ---- the object's part ---- */

struct local_storage *storage_of(struct kernel_object *owner)
{
	struct local_storage *storage = atomic_load_explicit(&owner->storage, memory_order_acquire);
	const struct mem *mem = owner->obj.host->mem;
	struct local_storage *made;

	if (storage)
		return storage;
	made = mem_zalloc(mem, sizeof(*made));
	if (!made || atomic_compare_exchange_strong(&owner->storage, &storage, made))
		return made;
	mem_free(mem, made);
	return storage;
}

static struct storage_elem *next_of(_Atomic(struct storage_elem *) *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

/* Among the values in the list, which may change meanwhile. */
static struct storage_elem *walk(struct local_storage *storage, const struct storage_map *map)
{
	struct storage_elem *elem = next_of(&storage->first);

	while (elem && elem->map != map)
		elem = next_of(&elem->next);
	return elem;
}

static void cache_store(struct local_storage *storage, u32 slot, struct storage_elem *elem)
{
	atomic_store_explicit(&storage->cache[slot], elem, memory_order_release);
}

struct storage_elem *storage_find_locked(struct local_storage *storage,
					 const struct storage_map *map)
{
	return walk(storage, map);
}

void *storage_find_slow(struct local_storage *storage, const struct storage_map *map)
{
	struct storage_elem *elem = walk(storage, map);

	/* Only what is in the list may be in the cache, and that is known under the lock alone. */
	if (elem && spin_trylock(&storage->lock)) {
		elem = walk(storage, map);
		if (elem)
			cache_store(storage, map->slot, elem);
		spin_unlock(&storage->lock);
	}
	return elem ? elem->value : NULL;
}

/* Readers that stand on it go on from it to what came behind. */
static void unlink_elem(struct local_storage *storage, struct storage_elem *elem)
{
	_Atomic(struct storage_elem *) *link = &storage->first;
	u32 slot = elem->map->slot;

	while (next_of(link) != elem)
		link = &next_of(link)->next;
	atomic_store_explicit(link, next_of(&elem->next), memory_order_release);
	if (atomic_load_explicit(&storage->cache[slot], memory_order_relaxed) == elem)
		cache_store(storage, slot, NULL);
	map_remove(elem->map, elem);
}

void storage_link(struct local_storage *storage, struct kernel_object *owner,
		  struct storage_elem *elem, struct storage_elem *old)
{
	elem->owner = owner;
	map_add(elem->map, elem);
	atomic_store_explicit(&elem->next, next_of(&storage->first), memory_order_relaxed);
	/* In front of the one that it replaces: nobody finds none meanwhile. */
	atomic_store_explicit(&storage->first, elem, memory_order_release);
	cache_store(storage, elem->map->slot, elem);
	if (old) {
		unlink_elem(storage, old);
		defer_elem(owner->obj.host, old);
	}
}

int storage_delete(struct kernel_object *owner, struct storage_map *map)
{
	struct local_storage *storage = atomic_load_explicit(&owner->storage, memory_order_acquire);
	struct storage_elem *elem;

	if (!storage)
		return -ENOENT;
	spin_lock(&storage->lock);
	elem = walk(storage, map);
	if (elem)
		unlink_elem(storage, elem);
	spin_unlock(&storage->lock);
	if (!elem)
		return -ENOENT;
	defer_elem(owner->obj.host, elem);
	return 0;
}

void storage_drop(struct kernel_object *owner)
{
	struct local_storage *storage = atomic_load_explicit(&owner->storage, memory_order_acquire);
	struct storage_elem *elem;

	if (!storage)
		return;
	do {
		spin_lock(&storage->lock);
		elem = next_of(&storage->first);
		if (elem)
			unlink_elem(storage, elem);
		spin_unlock(&storage->lock);
		if (elem)
			defer_elem(owner->obj.host, elem);
	} while (elem);
}
