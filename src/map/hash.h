/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash table that all hash types are built on: finding, linking and
 * unlinking elements. How elements are allocated and where values lie is the
 * types' own.
 *
 * There are two to four times as many buckets as elements, so that the first element of a
 * chain mostly is the one that is looked for: what else it is a processor does not foresee.
 *
 * Region, in this order: struct hash_shared with one struct hash_cpu per CPU,
 * struct lru of an LRU type, buckets, elements, per-CPU values, tags of a map that
 * processes share. Elements are numbered from 1; 0
 * ends a chain. An element is a struct hash_elem, for LRU types its struct lru_node, the key and,
 * unless per-CPU, the value, both rounded up to 8 bytes.
 *
 * Writers hold the bucket's lock: the lowest byte of its .seq is who has it, 0
 * nobody; the other bits count changes of the chain. Every change is one store, so that a chain is
 * whole at any time, and an element leaves the chain before .seq moves on and is reused only after.
 * A reader takes no lock: it notes .seq, walks, and what it saw (a match as well as its absence)
 * holds if .seq has not moved on. Otherwise an element may have been reused under its feet and it
 * walks again; after some tries it takes the lock.
 *
 * The tag of an element that is in no chain and on no list of free ones says
 * who has it in hand and where it belongs. It is set before the one store that
 * takes the element out and cleared after the one that puts it in, both under
 * the lock that the store is done under. So what a writer that was killed left
 * is either in hand by its tag, or where it was or should be; see share.h.
 *
 * A pointer to a value that a program has got stays good memory, but after a
 * deletion the element may be anybody's. As in Linux an update of an existing
 * key makes a new element, so that who holds a pointer to the old value still
 * sees the old value for a while; unlike in Linux the new element takes the
 * old one's place in the chain, so that an iteration that updates as it goes
 * comes to an end.
 */
#ifndef ANYBPF_MAP_HASH_H
#define ANYBPF_MAP_HASH_H

#include "base/hash.h"
#include "map/lru.h"
#include "map/types.h"

#define HASH_MAX_ENTRIES (1u << 27) /* Linux's limit: its bucket array stays below 4 GiB */

struct hash_bucket {
	_Atomic u32 seq;
	_Atomic u32 head;
};

struct hash_elem {
	_Atomic u32 next;
	_Atomic u32 hash;
};

/* One CPU's free elements, chained through .next, and the one that replaces at updates. */
struct hash_cpu {
	_Alignas(64) struct spinlock lock;
	_Atomic u32 free;
	_Atomic u32 spare; /* of a shared map: under the lock */
};

struct hash_shared {
	u64 seed;
	_Atomic u32 fresh;	    /* elements from here on were never used */
	struct spinlock fresh_lock; /* of a shared map */
	struct hash_cpu cpu[];
};

struct hash_map {
	struct map map;
	struct hash_shared *shared; /* the region's start */
	struct hash_bucket *buckets;
	u8 *elems; /* element 0, which does not exist, would be here */
	u64 seed;
	u32 mask; /* number of buckets - 1 */
	u32 key_size;
	u32 elem_size;
	u32 key_off, value_off; /* in an element */
	u32 nr_elems;		/* without spares */
	u32 nr_spares;		/* numbered after the others */
	struct lru *lru;	/* NULL for the types without */
	u8 *percpu_values;	/* element 0's copy on CPU 0, NULL for the types without */
	u64 cpu_stride;
	_Atomic u32 *tags; /* by element; NULL when the map is one process's */
	size_t size;	   /* of the region */
};

static inline struct hash_map *hash_map_of(struct map *map)
{
	return container_of(map, struct hash_map, map);
}

static inline struct hash_elem *hash_elem(const struct hash_map *h, u32 at)
{
	return (struct hash_elem *)(void *)(h->elems + (u64)at * h->elem_size);
}

static inline void *hash_key(const struct hash_map *h, struct hash_elem *e)
{
	return (u8 *)e + h->key_off;
}

static inline void *hash_value(const struct hash_map *h, struct hash_elem *e)
{
	return (u8 *)e + h->value_off;
}

static inline void *hash_percpu_value(const struct hash_map *h, u32 at, u32 cpu)
{
	return h->percpu_values + cpu * h->cpu_stride + (u64)at * map_value_stride(&h->map);
}

static inline struct lru_node *hash_lru_node(const struct hash_map *h, u32 at)
{
	return (struct lru_node *)(void *)(hash_elem(h, at) + 1);
}

static inline struct hash_bucket *hash_bucket(const struct hash_map *h, u32 hash)
{
	return &h->buckets[hash & h->mask];
}

#define HASH_ODD 0x9e3779b97f4a7c15ull

/* Compilers write the same in machine code: the halves of the product, one on the other. */
static inline u32 hash_mix(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u32)p ^ (u32)(p >> 64);
}

/* What the second half of a 16-byte key is mixed with: no key known beforehand makes it 0. */
static inline u64 hash_second_seed(const struct hash_map *h)
{
	return HASH_ODD ^ (h->seed << 32 | h->seed >> 32);
}

/* @size is a constant for the common sizes, which need no loop. */
static inline __attribute__((always_inline)) u32 hash_of(const struct hash_map *h, const void *key,
							 u32 size)
{
	if (size == 4)
		return hash_mix(get_u32(key) ^ h->seed, HASH_ODD);
	if (size == 8)
		return hash_mix(get_u64(key) ^ h->seed, HASH_ODD);
	if (size == 16)
		return hash_mix(get_u64(key) ^ h->seed,
				get_u64((const u8 *)key + 8) ^ hash_second_seed(h));
	return hash_bytes(key, size, h->seed);
}

/* Keys in the region may be rewritten while we look; .seq tells afterwards. */
bool hash_key_equal_any(const void *shared, const void *key, u32 size);

static inline __attribute__((always_inline)) bool hash_key_equal(const void *shared,
								 const void *key, u32 size)
{
	const u64 *words = shared;

	if (size == 4)
		return __atomic_load_n((const u32 *)shared, __ATOMIC_RELAXED) == get_u32(key);
	if (size == 8)
		return __atomic_load_n(words, __ATOMIC_RELAXED) == get_u64(key);
	if (size == 16)
		return __atomic_load_n(words, __ATOMIC_RELAXED) == get_u64(key) &&
		       __atomic_load_n(words + 1, __ATOMIC_RELAXED) == get_u64((const u8 *)key + 8);
	return hash_key_equal_any(shared, key, size);
}

#define HASH_SEQ_ONE (SHARE_OWNER + 1)

/* What happened while a reader looked: unequal if the chain has changed. */
static inline u32 hash_read_begin(struct hash_bucket *b)
{
	return atomic_load_explicit(&b->seq, memory_order_acquire) & ~SHARE_OWNER;
}

static inline bool hash_read_ok(struct hash_bucket *b, u32 seq)
{
	atomic_thread_fence(memory_order_acquire);
	return likely((atomic_load_explicit(&b->seq, memory_order_relaxed) & ~SHARE_OWNER) == seq);
}

/* Waits for the bucket; the value is for hash_unlock(). */
u32 hash_lock(struct hash_map *h, struct hash_bucket *b);
void hash_unlock(struct hash_bucket *b, u32 seq, bool changed);

/* The element with the key or 0. The caller holds the lock. */
u32 hash_find_locked(struct hash_map *h, struct hash_bucket *b, u32 hash, const void *key);
/* Any number of tries gone wrong: finds it under the lock, which it gives back. */
u32 hash_find_slow(struct hash_map *h, struct hash_bucket *b, u32 hash, const void *key);

/* Walks so long only over elements that are being moved about. */
#define HASH_WALK_CHECK 64

static inline __attribute__((always_inline)) u32 hash_find_sized(struct hash_map *h, u32 hash,
								 const void *key, u32 size)
{
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_read_begin(b);
	u32 at = atomic_load_explicit(&b->head, memory_order_acquire);

	for (u32 steps = 1; at; steps++) {
		struct hash_elem *e = hash_elem(h, at);

		if (hash_key_equal(hash_key(h, e), key, size))
			break;
		at = atomic_load_explicit(&e->next, memory_order_acquire);
		if (unlikely(steps % HASH_WALK_CHECK == 0) && !hash_read_ok(b, seq))
			break;
	}
	return hash_read_ok(b, seq) ? at : hash_find_slow(h, b, hash, key);
}

/* The element with the key or 0, without a lock. */
static inline u32 hash_find(struct hash_map *h, const void *key)
{
	if (h->key_size == 4)
		return hash_find_sized(h, hash_of(h, key, 4), key, 4);
	if (h->key_size == 8)
		return hash_find_sized(h, hash_of(h, key, 8), key, 8);
	if (h->key_size == 16)
		return hash_find_sized(h, hash_of(h, key, 16), key, 16);
	return hash_find_sized(h, hash_of(h, key, h->key_size), key, h->key_size);
}

static inline u32 hash_of_key(const struct hash_map *h, const void *key)
{
	if (h->key_size == 4)
		return hash_of(h, key, 4);
	if (h->key_size == 8)
		return hash_of(h, key, 8);
	if (h->key_size == 16)
		return hash_of(h, key, 16);
	return hash_of(h, key, h->key_size);
}

/* ---- tags ---- */

/* The lowest byte is who has the element; above is the CPU whose spare it is, plus 1. */
#define HASH_TAG_SPARE(cpu) (((cpu) + 1u) << 8)

static inline u32 hash_tag_of(const struct hash_map *h, u32 at)
{
	return atomic_load_explicit(&h->tags[at], memory_order_acquire);
}

/* We, who hold a lock, have it in hand; @home 0 or HASH_TAG_SPARE(). */
static inline void hash_tag(struct hash_map *h, u32 at, u32 home)
{
	if (unlikely(h->tags))
		atomic_store_explicit(&h->tags[at], map_user(&h->map) | home, memory_order_release);
}

static inline void hash_untag(struct hash_map *h, u32 at)
{
	if (unlikely(h->tags))
		atomic_store_explicit(&h->tags[at], 0, memory_order_release);
}

/* Changes of a chain under its lock. The element's key is in place before. */
void hash_link(struct hash_map *h, struct hash_bucket *b, u32 at);
void hash_replace(struct hash_map *h, struct hash_bucket *b, u32 old, u32 new_at);
/* False when the element is not in this chain. */
bool hash_unlink(struct hash_map *h, struct hash_bucket *b, u32 at);

/* Before a reused element is written: readers that see any of it see that .seq moved on. */
static inline void hash_fill_key(struct hash_map *h, u32 at, u32 hash, const void *key)
{
	struct hash_elem *e = hash_elem(h, at);

	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&e->hash, hash, memory_order_relaxed);
	sync_copy_to_shared(hash_key(h, e), key, h->key_size);
}

/* The preallocated types' free elements: 0 when all are in use. */
u32 hash_pop_free(struct hash_map *h, u32 cpu);
void hash_push_free(struct hash_map *h, u32 cpu, u32 at);

/*
 * What replaces at updates: the spare element of @cpu or, when others have it,
 * of another one, which @cpu becomes; 0 when others have all of them. Whoever
 * has one gives @at back in its place, and needs nothing more for it.
 */
u32 hash_find_spare(struct hash_map *h, u32 *cpu);
void hash_give_shared_spare(struct hash_map *h, u32 cpu, u32 at);

static inline u32 hash_take_own_spare(struct hash_map *h, u32 cpu)
{
	return atomic_exchange_explicit(&h->shared->cpu[cpu].spare, 0, memory_order_acquire);
}

static inline u32 hash_take_spare(struct hash_map *h, u32 *cpu)
{
	u32 at = likely(!h->tags) ? hash_take_own_spare(h, *cpu) : 0;

	return likely(at) ? at : hash_find_spare(h, cpu);
}

static inline void hash_give_spare(struct hash_map *h, u32 cpu, u32 at)
{
	if (likely(!h->tags))
		atomic_store_explicit(&h->shared->cpu[cpu].spare, at, memory_order_release);
	else
		hash_give_shared_spare(h, cpu, at);
}

/* BPF_NOEXIST and BPF_EXIST against what is there. */
static inline int hash_check_flags(bool exists, u64 flags)
{
	flags &= MAP_FLAGS_UNLOCK;
	if (exists && flags == BPF_NOEXIST)
		return -EEXIST;
	return !exists && flags == BPF_EXIST ? -ENOENT : 0;
}

/* Drops what special fields of an element hold that has left its chain. */
void hash_drop_elem(struct hash_map *h, u32 at);
/* Gives back an element that is in no chain, whatever the type, and what its fields hold. */
void hash_free_elem(struct hash_map *h, u32 at);

/* What the types have in common as map_ops. Spares are for replacing; LRU types need none. */
int hash_check(const union bpf_attr *attr);
int hash_init(struct hash_map *h, u32 nr_elems, u32 nr_spares);
int hash_init_lru(struct hash_map *h);
void hash_exit(struct map *map);
int hash_delete(struct map *map, const void *key);
int hash_read(struct map *map, const void *key, void *value, u64 flags);
int hash_read_and_delete(struct map *map, const void *key, void *value, u64 flags);
int hash_next_key(struct map *map, const void *key, void *next);
long hash_for_each(struct map *map, u32 cpu, long (*fn)(void *arg, void *key, void *value),
		   void *arg);
void hash_drop_fields(struct map *map, u32 kinds);
/* Of types whose values are in the elements. */
const void *hash_key_of(const struct map *map, const void *value, u32 *index);
s64 hash_read_bucket(struct map *map, u32 *bucket, u32 room, void *keys, void *values, u64 flags,
		     bool take);
/* As that, but with @taken the elements are taken out and left to the caller: the first of a chain.
 */
s64 hash_batch_bucket(struct hash_map *h, u32 *bucket, u32 room, void *keys, void *values,
		      u64 flags, u32 *taken);
u32 hash_taken_next(struct hash_map *h, u32 at);
u64 hash_mem_usage(const struct map *map);
/* Of types whose values are in the elements. */
void hash_repair(struct map *map, u32 dead);
void hash_sweep(struct map *map, u32 dead);

#endif
