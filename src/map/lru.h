/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which element of a full LRU hash has to go: approximately the least recently
 * used, by Linux's scheme, so that the same accesses in the same order on one
 * CPU keep the same keys.
 *
 * Every element is on one list. Used ones are active or inactive; a lookup
 * only sets the element's reference bit. When free elements are wanted the
 * lists are rotated: referenced elements of the inactive list become active,
 * unreferenced ones at the end of the active list become inactive, and
 * unreferenced ones at the end of the inactive list are taken out of the hash.
 * So that CPUs do not meet at the common lists for each new key, each has a
 * stock of free elements and keeps new ones as pending until it needs more.
 * With BPF_F_NO_COMMON_LRU each CPU has its own lists and elements instead.
 *
 * Locks, in this order: a CPU's local lists, the common lists, a bucket.
 *
 * Which list an element is on is said by its .home, which one store changes:
 * when somebody is killed with lists locked, these are made anew of the
 * elements whose homes they are. Only the order is lost. Elements that are not
 * in the hash have tags besides (hash.h).
 */
#ifndef ANYBPF_MAP_LRU_H
#define ANYBPF_MAP_LRU_H

#include "base/sync.h"
#include "base/types.h"

struct hash_map;

/* The first three are lists of struct lru_lists, the next two of a struct lru_local. */
enum lru_where {
	LRU_FREE,
	LRU_INACTIVE,
	LRU_ACTIVE,
	LRU_LISTS,
	LRU_LOCAL_FREE = LRU_LISTS,
	LRU_PENDING,
	LRU_NOWHERE, /* on its way from one CPU to another */
};

/* In each element, after its struct hash_elem. Links are element numbers, 0 is the end. */
struct lru_node {
	u32 prev, next;
	_Atomic u32 home; /* the CPU, in the upper 24 bits, and enum lru_where */
	_Atomic u8 ref;
};

/* First is the newest. */
struct lru_list {
	u32 first, last, cnt;
};

struct lru_lists {
	_Alignas(64) struct spinlock lock;
	struct lru_list list[LRU_LISTS];
	u32 rotate_at; /* where the inactive list's next rotation starts, 0: at its end */
	/* Elements that were never used; their homes are on the free list already. */
	_Atomic u32 fresh;
	u32 fresh_end;
};

struct lru_local {
	_Alignas(64) struct spinlock lock;
	struct lru_list free, pending;
	_Atomic u32 next_steal;
};

struct lru_cpu {
	struct lru_local local;
	struct lru_lists own; /* with BPF_F_NO_COMMON_LRU */
};

struct lru {
	struct lru_lists common;
	u32 nr_scans;	 /* elements that one rotation looks at */
	u32 target_free; /* of a CPU's stock */
	bool percpu;
	struct lru_cpu cpu[];
};

size_t lru_size(u32 nr_cpus);
/* Distributes elements 1 to @nr_elems; zeroed memory. */
void lru_init(struct lru *lru, u32 nr_elems, u32 nr_cpus, bool percpu);

/*
 * An element for a key with this hash, evicting another if it must; 0 when
 * there is none because all are being inserted right now by others.
 */
u32 lru_pop(struct hash_map *h, u32 cpu, u32 hash);
/* Takes back an element that is in no chain. */
void lru_push(struct hash_map *h, u32 at);

/* After the death of a user; see share.h. */
void lru_repair(struct hash_map *h, u32 dead);

/* ---- for lru.c and lru_recover.c ---- */

static inline u32 lru_home(u32 cpu, enum lru_where where)
{
	return cpu << 8 | where;
}

static inline enum lru_where lru_where(u32 home)
{
	return (enum lru_where)(home & 0xff);
}

static inline u32 lru_home_of(const struct lru_node *node)
{
	return atomic_load_explicit(&node->home, memory_order_relaxed);
}

void lru_list_add(struct hash_map *h, struct lru_list *list, u32 at);

static inline void lru_set_ref(struct lru_node *node)
{
	if (!atomic_load_explicit(&node->ref, memory_order_relaxed))
		atomic_store_explicit(&node->ref, 1, memory_order_relaxed);
}

#endif
