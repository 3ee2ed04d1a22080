/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_CGROUP_STORAGE and PERCPU_CGROUP_STORAGE: a value for each
 * control group that programs using the map are attached to. Programs reach the
 * value of the group that they run for, and no other, by bpf_get_local_storage();
 * user space reads and writes them by key. A value appears with the first
 * attachment and stays as long as map and group.
 */
#ifndef ANYBPF_MAP_CGROUP_STORAGE_H
#define ANYBPF_MAP_CGROUP_STORAGE_H

#include "base/rbtree.h"
#include "map/map.h"

/* A program has at most one map of each: struct run's .storages. */
enum cgroup_storage_kind {
	CGROUP_STORAGE_SHARED,
	CGROUP_STORAGE_PERCPU,
};

struct cgroup_storage_bytes {
	struct deferred deferred;
	_Alignas(16) u8 at[]; /* of one value, or of a value per CPU; as malloc() aligns */
};

struct cgroup_storage {
	struct rb_node node; /* of the map */
	struct map *map;
	struct bpf_cgroup_storage_key key;
	_Atomic(struct cgroup_storage_bytes *) bytes;
	struct deferred deferred;
};

static inline bool map_is_cgroup_storage(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_CGROUP_STORAGE || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static inline enum cgroup_storage_kind cgroup_storage_kind(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? CGROUP_STORAGE_PERCPU
							  : CGROUP_STORAGE_SHARED;
}

/* One of zeros that is in no map, as for a test run; NULL without memory. */
struct cgroup_storage *cgroup_storage_new(struct map *map);
/* Once no program sees it any more. NULL is allowed. */
void cgroup_storage_free(struct cgroup_storage *storage);

/*
 * The group's value for programs of an attach type, made if there is none; stays
 * until the map goes or cgroup_storage_forget(). NULL without memory.
 */
struct cgroup_storage *cgroup_storage_of(struct map *map, u64 cgroup_id, u32 attach_type);
/* The group goes: its values do, too. */
void cgroup_storage_forget(struct map *map, u64 cgroup_id);

/* What a program sees; @storages are those of its run, or NULL: then it sees nobody's. */
void *cgroup_storage_value(struct map *map, struct cgroup_storage *const *storages, u32 cpu);

#endif
