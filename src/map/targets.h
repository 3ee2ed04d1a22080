/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of places that XDP programs redirect frames to: devmap, devmap_hash and
 * cpumap have struct xdp_targets as elements, xskmap has sockets. Elements are
 * pointers with references, so such a map belongs to one process; only user
 * space changes it. What a program finds is good until it ends.
 */
#ifndef ANYBPF_MAP_TARGETS_H
#define ANYBPF_MAP_TARGETS_H

#include "base/sync.h"
#include "kernel/xdp.h"
#include "map/map.h"

/* The first program that used or entered a map fixes what may follow. */
struct target_owner {
	struct spinlock lock;
	bool known, has_frags;
	enum bpf_prog_type type;
};

/* devmap and cpumap. */
struct target_array {
	struct map map;
	struct target_owner owner;
	_Atomic(struct xdp_target *) *targets; /* desc.max_entries of them, NULL where empty */
	u32 used;			       /* indexes from here on have always been empty */
	struct spinlock lock;		       /* held by those who change or list elements */
};

/*
 * Whether @prog may use the map: one of the owner's kind; becomes the owner
 * where there is none. True for maps of other types, also for devmap_hash,
 * whose users Linux does not look at.
 */
bool target_map_compatible(struct map *map, const struct prog *prog);

/* The element, in an execution: a struct xdp_target, of an xskmap a struct xdp_sock. Or NULL. */
void *target_find(struct map *map, u64 key);
/* Of a devmap or devmap_hash, in an execution: all elements, in Linux's order. */
void devmap_each(struct map *map, void (*fn)(void *arg, struct xdp_target *target), void *arg);

/* ---- for the types ---- */

int target_array_init(struct map *map, const union bpf_attr *attr);
void target_array_exit(struct map *map);
void *target_array_lookup(struct map *map, const void *key, u32 cpu);
int target_array_read(struct map *map, const void *key, void *value, u64 flags);
int target_array_delete(struct map *map, const void *key);
/* Puts @target, or nothing, there. */
void target_array_replace(struct map *map, u32 index, struct xdp_target *target);
u64 target_array_mem_usage(const struct map *map);
/* A reference of an XDP program for elements of the map; -EINVAL, -EBADF. */
int target_prog(struct host *host, struct target_owner *owner, int fd, enum bpf_attach_type attach,
		struct prog **prog);

#endif
