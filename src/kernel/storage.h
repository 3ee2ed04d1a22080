/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local storage: values that a map keeps at kernel objects instead of in a
 * table, one per object. An object has a list of its values and a cache of
 * those that were found last, so that looking up is a few loads.
 *
 * A value is in the object's list and in the map's, or in neither. It goes with
 * the object, with the map, or when it is deleted, whichever comes first; its
 * memory stays until no program can see it any more, and what its special
 * fields hold with it. Programs look up without locks. Whoever changes
 * something takes the object's lock, then the map's; outside of executions
 * looking up takes the object's lock, too.
 */
#ifndef ANYBPF_KERNEL_STORAGE_H
#define ANYBPF_KERNEL_STORAGE_H

#include "base/sync.h"
#include "btf/fields.h"
#include "kernel/kernel.h"
#include "object/btf_object.h"

/* So many maps find their values at once; further ones share their places. */
#define STORAGE_SLOTS 16

struct storage_map;

struct storage_elem {
	_Atomic(struct storage_elem *) next; /* of the object */
	struct storage_elem *map_next, *map_prev;
	struct storage_map *map; /* to be compared only, but under a lock */
	struct kernel_object *owner;
	struct storage_fields *fields; /* a reference, or NULL */
	struct deferred deferred;
	_Alignas(8) u8 value[];
};

/* Of an object; stays as long as it does. */
struct local_storage {
	_Atomic(struct storage_elem *) cache[STORAGE_SLOTS];
	_Atomic(struct storage_elem *) first;
	struct spinlock lock;
};

/* The special fields of a map's values, which may have to be dropped when the map has gone. */
struct storage_fields {
	_Atomic u32 refs;
	struct btf_fields fields;
	struct btf_object *btf; /* a reference: field types are in it */
};

/* A map's part. */
struct storage_map {
	struct host *host;
	u32 value_size;
	u32 slot;
	struct spinlock lock;
	struct storage_elem *first;
	struct storage_fields *fields; /* NULL: none */
};

void storage_map_init(struct storage_map *map, struct host *host, u32 value_size);
/* Before there are values: 0 or -ENOMEM. */
int storage_map_set_fields(struct storage_map *map, const struct btf_fields *fields,
			   struct btf_object *btf);
/* Deletes all values; waits for objects that are just going. */
void storage_map_exit(struct storage_map *map);

/* A value of zeros that is nobody's yet; NULL without memory. */
struct storage_elem *storage_alloc(struct storage_map *map);
/* One that did not become anybody's. */
void storage_free(struct storage_map *map, struct storage_elem *elem);

/*
 * The object's storage for whoever holds a reference, made if it has none; NULL
 * without memory.
 */
struct local_storage *storage_of(struct kernel_object *owner);
/* Finds a value under the lock of the storage. */
struct storage_elem *storage_find_locked(struct local_storage *storage,
					 const struct storage_map *map);
/* Takes @old (or NULL) out and puts @elem in, under the lock; the caller holds a reference. */
void storage_link(struct local_storage *storage, struct kernel_object *owner,
		  struct storage_elem *elem, struct storage_elem *old);
/* 0, or -ENOENT when there is none. */
int storage_delete(struct kernel_object *owner, struct storage_map *map);
/* The object goes: nobody has a reference any more. For kernel_object_release(). */
void storage_drop(struct kernel_object *owner);

/* What storage_find() does when the cache does not know. */
void *storage_find_slow(struct local_storage *storage, const struct storage_map *map);

/* The object's value, for programs; NULL when it has none. */
static inline void *storage_find(struct kernel_object *owner, const struct storage_map *map)
{
	struct local_storage *storage = atomic_load_explicit(&owner->storage, memory_order_acquire);
	struct storage_elem *elem;

	if (!storage)
		return NULL;
	elem = atomic_load_explicit(&storage->cache[map->slot], memory_order_acquire);
	return likely(elem && elem->map == map) ? elem->value : storage_find_slow(storage, map);
}

#endif
