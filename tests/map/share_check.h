/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of maps that processes share: one map of each kind, random
 * operations on it, and what has to hold of it when nobody uses it, however its
 * users came to their ends.
 */
#ifndef ANYBPF_TESTS_MAP_SHARE_CHECK_H
#define ANYBPF_TESTS_MAP_SHARE_CHECK_H

#include <errno.h>

#include "base/bytes.h"
#include "base/sync.h"
#include "map/hash.h"
#include "map/ringbuf.h"
#include "map/share.h"
#include "tap.h"

#define CPUS 2

struct kind {
	const char *name;
	u32 type, key_size, value_size, max_entries, flags;
	u32 keys; /* that random operations use */
};

static const struct kind kinds[] __unused = {
	{"array", BPF_MAP_TYPE_ARRAY, 4, 24, 4, 0, 5},
	{"hash", BPF_MAP_TYPE_HASH, 4, 24, 6, 0, 9},
	{"hash of odd keys", BPF_MAP_TYPE_HASH, 7, 24, 6, 0, 9},
	{"lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 24, 6, 0, 20},
	{"lru_hash of own lists", BPF_MAP_TYPE_LRU_HASH, 4, 24, 6, BPF_F_NO_COMMON_LRU, 20},
	{"lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 24, 8, BPF_F_NO_PREALLOC, 40},
	{"queue", BPF_MAP_TYPE_QUEUE, 0, 24, 5, 0, 0},
	{"stack", BPF_MAP_TYPE_STACK, 0, 24, 5, 0, 0},
	{"ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, 0},
};

static inline u32 random_below(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*state >> 33) % below);
}

/* ---- keys and values ---- */

struct value {
	u64 a, b, c;
};

static inline struct value value_for(u32 key, u64 version)
{
	u64 a = (u64)key << 32 | (u32)version;

	return (struct value){a, ~a, a * 3};
}

static inline bool value_ok(const struct value *v, u32 key)
{
	return v->b == ~v->a && v->c == v->a * 3 && v->a >> 32 == key;
}

/* Number @n as a key: a prefix for tries, so that some begin with others. */
static inline void key_for(const struct kind *kind, u32 n, void *key)
{
	u8 bytes[8] = {(u8)n, (u8)(n >> 8)};

	if (kind->type == BPF_MAP_TYPE_LPM_TRIE) {
		put_u32(bytes, n % 8 * 2 + n / 8 % 2);
		put_be32(bytes + 4,
			 n * 0x9e3779b9u << 26 & ~(u32)(0xffffffffull >> get_u32(bytes)));
	}
	memcpy(key, bytes, kind->key_size);
}

/* ---- making ---- */

static inline struct host *share_host(void)
{
	struct host_options opts;
	struct environment env;
	struct host *host = NULL;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = CPUS;
	opts.env = &env;
	return host_new(&opts, &host) ? NULL : host;
}

static inline union bpf_attr kind_attr(const struct kind *kind)
{
	return (union bpf_attr){
		.map_type = kind->type,
		.key_size = kind->key_size,
		.value_size = kind->value_size,
		.max_entries = kind->max_entries,
		.map_flags = kind->flags,
	};
}

/* Arrays have their values from the start. */
static inline struct map *share_map(struct host *host, const struct kind *kind)
{
	union bpf_attr attr = kind_attr(kind);
	struct map *map = NULL;
	struct value v;

	if (map_create_shared(host, &attr, NULL, &map, NULL))
		return NULL;
	for (u32 i = 0; kind->type == BPF_MAP_TYPE_ARRAY && i < kind->max_entries; i++) {
		v = value_for(i, 0);
		map_user_update(map, &i, &v, 0);
	}
	return map;
}

/* ---- one operation ---- */

static inline const char *keyed_op(struct map *map, const struct kind *kind, u64 *state)
{
	u32 n = random_below(state, kind->keys), cpu = random_below(state, CPUS);
	struct value v = value_for(n, *state >> 40), got;
	bool array = kind->type == BPF_MAP_TYPE_ARRAY;
	bool trie = kind->type == BPF_MAP_TYPE_LPM_TRIE;
	u8 key[8], next[8];
	int err;

	key_for(kind, n, key);
	switch (random_below(state, 8)) {
	case 0:
	case 1:
	case 2:
		map->ops->update(map, key, &v, BPF_ANY, cpu);
		break;
	case 3:
		map->ops->update(map, key, &v, trie ? BPF_ANY : BPF_EXIST, cpu);
		break;
	case 4:
		map->ops->delete (map, key);
		break;
	case 5:
		map_user_next_key(map, random_below(state, 2) ? key : NULL, next);
		break;
	default:
		err = map_user_lookup(map, key, &got, 0);
		/* A trie gives what a shorter prefix has. An array's value may be half written. */
		if (!err && !(trie    ? got.b == ~got.a
			      : array ? got.a >> 32 == n
				      : value_ok(&got, n)))
			return "torn value";
	}
	return NULL;
}

static inline const char *end_op(struct map *map, u64 *state)
{
	struct value v = value_for(7, *state >> 40);

	if (random_below(state, 2)) {
		map->ops->push(map, &v, random_below(state, 4) ? BPF_ANY : BPF_EXIST);
		return NULL;
	}
	if (!map->ops->pop(map, &v) && !value_ok(&v, 7))
		return "torn value";
	return NULL;
}

#define RECORD_WORDS 40

static inline const char *produce_op(struct map *map, u64 *state)
{
	u32 words = 1 + random_below(state, RECORD_WORDS);
	u64 *payload = ringbuf_reserve(map, words * 8ull);

	if (!payload)
		return NULL;
	for (u32 i = 0; i < words; i++)
		payload[i] = words;
	ringbuf_commit(payload, 0, !random_below(state, 4));
	return NULL;
}

static inline const char *random_op(struct map *map, const struct kind *kind, u64 *state)
{
	if (kind->key_size)
		return keyed_op(map, kind, state);
	return kind->type == BPF_MAP_TYPE_RINGBUF ? produce_op(map, state) : end_op(map, state);
}

static inline int check_record(void *arg, const void *data, u32 size)
{
	const u64 *words = data;

	for (u32 i = 0; i < size / 8; i++)
		if (words[i] != size / 8)
			*(const char **)arg = "torn record";
	return 0;
}

/* Of ring buffers: takes what is there. */
static inline const char *consume(struct map *map)
{
	const char *wrong = NULL;

	if (ringbuf_consume(map, check_record, &wrong) < 0)
		return "nonsense in the ring";
	return wrong;
}

/* ---- what has to hold: the hash types, from inside ---- */

/* Where each element was seen: exactly once. */
struct seen {
	u8 at[64];
	u8 chained[64];
};

static inline const char *see(struct seen *seen, const struct hash_map *h, u32 at)
{
	if (!at || at > h->nr_elems + h->nr_spares || at >= sizeof(seen->at))
		return "link to no element";
	return seen->at[at]++ ? "element in two places" : NULL;
}

static inline const char *see_chains(struct hash_map *h, struct seen *seen)
{
	for (u32 i = 0; i <= h->mask; i++) {
		u32 at = h->buckets[i].head;

		if (h->buckets[i].seq & SHARE_OWNER)
			return "bucket locked by nobody";
		for (; at; at = hash_elem(h, at)->next) {
			const char *wrong = see(seen, h, at);

			if (wrong)
				return wrong;
			if ((hash_elem(h, at)->hash & h->mask) != i)
				return "element in another's chain";
			seen->chained[at] = 1;
		}
	}
	return NULL;
}

static inline const char *see_free(struct hash_map *h, struct seen *seen)
{
	const char *wrong = NULL;

	for (u32 cpu = 0; cpu < CPUS && !wrong; cpu++) {
		struct hash_cpu *c = &h->shared->cpu[cpu];

		if (c->lock.locked)
			return "free list locked by nobody";
		for (u32 at = c->free; at && !wrong; at = hash_elem(h, at)->next)
			wrong = see(seen, h, at);
		if (!wrong)
			wrong = c->spare ? see(seen, h, c->spare) : "spare lost";
	}
	if (h->shared->fresh_lock.locked)
		return "fresh ones locked by nobody";
	for (u32 at = h->shared->fresh; at <= h->nr_elems && !wrong; at++)
		wrong = see(seen, h, at);
	return wrong;
}

/* A list of elements that are in the hash, or are not. */
static inline const char *see_list(struct hash_map *h, struct seen *seen,
				   const struct lru_list *list, u32 home, u32 mask, bool chained)
{
	u32 n = 0, prev = 0, at;

	for (at = list->first; at; prev = at, at = hash_lru_node(h, at)->next, n++) {
		const struct lru_node *node = hash_lru_node(h, at);
		u8 was = seen->chained[at % sizeof(seen->at)];

		seen->at[at % sizeof(seen->at)] -= was;
		if (see(seen, h, at))
			return "element on two lists";
		if (was != chained)
			return chained ? "element lost to the hash" : "free element in the hash";
		if (node->prev != prev || (node->home & mask) != home)
			return "broken list";
	}
	return list->last == prev && list->cnt == n ? NULL : "list of another length";
}

static inline const char *see_lists(struct hash_map *h, struct seen *seen, struct lru_lists *lists)
{
	const char *wrong = lists->lock.locked ? "lists locked by nobody" : NULL;

	for (u32 i = 0; i < LRU_LISTS && !wrong; i++)
		wrong = see_list(h, seen, &lists->list[i], i, 0xff, i != LRU_FREE);
	for (u32 at = lists->fresh; at < lists->fresh_end && !wrong; at++)
		wrong = see(seen, h, at);
	return wrong;
}

static inline const char *see_lru(struct hash_map *h, struct seen *seen)
{
	struct lru *lru = h->lru;
	const char *wrong = see_lists(h, seen, &lru->common);

	for (u32 cpu = 0; cpu < CPUS && !wrong; cpu++) {
		struct lru_local *local = &lru->cpu[cpu].local;

		if (local->lock.locked)
			return "local lists locked by nobody";
		wrong = see_lists(h, seen, &lru->cpu[cpu].own);
		if (!wrong)
			wrong = see_list(h, seen, &local->free, lru_home(cpu, LRU_LOCAL_FREE), ~0u,
					 false);
		if (!wrong)
			wrong = see_list(h, seen, &local->pending, lru_home(cpu, LRU_PENDING), ~0u,
					 true);
	}
	return wrong;
}

static inline const char *check_hash(struct hash_map *h)
{
	struct seen seen = {0};
	const char *wrong = see_chains(h, &seen);

	if (!wrong)
		wrong = h->lru ? see_lru(h, &seen) : see_free(h, &seen);
	for (u32 at = 1; at <= h->nr_elems + h->nr_spares && !wrong; at++) {
		if (!seen.at[at])
			wrong = "element lost";
		else if (h->tags[at])
			wrong = "element in the hand of nobody";
	}
	return wrong;
}

/* ---- from outside: takes all, and gives all back ---- */

static inline const char *drain_keys(struct map *map, const struct kind *kind)
{
	struct value v;
	u8 key[8];

	for (u32 n = 0; n < 1000; n++) {
		if (map_user_next_key(map, NULL, key))
			return NULL;
		if (map_user_lookup(map, key, &v, 0))
			return "key without value";
		if (v.b != ~v.a || v.c != v.a * 3)
			return "torn value";
		if (kind->type != BPF_MAP_TYPE_LPM_TRIE && !value_ok(&v, get_u32(key) & 0xffff))
			return "another key's value";
		if (map_user_delete(map, key))
			return "key that cannot be deleted";
	}
	return "keys without end";
}

static inline const char *fill_keys(struct map *map, const struct kind *kind)
{
	bool lru = kind->type == BPF_MAP_TYPE_LRU_HASH;
	u32 n = map->desc.max_entries, fits = 0, there = 0;
	u8 key[8], last[8];

	for (u32 i = 0; i < n + 2; i++) {
		struct value v = value_for(i, 1);

		key_for(kind, i, key);
		fits += !map->ops->update(map, key, &v, BPF_NOEXIST, i % CPUS);
	}
	for (int err = map_user_next_key(map, NULL, last); !err && there < 1000; there++)
		err = map_user_next_key(map, last, last);
	if (fits != (lru ? n + 2 : n))
		return "takes another number of keys";
	return there <= n ? NULL : "holds more keys than it may";
}

static inline const char *check_array(struct map *map)
{
	struct value v;

	for (u32 i = 0; i < map->desc.max_entries; i++)
		if (map_user_lookup(map, &i, &v, 0) || v.a >> 32 != i || ~v.b >> 32 != i)
			return "torn word";
	return NULL;
}

static inline const char *check_ends(struct map *map)
{
	struct value v;
	u32 n = 0;

	for (; !map->ops->pop(map, &v); n++)
		if (!value_ok(&v, 7) || n > map->desc.max_entries)
			return "torn value";
	for (n = 0, v = value_for(7, 2); !map->ops->push(map, &v, 0) && n < 1000; n++)
		;
	if (n != map->desc.max_entries)
		return "takes another number of values";
	while (!map->ops->pop(map, &v))
		n--;
	return n ? "gives another number of values" : NULL;
}

static inline const char *check_ring(struct map *map)
{
	const char *wrong = consume(map);
	void *payload;

	if (wrong)
		return wrong;
	if (ringbuf_query(map, BPF_RB_AVAIL_DATA))
		return "record that nobody commits";
	payload = ringbuf_reserve(map, map->desc.max_entries / 2);
	if (!payload)
		return "room lost";
	ringbuf_commit(payload, 0, true);
	return consume(map);
}

static inline const char *check_keyed(struct map *map, const struct kind *kind)
{
	bool hash = kind->type != BPF_MAP_TYPE_LPM_TRIE;
	const char *wrong = hash ? check_hash(hash_map_of(map)) : NULL;

	if (!wrong)
		wrong = drain_keys(map, kind);
	if (!wrong)
		wrong = fill_keys(map, kind);
	if (!wrong)
		wrong = drain_keys(map, kind);
	return !wrong && hash ? check_hash(hash_map_of(map)) : wrong;
}

/* NULL, or what is wrong with a map that has been recovered and that nobody else uses. Empties it.
 */
static inline const char *check_whole(struct map *map, const struct kind *kind)
{
	if (kind->type == BPF_MAP_TYPE_ARRAY)
		return check_array(map);
	if (kind->type == BPF_MAP_TYPE_RINGBUF)
		return check_ring(map);
	return kind->key_size ? check_keyed(map, kind) : check_ends(map);
}

#endif
