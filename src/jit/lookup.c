/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups in hash tables for machine code: one function per type and size of
 * the key. Keys come in registers, so that a program need not have them in
 * memory; everything that the type and the size decide is decided here. What
 * is mostly so, that the chain is empty or the key its first element's, is
 * done without a frame; all else is a function of its own.
 */
#include "jit/runtime.h"

/* Where a struct hash_map says that keys are, known here by the type. */
#define PLAIN_KEY (u32)sizeof(struct hash_elem)
#define LRU_KEY	  (PLAIN_KEY + ROUND_UP((u32)sizeof(struct lru_node), 8u))

static inline void *plain_value(struct hash_map *h __unused, u32 at __unused, void *key, u32 size,
				u32 cpu __unused)
{
	return (u8 *)key + ROUND_UP(size, 8u);
}

static inline void *lru_value(struct hash_map *h __unused, u32 at __unused, void *key, u32 size,
			      u32 cpu __unused)
{
	lru_set_ref((struct lru_node *)(void *)((u8 *)key - (LRU_KEY - PLAIN_KEY)));
	return (u8 *)key + ROUND_UP(size, 8u);
}

static inline void *percpu_value(struct hash_map *h, u32 at, void *key __unused, u32 size __unused,
				 u32 cpu)
{
	return hash_percpu_value(h, at, cpu);
}

static inline void *lru_percpu_value(struct hash_map *h, u32 at, void *key, u32 size, u32 cpu)
{
	lru_value(h, at, key, size, cpu);
	return hash_percpu_value(h, at, cpu);
}

/* The key is the first element's: its address, or NULL when more has to be looked at. */
static inline __attribute__((always_inline)) void *first_key(const struct hash_map *h,
							     struct hash_bucket *b, u32 seq, u32 at,
							     const void *key, u32 size, u32 key_off)
{
	u8 *first = (u8 *)hash_elem(h, at) + key_off;

	return hash_key_equal(first, key, size) && hash_read_ok(b, seq) ? first : NULL;
}

#define FIND(name, size, key_off, value_of, ...)                                                   \
	u32 hash = hash_of(h, key, size), at;                                                      \
	struct hash_bucket *b = hash_bucket(h, hash);                                              \
	u32 seq = hash_read_begin(b);                                                              \
	void *found;                                                                               \
                                                                                                   \
	at = atomic_load_explicit(&b->head, memory_order_acquire);                                 \
	if (!at)                                                                                   \
		return NULL;                                                                       \
	found = first_key(h, b, seq, at, key, size, key_off);                                      \
	return likely(found) ? value_of(h, at, found, size, cpu) : name(h, hash, __VA_ARGS__, cpu)

#define WALK(size, key_off, value_of)                                                              \
	u32 at = hash_find_sized(h, hash, key, size);                                              \
                                                                                                   \
	return at ? value_of(h, at, (u8 *)hash_elem(h, at) + key_off, size, cpu) : NULL

#define DEFINE_LOOKUPS(name, key_off, value_of)                                                    \
	static __attribute__((noinline)) void *name##_walk_8(struct hash_map *h, u32 hash,         \
							     u64 only, u32 cpu)                    \
	{                                                                                          \
		const u64 *key = &only;                                                            \
		WALK(8, key_off, value_of);                                                        \
	}                                                                                          \
	static __attribute__((noinline)) void *name##_walk_4(struct hash_map *h, u32 hash,         \
							     u32 only, u32 cpu)                    \
	{                                                                                          \
		const u32 *key = &only;                                                            \
		WALK(4, key_off, value_of);                                                        \
	}                                                                                          \
	static __attribute__((noinline)) void *name##_walk_16(struct hash_map *h, u32 hash,        \
							      u64 first, u64 second, u32 cpu)      \
	{                                                                                          \
		const u64 key[2] = {first, second};                                                \
		WALK(16, key_off, value_of);                                                       \
	}                                                                                          \
	void *jit_##name##_4(struct hash_map *h, u32 only, u32 cpu)                                \
	{                                                                                          \
		const u32 *key = &only;                                                            \
		FIND(name##_walk_4, 4, key_off, value_of, only);                                   \
	}                                                                                          \
	void *jit_##name##_8(struct hash_map *h, u64 only, u32 cpu)                                \
	{                                                                                          \
		const u64 *key = &only;                                                            \
		FIND(name##_walk_8, 8, key_off, value_of, only);                                   \
	}                                                                                          \
	void *jit_##name##_16(struct hash_map *h, u64 first, u64 second, u32 cpu)                  \
	{                                                                                          \
		const u64 key[2] = {first, second};                                                \
		FIND(name##_walk_16, 16, key_off, value_of, first, second);                        \
	}

DEFINE_LOOKUPS(hash, PLAIN_KEY, plain_value)
DEFINE_LOOKUPS(lru_hash, LRU_KEY, lru_value)
DEFINE_LOOKUPS(percpu_hash, PLAIN_KEY, percpu_value)
DEFINE_LOOKUPS(lru_percpu_hash, LRU_KEY, lru_percpu_value)
