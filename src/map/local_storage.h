/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of local storage, for helpers: whose values are at tasks, control
 * groups, sockets or inodes (kernel/storage.h).
 */
#ifndef ANYBPF_MAP_LOCAL_STORAGE_H
#define ANYBPF_MAP_LOCAL_STORAGE_H

#include "kernel/storage.h"
#include "map/map.h"

struct local_storage_map {
	struct map map;
	struct storage_map storage;
};

static inline struct local_storage_map *local_storage_map_of(struct map *map)
{
	return container_of(map, struct local_storage_map, map);
}

/* For programs: the object's value, NULL when it has none. */
static inline void *local_storage_find(struct map *map, struct kernel_object *owner)
{
	return storage_find(owner, &local_storage_map_of(map)->storage);
}

/*
 * The object's value, made from @init (NULL: zeros) if it has none; NULL without
 * memory, or where the object is just going.
 */
void *local_storage_get(struct map *map, struct kernel_object *owner, const void *init);
/* 0 or -ENOENT. */
int local_storage_delete(struct map *map, struct kernel_object *owner);
/* Values of maps with BPF_F_CLONE for a socket that was accepted from another: 0 or -ENOMEM. */
int local_storage_clone(struct kernel_object *from, struct kernel_object *to);

#endif
