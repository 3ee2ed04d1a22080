/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_LPM_TRIE: the value of the longest prefix that a key begins with.
 *
 * A binary trie in which a node stands for a prefix: one of the map's, with a
 * value, or one that only is where two longer ones part (NODE_BARE), which has
 * two children. A node's prefix is longer than its parent's and begins with it.
 *
 * Region: struct lpm_shared, nodes, values. Nodes are numbered from 1; 0 is no
 * node. They lie apart from the values, so that as many as possible share a
 * cache line: four with IPv4 keys. There are two nodes per entry and one to
 * replace with, whose pages are touched when they are first used.
 *
 * Writers hold the lock. Every change of the trie is one store, so that it is
 * whole at any time, and .seq counts the times that nodes were taken out: a
 * node is taken out, .seq moves on, and only then it may be reused. A reader
 * takes no lock: what it saw holds if .seq has not moved on. Otherwise a node
 * may have been reused under its feet and it walks again; after some tries it
 * takes the lock. Prefixes that do not get longer on the way tell it so early.
 *
 * Behind the values are shortcuts: for the first bits of a key, as many as
 * there can be different ones, what a walk comes to: the longest prefix of
 * fewer bits, and the first node with no fewer. Who changes the trie writes
 * one, and who has to walk from the root if the lock is free; who changes the trie first takes away
 * the one that may be concerned, or all of them when the prefix is that short, by counting .age up.
 * With the lock nothing else changes, so that a shortcut is right from when it is written until it
 * is taken away.
 */
#include <string.h>

#include "map/types.h"

#define LPM_FLAGS     (BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)
#define LPM_DATA_MAX  256u
#define LPM_VALUE_MAX (MAP_KMALLOC_MAX - LPM_DATA_MAX - 40u)
/* Of address space; a trie that uses it up is out of memory. */
#define LPM_REGION_MAX (1ull << 38)

#define NODE_BARE  (1u << 31) /* in .len: no value */
#define READ_TRIES 16

/* A shortcut: the nodes that it leads to, and of what age it is; 0: none. */
#define CUT_NODE_BITS 24
#define CUT_NODE(cut) ((u32)(cut) & (BIT(CUT_NODE_BITS) - 1))
#define CUT_BEST(cut) ((u32)((cut) >> CUT_NODE_BITS) & (BIT(CUT_NODE_BITS) - 1))
#define CUT_AGE(cut)  ((u32)((cut) >> 2 * CUT_NODE_BITS))
#define CUT_AGE_MAX   UINT16_MAX
#define CUT_BITS_MAX  20u

struct lpm_node {
	_Atomic u32 child[2];
	_Atomic u32 len; /* bits of the prefix */
	/*
	 * The key's bytes as numbers of 32 bits, the first one highest, padded with
	 * zeros. What lies behind the prefix is as it was given.
	 */
	u32 word[];
};

struct lpm_shared {
	_Atomic u32 root;
	_Atomic u32 seq;
	_Atomic u32 age; /* of shortcuts that hold: 1 to CUT_AGE_MAX */
	_Alignas(MAP_CACHE_LINE) struct spinlock lock;
	u32 fresh;		/* nodes from here on were never used */
	u32 free;		/* chained through .child[0] */
	_Atomic u32 nr_entries; /* nodes with a value */
};

struct lpm_map {
	struct map map;
	struct lpm_shared *shared; /* the region */
	u8 *nodes, *values;	   /* node 0, which does not exist, would be here */
	_Atomic u64 *cuts;
	u32 cut_bits; /* of a key that a shortcut is for; 0: there are none */
	u8 *marks;    /* of a shared map: bits, for who looks for nodes that are nowhere */
	u32 nr_nodes;
	u32 node_size, value_stride;
	u32 data_size, words; /* of a key: bytes, and numbers that hold them */
	size_t size;
};

static struct lpm_map *lpm_of(struct map *map)
{
	return container_of(map, struct lpm_map, map);
}

static inline struct lpm_node *node_at(const struct lpm_map *t, u32 at)
{
	return (struct lpm_node *)(void *)(t->nodes + (u64)at * t->node_size);
}

static inline void *value_at(const struct lpm_map *t, u32 at)
{
	return t->values + (u64)at * t->value_stride;
}

static inline u32 node_len(const struct lpm_node *n)
{
	return atomic_load_explicit(&n->len, memory_order_relaxed);
}

static inline u32 node_word(const struct lpm_node *n, u32 i)
{
	return __atomic_load_n(&n->word[i], __ATOMIC_RELAXED);
}

static inline u32 link_get(_Atomic u32 *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

/* ---- life ---- */

static int lpm_check(const union bpf_attr *attr)
{
	u32 data = attr->key_size - (u32)sizeof(u32);

	if (!attr->max_entries || !(attr->map_flags & BPF_F_NO_PREALLOC) ||
	    !map_flags_ok(attr, LPM_FLAGS))
		return -EINVAL;
	if (attr->key_size <= sizeof(u32) || data > LPM_DATA_MAX || !attr->value_size ||
	    attr->value_size > LPM_VALUE_MAX)
		return -EINVAL;
	return 0;
}

/* A key is a structure that begins with its length. */
static int lpm_check_btf(const struct map *map, const struct btf *btf)
{
	const struct btf_type *t;

	if (!map->desc.btf_key_type_id)
		return -EINVAL;
	t = btf_skip_mods(btf, map->desc.btf_key_type_id, NULL);
	return btf_kind(t) == BTF_KIND_STRUCT ? 0 : -EINVAL;
}

static u32 count_nodes(const struct lpm_map *t, u32 entries)
{
	u64 nodes = 2ull * entries;

	nodes = u64_min(nodes, LPM_REGION_MAX / (t->node_size + t->value_stride));
	return (u32)u64_min(nodes, NODE_BARE - 1);
}

/* About one for each entry; of more nodes than it can name there are none. */
static u32 count_cut_bits(const struct lpm_map *t)
{
	u32 bits = 0;

	if (t->nr_nodes >= BIT(CUT_NODE_BITS))
		return 0;
	while (bits < CUT_BITS_MAX && BIT(bits) < t->map.desc.max_entries)
		bits++;
	return bits < 8 * t->data_size ? bits : 8 * t->data_size;
}

static int lpm_init(struct map *map, const union bpf_attr *attr)
{
	struct lpm_map *t = lpm_of(map);
	size_t nodes_size, cuts_at, marks_at;

	t->data_size = attr->key_size - (u32)sizeof(u32);
	t->words = (t->data_size + 3) / 4;
	t->node_size = ROUND_UP((u32)sizeof(struct lpm_node) + 4 * t->words, 8u);
	t->value_stride = map_value_stride(map);
	t->nr_nodes = count_nodes(t, attr->max_entries);
	nodes_size = ROUND_UP((t->nr_nodes + 1ull) * t->node_size, MAP_CACHE_LINE);
	t->size = sizeof(struct lpm_shared) + nodes_size + (t->nr_nodes + 1ull) * t->value_stride;
	t->cut_bits = count_cut_bits(t);
	cuts_at = t->size;
	t->size += t->cut_bits ? sizeof(u64) << t->cut_bits : 0;
	marks_at = t->size;
	if (map->share)
		t->size += t->nr_nodes / 8 + 2;
	t->shared = map_pages_alloc(map, t->size);
	if (!t->shared)
		return -ENOMEM;
	t->nodes = (u8 *)(t->shared + 1);
	t->values = t->nodes + nodes_size;
	t->cuts = (_Atomic u64 *)(void *)((u8 *)t->shared + cuts_at);
	t->marks = (u8 *)t->shared + marks_at;
	if (!share_attached(map)) {
		t->shared->fresh = 1;
		atomic_init(&t->shared->age, 1);
	}
	return 0;
}

static void lpm_exit(struct map *map)
{
	os_pages_free(lpm_of(map)->shared, lpm_of(map)->size);
}

/* ---- keys ---- */

static inline u32 key_len(const void *key)
{
	return get_u32(key);
}

static inline const u8 *key_data(const void *key)
{
	return (const u8 *)key + sizeof(u32);
}

/* Number @i of a key's bytes. */
static u32 key_word(const struct lpm_map *t, const void *key, u32 i)
{
	const u8 *p = key_data(key) + 4ul * i;
	u32 left = t->data_size - 4 * i, word = 0;

	if (left >= 4)
		return get_be32(p);
	for (u32 k = 0; k < left; k++)
		word |= (u32)p[k] << (24 - 8 * k);
	return word;
}

/* Bit @i, of which there must be one. */
static u32 key_bit(const void *key, u32 i)
{
	return key_data(key)[i / 8] >> (7 - i % 8) & 1;
}

static u32 node_bit(const struct lpm_node *n, u32 i)
{
	return node_word(n, i / 32) >> (31 - i % 32) & 1;
}

/* How many bits key and prefix have in common, up to the shorter; the first @from are known to be.
 */
static u32 match(const struct lpm_map *t, const struct lpm_node *n, const void *key, u32 from)
{
	u32 limit = node_len(n) & ~NODE_BARE;

	if (key_len(key) < limit)
		limit = key_len(key);
	for (u32 i = from / 32; 32 * i < limit; i++) {
		u32 differ = node_word(n, i) ^ key_word(t, key, i);
		u32 same = differ ? 32 * i + (u32)__builtin_clz(differ) : limit;

		if (differ)
			return same < limit ? same : limit;
	}
	return limit;
}

/* ---- finding ---- */

/* Where a walk goes on, and the longest prefix that it has come by; each 0: none. */
struct walk {
	u32 at, found;
};

static inline struct walk walk_from_root(const struct lpm_map *t)
{
	return (struct walk){.at = link_get(&t->shared->root)};
}

/* The node with the longest prefix of a key of four bytes, or 0. */
static u32 walk_4(struct lpm_map *t, const void *key, struct walk from)
{
	u32 len = key_len(key), word = get_be32(key_data(key)), found = from.found;
	u32 at = from.at;
	s32 before = -1;

	while (at) {
		struct lpm_node *n = node_at(t, at);
		u32 bits = node_len(n), prefix = bits & ~NODE_BARE;

		if (prefix > len || (u64)(node_word(n, 0) ^ word) >> (32 - prefix) ||
		    unlikely((s32)prefix <= before))
			break;
		if (!(bits & NODE_BARE))
			found = at;
		if (prefix == 32)
			break;
		before = (s32)prefix;
		at = link_get(&n->child[word >> (31 - prefix) & 1]);
	}
	return found;
}

static u32 walk_any(struct lpm_map *t, const void *key, struct walk from)
{
	u32 at = from.at, found = from.found;
	s32 before = -1;

	while (at) {
		struct lpm_node *n = node_at(t, at);
		u32 bits = node_len(n), prefix = bits & ~NODE_BARE;

		if ((s32)prefix <= before || prefix > 8 * t->data_size ||
		    match(t, n, key, before < 0 ? 0 : (u32)before) < prefix)
			break;
		if (!(bits & NODE_BARE))
			found = at;
		if (prefix == 8 * t->data_size)
			break;
		before = (s32)prefix;
		at = link_get(&n->child[key_bit(key, prefix)]);
	}
	return found;
}

static inline u32 walk(struct lpm_map *t, const void *key, struct walk from)
{
	return t->data_size == 4 ? walk_4(t, key, from) : walk_any(t, key, from);
}

/* ---- shortcuts ---- */

/* The one for a key of so many bits or more. */
static inline _Atomic u64 *cut_of(const struct lpm_map *t, const void *key)
{
	return &t->cuts[key_word(t, key, 0) >> (32 - t->cut_bits)];
}

static inline u32 cut_age(const struct lpm_map *t)
{
	return atomic_load_explicit(&t->shared->age, memory_order_acquire);
}

/* What a walk comes to, under the lock. A node that parts from the key's first bits is none. */
static u64 find_cut(struct lpm_map *t, const void *key)
{
	u32 at = link_get(&t->shared->root), best = 0, same = 0;

	while (at) {
		struct lpm_node *n = node_at(t, at);
		u32 prefix = node_len(n) & ~NODE_BARE;
		u32 common = prefix < t->cut_bits ? prefix : t->cut_bits;

		same = match(t, n, key, same);
		if (same < common)
			at = 0;
		if (same < common || prefix >= t->cut_bits)
			break;
		if (!(node_len(n) & NODE_BARE))
			best = at;
		at = link_get(&n->child[key_bit(key, prefix)]);
	}
	return at | (u64)best << CUT_NODE_BITS | (u64)cut_age(t) << 2 * CUT_NODE_BITS;
}

static bool try_lock(struct lpm_map *t)
{
	u32 me = map_user(&t->map);

	return t->map.share ? me && map_trylock_as(&t->shared->lock, me)
			    : spin_trylock(&t->shared->lock);
}

/* Where to begin: behind the shortcut, which is written where there is none and the lock is free.
 */
static inline struct walk walk_from(struct lpm_map *t, const void *key)
{
	_Atomic u64 *cut;
	u64 found;

	if (!t->cut_bits || key_len(key) < t->cut_bits)
		return walk_from_root(t);
	cut = cut_of(t, key);
	found = atomic_load_explicit(cut, memory_order_acquire);
	if (unlikely(CUT_AGE(found) != cut_age(t))) {
		if (!try_lock(t))
			return walk_from_root(t);
		found = find_cut(t, key);
		atomic_store_explicit(cut, found, memory_order_release);
		map_unlock(&t->shared->lock);
	}
	return (struct walk){CUT_NODE(found), CUT_BEST(found)};
}

static void forget_all(struct lpm_map *t)
{
	u32 age = cut_age(t) + 1;

	if (age > CUT_AGE_MAX) {
		age = 1;
		for (u64 i = 0; i < 1ull << t->cut_bits; i++)
			atomic_store_explicit(&t->cuts[i], 0, memory_order_relaxed);
	}
	atomic_store_explicit(&t->shared->age, age, memory_order_release);
}

/* Afterwards the way is in the processor's caches. */
static void remember(struct lpm_map *t, const void *key)
{
	if (t->cut_bits && key_len(key) >= t->cut_bits)
		atomic_store_explicit(cut_of(t, key), find_cut(t, key), memory_order_release);
}

/* Before a key's prefix comes or goes, under the lock. */
static void forget(struct lpm_map *t, const void *key)
{
	if (!t->cut_bits)
		return;
	if (key_len(key) < t->cut_bits)
		forget_all(t);
	else
		atomic_store_explicit(cut_of(t, key), 0, memory_order_relaxed);
}

static inline u32 read_begin(const struct lpm_map *t)
{
	return atomic_load_explicit(&t->shared->seq, memory_order_acquire);
}

static inline bool read_ok(const struct lpm_map *t, u32 seq)
{
	atomic_thread_fence(memory_order_acquire);
	return likely(atomic_load_explicit(&t->shared->seq, memory_order_relaxed) == seq);
}

static void *lpm_lookup(struct map *map, const void *key, u32 cpu __unused)
{
	struct lpm_map *t = lpm_of(map);
	u32 at;

	if (key_len(key) > 8 * t->data_size)
		return NULL;
	for (u32 i = 0; i < READ_TRIES; i++) {
		u32 seq = read_begin(t);

		at = walk(t, key, walk_from(t, key));
		if (read_ok(t, seq))
			return at ? value_at(t, at) : NULL;
	}
	map_lock(&t->map, &t->shared->lock);
	at = walk(t, key, walk_from_root(t));
	map_unlock(&t->shared->lock);
	return at ? value_at(t, at) : NULL;
}

static int lpm_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct lpm_map *t = lpm_of(map);
	u32 at;

	if (key_len(key) > 8 * t->data_size)
		return -ENOENT;
	for (u32 i = 0; i < READ_TRIES; i++) {
		u32 seq = read_begin(t);

		at = walk(t, key, walk_from(t, key));
		if (at)
			map_copy_out(map, value, value_at(t, at), flags);
		if (read_ok(t, seq))
			return at ? 0 : -ENOENT;
	}
	map_lock(&t->map, &t->shared->lock);
	at = walk(t, key, walk_from_root(t));
	if (at)
		map_copy_out(map, value, value_at(t, at), flags);
	map_unlock(&t->shared->lock);
	return at ? 0 : -ENOENT;
}

/* ---- nodes, under the lock ---- */

/* The node that a writer may fill, or 0 when there is no memory for more. */
static u32 node_take(struct lpm_map *t)
{
	struct lpm_shared *shared = t->shared;
	u32 at = shared->free;

	if (at)
		shared->free =
			atomic_load_explicit(&node_at(t, at)->child[0], memory_order_relaxed);
	else if (shared->fresh <= t->nr_nodes)
		at = shared->fresh++;
	/* Readers that see any of what is written to it see that .seq moved on. */
	atomic_thread_fence(memory_order_release);
	return at;
}

/* Of a node that is not in the trie. */
static void node_put(struct lpm_map *t, u32 at)
{
	if (!at)
		return;
	atomic_store_explicit(&node_at(t, at)->child[0], t->shared->free, memory_order_relaxed);
	t->shared->free = at;
}

/* After nodes were taken out and before they are put: who still stands on one walks again. */
static void nodes_left(struct lpm_map *t)
{
	u32 seq = atomic_load_explicit(&t->shared->seq, memory_order_relaxed);

	atomic_store_explicit(&t->shared->seq, seq + 1, memory_order_release);
	/* Likewise for the link of the free nodes. */
	atomic_thread_fence(memory_order_release);
}

static void node_fill(struct lpm_map *t, u32 at, u32 len, const u32 child[2])
{
	struct lpm_node *n = node_at(t, at);

	atomic_store_explicit(&n->len, len, memory_order_relaxed);
	for (u32 i = 0; i < 2; i++)
		atomic_store_explicit(&n->child[i], child[i], memory_order_relaxed);
}

static void node_set_word(struct lpm_map *t, u32 at, u32 i, u32 word)
{
	__atomic_store_n(&node_at(t, at)->word[i], word, __ATOMIC_RELAXED);
}

/* A node with the key, its value and those children. */
static u32 node_new(struct lpm_map *t, const void *key, const void *value, const u32 child[2])
{
	u32 at = node_take(t);

	if (!at)
		return 0;
	for (u32 i = 0; i < t->words; i++)
		node_set_word(t, at, i, key_word(t, key, i));
	node_fill(t, at, key_len(key), child);
	map_copy_in(&t->map, value_at(t, at), value, 0);
	return at;
}

/* A node without value where the prefix of @like parts from another one behind @len bits. */
static u32 node_new_bare(struct lpm_map *t, const struct lpm_node *like, u32 len,
			 const u32 child[2])
{
	u32 at = node_take(t);

	if (!at)
		return 0;
	for (u32 i = 0; i < t->words; i++)
		node_set_word(t, at, i, node_word(like, i));
	node_fill(t, at, len | NODE_BARE, child);
	return at;
}

/* ---- changing, under the lock ---- */

/* Where a key belongs. */
struct place {
	_Atomic u32 *link;	  /* leads to .at */
	u32 at;			  /* 0, the key's own node, or one that its way parts from */
	u32 same;		  /* bits that .at and the key have in common */
	_Atomic u32 *parent_link; /* leads to .parent */
	u32 parent;		  /* or 0 */
};

static struct place find_place(struct lpm_map *t, const void *key)
{
	struct place p = {.link = &t->shared->root};

	while ((p.at = link_get(p.link))) {
		struct lpm_node *n = node_at(t, p.at);
		u32 prefix = node_len(n) & ~NODE_BARE;

		p.same = match(t, n, key, p.same);
		if (p.same != prefix || prefix == key_len(key))
			break;
		p.parent = p.at;
		p.parent_link = p.link;
		p.link = &n->child[key_bit(key, prefix)];
	}
	return p;
}

/* Whether the place is the key's own. */
static bool is_own(struct lpm_map *t, const struct place *p, const void *key)
{
	return p->at && (node_len(node_at(t, p->at)) & ~NODE_BARE) == key_len(key) &&
	       p->same == key_len(key);
}

static bool has_value(struct lpm_map *t, u32 at)
{
	return !(node_len(node_at(t, at)) & NODE_BARE);
}

static void link_set(_Atomic u32 *link, u32 at)
{
	atomic_store_explicit(link, at, memory_order_release);
}

/* What the key's own node becomes: the same children, another value. */
static int put_instead(struct lpm_map *t, const struct place *p, const void *key, const void *value)
{
	struct lpm_node *old = node_at(t, p->at);
	u32 at = node_new(t, key, value,
			  (u32[]){link_get(&old->child[0]), link_get(&old->child[1])});

	if (!at)
		return -ENOMEM;
	link_set(p->link, at);
	nodes_left(t);
	node_put(t, p->at);
	return 0;
}

/* Where nothing or a longer prefix is, which becomes a child. */
static int put_above(struct lpm_map *t, const struct place *p, const void *key, const void *value)
{
	u32 child[2] = {0}, at;

	if (p->at)
		child[node_bit(node_at(t, p->at), p->same)] = p->at;
	at = node_new(t, key, value, child);
	if (!at)
		return -ENOMEM;
	link_set(p->link, at);
	return 0;
}

/* Where the ways part: beside what is there, below a node without value. */
static int put_beside(struct lpm_map *t, const struct place *p, const void *key, const void *value)
{
	u32 at = node_new(t, key, value, (u32[2]){0}), child[2], bare;

	if (!at)
		return -ENOMEM;
	child[key_bit(key, p->same)] = at;
	child[!key_bit(key, p->same)] = p->at;
	bare = node_new_bare(t, node_at(t, p->at), p->same, child);
	if (!bare) {
		node_put(t, at);
		return -ENOMEM;
	}
	link_set(p->link, bare);
	return 0;
}

static int put_new(struct lpm_map *t, const struct place *p, const void *key, const void *value)
{
	u32 n = atomic_load_explicit(&t->shared->nr_entries, memory_order_relaxed);
	int err;

	if (n == t->map.desc.max_entries)
		return -ENOSPC;
	if (is_own(t, p, key))
		err = put_instead(t, p, key, value);
	else if (!p->at || p->same == key_len(key))
		err = put_above(t, p, key, value);
	else
		err = put_beside(t, p, key, value);
	if (!err)
		atomic_store_explicit(&t->shared->nr_entries, n + 1, memory_order_relaxed);
	return err;
}

static int put(struct lpm_map *t, const struct place *p, const void *key, const void *value,
	       bool exists)
{
	int err;

	forget(t, key);
	err = exists ? put_instead(t, p, key, value) : put_new(t, p, key, value);
	remember(t, key);
	return err;
}

static int lpm_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct lpm_map *t = lpm_of(map);
	struct place p;
	bool exists;
	int err;

	if (flags > BPF_EXIST || key_len(key) > 8 * t->data_size)
		return -EINVAL;
	map_lock(&t->map, &t->shared->lock);
	p = find_place(t, key);
	exists = is_own(t, &p, key) && has_value(t, p.at);
	if (exists && flags == BPF_NOEXIST)
		err = -EEXIST;
	else if (!exists && flags == BPF_EXIST)
		err = -ENOENT;
	else
		err = put(t, &p, key, value, exists);
	map_unlock(&t->shared->lock);
	return err;
}

static int lpm_update(struct map *map, const void *key, const void *value, u64 flags,
		      u32 cpu __unused)
{
	return lpm_write(map, key, value, flags);
}

/* Takes a node with a value out; one that parts two others stays without it. */
static void take_out(struct lpm_map *t, const struct place *p)
{
	struct lpm_node *n = node_at(t, p->at), *parent;
	u32 zero = link_get(&n->child[0]), one = link_get(&n->child[1]), other = 0;

	if (zero && one) {
		atomic_store_explicit(&n->len, node_len(n) | NODE_BARE, memory_order_relaxed);
		return;
	}
	if (!zero && !one && p->parent && !has_value(t, p->parent)) {
		parent = node_at(t, p->parent);
		other = link_get(&parent->child[p->link == &parent->child[0]]);
	}
	if (other)
		link_set(p->parent_link, other);
	else
		link_set(p->link, zero ? zero : one);
	nodes_left(t);
	node_put(t, p->at);
	if (other)
		node_put(t, p->parent);
}

static int lpm_delete(struct map *map, const void *key)
{
	struct lpm_map *t = lpm_of(map);
	struct place p;
	bool exists;

	if (key_len(key) > 8 * t->data_size)
		return -EINVAL;
	map_lock(&t->map, &t->shared->lock);
	p = find_place(t, key);
	exists = is_own(t, &p, key) && has_value(t, p.at);
	if (exists) {
		forget(t, key);
		take_out(t, &p);
		remember(t, key);
		atomic_fetch_sub_explicit(&t->shared->nr_entries, 1, memory_order_relaxed);
	}
	map_unlock(&t->shared->lock);
	return exists ? 0 : -ENOENT;
}

/* ---- iteration: children before their parent, 0 before 1 ---- */

static u32 first_below(struct lpm_map *t, u32 at)
{
	u32 first = at;

	while (at) {
		struct lpm_node *n = node_at(t, at);
		u32 zero = link_get(&n->child[0]);

		first = at;
		at = zero ? zero : link_get(&n->child[1]);
	}
	return first;
}

/* The node behind the key's own, 0 when that is the last; a key that is not there is before all. */
static u32 find_next(struct lpm_map *t, const void *key)
{
	u32 at = link_get(&t->shared->root), same = 0, below = 0, self = 0;

	while (at) {
		struct lpm_node *n = node_at(t, at);
		u32 prefix = node_len(n) & ~NODE_BARE, bit, one;

		same = match(t, n, key, same);
		if (same != prefix || prefix == key_len(key))
			break;
		bit = key_bit(key, prefix);
		one = link_get(&n->child[1]);
		/* Behind all below that child comes the other one or the node itself. */
		if (!bit && one) {
			below = one;
		} else if (has_value(t, at)) {
			below = 0;
			self = at;
		}
		at = link_get(&n->child[bit]);
	}
	/* Its own node has a value, so that .len is nothing but the prefix's. */
	if (!at || same != key_len(key) || node_len(node_at(t, at)) != same)
		return first_below(t, link_get(&t->shared->root));
	return below ? first_below(t, below) : self;
}

static int lpm_next_key(struct map *map, const void *key, void *next)
{
	struct lpm_map *t = lpm_of(map);
	u8 data[LPM_DATA_MAX];
	u32 at;

	map_lock(&t->map, &t->shared->lock);
	if (key && key_len(key) <= 8 * t->data_size)
		at = find_next(t, key);
	else
		at = first_below(t, link_get(&t->shared->root));
	if (at) {
		put_u32(next, node_len(node_at(t, at)));
		for (u32 i = 0; i < t->words; i++)
			put_be32(data + 4ul * i, node_word(node_at(t, at), i));
		memcpy((u8 *)next + sizeof(u32), data, t->data_size);
	}
	map_unlock(&t->shared->lock);
	return at ? 0 : -ENOENT;
}

/* ---- after the death of a user, see share.h ---- */

static bool marked(const struct lpm_map *t, u32 at)
{
	return t->marks[at / 8] >> at % 8 & 1;
}

/* Marks what the trie holds; the number of nodes with a value. */
static u32 mark_nodes(struct lpm_map *t)
{
	u32 stack[8 * LPM_DATA_MAX + 2], n = 0, with_value = 0;

	stack[n++] = link_get(&t->shared->root);
	while (n) {
		u32 at = stack[--n];

		if (!at || n + 2 > ARRAY_SIZE(stack))
			continue;
		t->marks[at / 8] |= (u8)(1u << at % 8);
		with_value += has_value(t, at);
		/* Prefixes get longer on the way down: there is one of these for each bit. */
		stack[n++] = link_get(&node_at(t, at)->child[0]);
		stack[n++] = link_get(&node_at(t, at)->child[1]);
	}
	return with_value;
}

/* The trie is whole. What it does not hold is free, wherever it was on its way to. */
static void lpm_repair(struct map *map, u32 dead)
{
	struct lpm_map *t = lpm_of(map);

	if (map_lock_owner(&t->shared->lock) != dead)
		return;
	nodes_left(t);
	if (t->cut_bits)
		forget_all(t);
	memset(t->marks, 0, t->shared->fresh / 8 + 1);
	atomic_store_explicit(&t->shared->nr_entries, mark_nodes(t), memory_order_relaxed);
	t->shared->free = 0;
	for (u32 at = t->shared->fresh - 1; at; at--)
		if (!marked(t, at))
			node_put(t, at);
	map_unlock(&t->shared->lock);
}

static u64 lpm_mem_usage(const struct map *map)
{
	const struct lpm_map *t = (const struct lpm_map *)(const void *)map;
	u64 n = atomic_load_explicit(&t->shared->nr_entries, memory_order_relaxed);

	return sizeof(*t) + sizeof(struct lpm_shared) + n * (t->node_size + t->value_stride);
}

const struct map_ops map_ops_lpm_trie = {
	.type = BPF_MAP_TYPE_LPM_TRIE,
	.batch = MAP_BATCH_ARRAY | MAP_BATCH_DELETE,
	.size = sizeof(struct lpm_map),
	.check = lpm_check,
	.check_btf = lpm_check_btf,
	.init = lpm_init,
	.exit = lpm_exit,
	.lookup = lpm_lookup,
	.update = lpm_update,
	.delete = lpm_delete,
	.read = lpm_read,
	.write = lpm_write,
	.next_key = lpm_next_key,
	.mem_usage = lpm_mem_usage,
	.repair = lpm_repair,
};
