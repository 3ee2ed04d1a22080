/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps in memory that several processes use at once, any of which may be
 * killed at any instruction.
 *
 * A region is a struct share_header, which says what map it is and who uses
 * it, and behind it the map's own memory, which holds indexes and never
 * pointers. Whoever uses it has a number, 1 to SHARE_USERS: its slot's. A lock
 * that is held holds its owner's number, and so does the tag of an element that
 * somebody has in hand: that is in no chain and no list, or is about to be.
 *
 * A user that died is found out when somebody waits for its lock, misses an
 * element, or joins. Then, in two steps which may be done again by others
 * when whoever does them is killed, too:
 *
 * Repair: each lock of the dead is taken over; what it protects is made whole,
 * and it is released. It waits for nobody, so that it can be done while other
 * locks are held.
 * Sweep: each element that the dead had in hand is taken over and given back
 * as if one had it in hand oneself. It takes locks, and is done without any.
 *
 * Only the repairer frees slots, so that a number is not given to somebody
 * else while a repairer looks for it.
 */
#ifndef ANYBPF_MAP_SHARE_H
#define ANYBPF_MAP_SHARE_H

#include "base/sync.h"
#include "map/map.h"

#define SHARE_MAGIC   0x50414d4650425941ull /* "AYBPFMAP" */
#define SHARE_VERSION 1u
#define SHARE_USERS   255u /* their numbers fit SHARE_OWNER of a word */
#define SHARE_OWNER   0xffu

/* One user: a map of one host of one process. */
struct share_slot {
	/* Odd while it is somebody's; else the number of times that it was, doubled. */
	_Atomic u32 state;
	_Atomic u32 pid;
	_Atomic u32 waits; /* of its threads, counted among the waiters of the map */
	_Atomic u64 start; /* of the process: numbers are used again */
	_Atomic u64 space; /* where that number means something; 0: nowhere */
};

struct share_header {
	u64 magic;
	u32 version, page_size;
	u32 type, key_size, value_size, max_entries, map_flags, nr_cpus;
	u64 map_extra;
	u64 size; /* of the map's memory, behind the header rounded up to pages */
	char name[BPF_OBJ_NAME_LEN];
	_Atomic u32 ready; /* all above and the map's memory are as they should be */
	_Atomic u32 top;   /* slots above were never used */
	/* Who repairs, who sweeps: a slot's number and its state, or 0. */
	_Atomic u32 repairer, sweeper;
	struct share_slot slot[SHARE_USERS + 1]; /* the first is nobody's */
};

/* In memory that a forked child finds zeroed: it is not its parent. */
struct share_self {
	_Atomic u32 user; /* 0: none yet */
	struct spinlock joining;
	u64 space;
	_Atomic u64 looked_ns; /* when we last asked the system for all processes */
};

/* A process's side of a region. */
struct map_share {
	struct share_self *self;
	struct share_header *header;
	const struct mem *mem;
	int fd;		 /* of the region, for others, too */
	int life;	 /* has the byte of our slot, so that others see us live; -1 */
	bool attached;	 /* somebody else made the region */
	u64 size;	 /* of the map's memory then, which is sealed: the header is not */
	u32 max_entries; /* as asked for, before a type rounds it */
	int err;	 /* why there is no memory, 0: there is none */
};

/* A new region for the map that is about to be made. */
int share_new(const struct mem *mem, struct map_share **share);
/* One that is there, from a descriptor; @attr gets what map it holds. */
int share_open(const struct mem *mem, int fd, struct map_share **share, union bpf_attr *attr,
	       struct err *err);
void share_free(struct map_share *share);

/* Memory for map->share's map: made, or found. Of the second kind: see os_pages_alloc_mirrored().
 */
void *share_pages(struct map *map, size_t size);
void *share_pages_mirrored(struct map *map, size_t head, size_t body);
/* Whether what share_pages() gave was there before. */
bool share_attached(const struct map *map);
/* The map is whole, and can be used by all. */
void share_ready(struct map *map);

/* Gets a slot: -EUSERS when there is none. */
int share_join(struct map_share *share);
/* Of a forked child: its number is none of its own. */
u32 share_join_again(struct map_share *share);

/* This process's number; 0 in a forked child that has none yet. */
static inline u32 share_user_known(const struct map_share *share)
{
	return atomic_load_explicit(&share->self->user, memory_order_acquire);
}

/* This process's number, whatever it takes. */
static inline u32 share_user(struct map_share *share)
{
	u32 user = share_user_known(share);

	return likely(user) ? user : share_join_again(share);
}

/*
 * Whether a user is known to be dead; never wrongly. At a glance, which costs one
 * system call, one that has left a child behind seems alive.
 */
bool share_dead(struct map_share *share, u32 user);
bool share_dead_at_a_glance(struct map_share *share, u32 user);

/* Repairs if the owner of a lock is dead. With any locks held. */
void share_repair(struct map *map, u32 owner);
/* Repairs and sweeps; true if anybody was dead. Without locks. */
bool share_recover(struct map *map);
/* Likewise for who lacks something, which may be often: mostly only at a glance. */
bool share_recover_soon(struct map *map);

#endif
