/* SPDX-License-Identifier: BSD-2-Clause */
/* The table under all hash types; see hash.h for how it works. */
#include "map/hash.h"

#include <string.h>

#define HASH_FLAGS                                                                                 \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS |            \
	 BPF_F_ZERO_SEED)
#define FRESH_BATCH 8  /* never used elements that a CPU takes at a time */
#define READ_TRIES  16 /* walks without a lock before a reader takes it */

static bool is_lru(u32 type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

int hash_check(const union bpf_attr *attr)
{
	bool lru = is_lru(attr->map_type);
	bool percpu = is_percpu(attr->map_type);
	bool own_lru = attr->map_flags & BPF_F_NO_COMMON_LRU;

	if (!map_flags_ok(attr, HASH_FLAGS) || (!lru && own_lru))
		return -EINVAL;
	if (lru && (attr->map_flags & BPF_F_NO_PREALLOC))
		return -ENOTSUPP;
	if (map_wants_node(attr) && (percpu || own_lru))
		return -EINVAL;
	if (!attr->max_entries || !attr->key_size || !attr->value_size)
		return -EINVAL;
	if ((u64)attr->key_size + attr->value_size >= MAP_KMALLOC_MAX - MAP_ELEM_HEADER)
		return -E2BIG;
	if (percpu && ROUND_UP(attr->value_size, 8u) > MAP_PERCPU_MAX)
		return -E2BIG;
	return 0;
}

static u32 round_up_pow2(u32 n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

/* Places everything from @start on, which is 0 as long as only the size is wanted. */
static void lay_out(struct hash_map *h, uintptr_t start, u32 total, bool percpu)
{
	u32 cpus = map_nr_cpus(&h->map);
	size_t at = ROUND_UP(sizeof(struct hash_shared) + cpus * sizeof(struct hash_cpu),
			     MAP_CACHE_LINE);

	if (is_lru(h->map.desc.type)) {
		h->lru = (struct lru *)(start + at);
		at = ROUND_UP(at + lru_size(cpus), MAP_CACHE_LINE);
	}
	h->buckets = (struct hash_bucket *)(start + at);
	at = ROUND_UP(at + (h->mask + (size_t)1) * sizeof(struct hash_bucket), MAP_CACHE_LINE);
	h->elems = (u8 *)(start + at);
	at = ROUND_UP(at + (total + (size_t)1) * h->elem_size, MAP_CACHE_LINE);
	if (percpu) {
		h->percpu_values = (u8 *)(start + at);
		h->cpu_stride =
			ROUND_UP((total + (u64)1) * map_value_stride(&h->map), MAP_CACHE_LINE);
		at += h->cpu_stride * cpus;
	}
	if (h->map.share) {
		h->tags = (_Atomic u32 *)(start + at);
		at += (total + (size_t)1) * sizeof(u32);
	}
	h->size = at;
}

static void choose_seed(struct hash_map *h)
{
	const struct environment *env = &h->map.obj.host->env;

	/* From the environment, so that a run that fixes it iterates in the same order. */
	if (share_attached(&h->map))
		h->seed = h->shared->seed;
	else if (!(h->map.desc.map_flags & BPF_F_ZERO_SEED))
		h->seed = (u64)env->random_u32(env->ctx) << 32 | env->random_u32(env->ctx);
	h->shared->seed = h->seed;
}

int hash_init(struct hash_map *h, u32 nr_elems, u32 nr_spares)
{
	const struct map_desc *desc = &h->map.desc;
	bool percpu = is_percpu(desc->type);
	u32 total = nr_elems + nr_spares;

	if ((desc->map_flags & BPF_F_ZERO_SEED) &&
	    !host_capable(h->map.obj.host, HOST_CAP_SYS_ADMIN))
		return -EPERM;
	if (nr_elems > HASH_MAX_ENTRIES)
		return -E2BIG;
	h->nr_elems = nr_elems;
	h->nr_spares = nr_spares;
	h->key_size = desc->key_size;
	h->mask = 2 * round_up_pow2(nr_elems) - 1;
	h->key_off = (u32)sizeof(struct hash_elem);
	if (is_lru(desc->type))
		h->key_off += ROUND_UP((u32)sizeof(struct lru_node), 8u);
	h->value_off = h->key_off + ROUND_UP(desc->key_size, 8u);
	h->elem_size = h->value_off + (percpu ? 0 : map_value_stride(&h->map));
	lay_out(h, 0, total, percpu);
	h->shared = map_pages_alloc(&h->map, h->size);
	if (!h->shared)
		return -ENOMEM;
	lay_out(h, (uintptr_t)h->shared, total, percpu);
	choose_seed(h);
	if (share_attached(&h->map))
		return 0;
	atomic_init(&h->shared->fresh, 1);
	for (u32 i = 0; i < nr_spares; i++)
		atomic_init(&h->shared->cpu[i].spare, nr_elems + 1 + i);
	return 0;
}

/* Each CPU's own lists get the same number of elements, at least one. */
static u32 percpu_lru_entries(u32 max_entries, u32 cpus)
{
	u64 up = ROUND_UP((u64)max_entries, cpus);

	return up <= UINT32_MAX ? (u32)up : max_entries / cpus * cpus;
}

int hash_init_lru(struct hash_map *h)
{
	struct map_desc *desc = &h->map.desc;
	u32 cpus = map_nr_cpus(&h->map);
	bool percpu = desc->map_flags & BPF_F_NO_COMMON_LRU;
	int err;

	if (percpu)
		desc->max_entries = percpu_lru_entries(desc->max_entries, cpus);
	err = hash_init(h, desc->max_entries, 0);
	if (!err && !share_attached(&h->map))
		lru_init(h->lru, desc->max_entries, cpus, percpu);
	return err;
}

void hash_exit(struct map *map)
{
	struct hash_map *h = hash_map_of(map);

	os_pages_free(h->shared, h->size);
}

bool hash_key_equal_any(const void *shared, const void *key, u32 size)
{
	const u8 *a = shared, *b = key;

	for (; size >= 8; size -= 8, a += 8, b += 8)
		if (__atomic_load_n((const u64 *)(const void *)a, __ATOMIC_RELAXED) != get_u64(b))
			return false;
	for (; size; size--, a++, b++)
		if (__atomic_load_n(a, __ATOMIC_RELAXED) != *b)
			return false;
	return true;
}

static __attribute__((noinline, cold)) u32 lock_slow(struct hash_map *h, struct hash_bucket *b)
{
	u32 me = h->map.share ? share_user(h->map.share) : 1, turns = 0;

	for (;;) {
		u32 seq = atomic_load_explicit(&b->seq, memory_order_relaxed);

		if (seq & SHARE_OWNER)
			map_lock_wait(&h->map, seq & SHARE_OWNER, &turns);
		else if (atomic_compare_exchange_weak_explicit(&b->seq, &seq, seq | me,
							       memory_order_acquire,
							       memory_order_relaxed))
			return seq;
	}
}

u32 hash_lock(struct hash_map *h, struct hash_bucket *b)
{
	u32 seq = atomic_load_explicit(&b->seq, memory_order_relaxed), me = map_user(&h->map);

	if (likely(me && !(seq & SHARE_OWNER) &&
		   atomic_compare_exchange_strong_explicit(
			   &b->seq, &seq, seq | me, memory_order_acquire, memory_order_relaxed)))
		return seq;
	return lock_slow(h, b);
}

void hash_unlock(struct hash_bucket *b, u32 seq, bool changed)
{
	atomic_store_explicit(&b->seq, seq + (changed ? HASH_SEQ_ONE : 0), memory_order_release);
}

u32 hash_find_locked(struct hash_map *h, struct hash_bucket *b, u32 hash, const void *key)
{
	u32 at = atomic_load_explicit(&b->head, memory_order_relaxed);

	while (at) {
		struct hash_elem *e = hash_elem(h, at);

		if (atomic_load_explicit(&e->hash, memory_order_relaxed) == hash &&
		    hash_key_equal(hash_key(h, e), key, h->key_size))
			break;
		at = atomic_load_explicit(&e->next, memory_order_relaxed);
	}
	return at;
}

u32 hash_find_slow(struct hash_map *h, struct hash_bucket *b, u32 hash, const void *key)
{
	u32 seq, at;

	for (u32 i = 0; i < READ_TRIES; i++) {
		seq = hash_read_begin(b);
		at = atomic_load_explicit(&b->head, memory_order_acquire);
		for (u32 steps = 1; at; steps++) {
			struct hash_elem *e = hash_elem(h, at);

			if (hash_key_equal(hash_key(h, e), key, h->key_size) ||
			    (steps % HASH_WALK_CHECK == 0 && !hash_read_ok(b, seq)))
				break;
			at = atomic_load_explicit(&e->next, memory_order_acquire);
		}
		if (hash_read_ok(b, seq))
			return at;
	}
	seq = hash_lock(h, b);
	at = hash_find_locked(h, b, hash, key);
	hash_unlock(b, seq, false);
	return at;
}

void hash_link(struct hash_map *h, struct hash_bucket *b, u32 at)
{
	u32 first = atomic_load_explicit(&b->head, memory_order_relaxed);

	atomic_store_explicit(&hash_elem(h, at)->next, first, memory_order_relaxed);
	atomic_store_explicit(&b->head, at, memory_order_release);
	hash_untag(h, at);
}

/* The link that points to the element, or NULL when it is not in the chain. */
static _Atomic u32 *link_to(struct hash_map *h, struct hash_bucket *b, u32 at)
{
	_Atomic u32 *link = &b->head;
	u32 i;

	while ((i = atomic_load_explicit(link, memory_order_relaxed)) != at) {
		if (!i)
			return NULL;
		link = &hash_elem(h, i)->next;
	}
	return link;
}

void hash_replace(struct hash_map *h, struct hash_bucket *b, u32 old, u32 new_at)
{
	u32 next = atomic_load_explicit(&hash_elem(h, old)->next, memory_order_relaxed);

	if (unlikely(h->tags))
		hash_tag(h, old, hash_tag_of(h, new_at) & ~SHARE_OWNER);
	atomic_store_explicit(&hash_elem(h, new_at)->next, next, memory_order_relaxed);
	atomic_store_explicit(link_to(h, b, old), new_at, memory_order_release);
	hash_untag(h, new_at);
}

bool hash_unlink(struct hash_map *h, struct hash_bucket *b, u32 at)
{
	_Atomic u32 *link = link_to(h, b, at);
	u32 next;

	if (!link)
		return false;
	hash_tag(h, at, 0);
	next = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
	atomic_store_explicit(link, next, memory_order_release);
	return true;
}

/* ---- free elements ---- */

static inline __attribute__((always_inline)) u32 pop_list(struct hash_map *h, struct hash_cpu *cpu)
{
	u32 at = atomic_load_explicit(&cpu->free, memory_order_relaxed), next;

	if (at) {
		hash_tag(h, at, 0);
		next = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
		atomic_store_explicit(&cpu->free, next, memory_order_release);
	}
	return at;
}

static inline __attribute__((always_inline)) void push_list(struct hash_map *h, struct hash_cpu *cpu, u32 at)
{
	u32 next = atomic_load_explicit(&cpu->free, memory_order_relaxed);

	atomic_store_explicit(&hash_elem(h, at)->next, next, memory_order_relaxed);
	atomic_store_explicit(&cpu->free, at, memory_order_release);
	hash_untag(h, at);
}

/* Of a shared map: one at a time, which is in hand before it is taken. */
static u32 take_fresh_one(struct hash_map *h)
{
	u32 at;

	map_lock(&h->map, &h->shared->fresh_lock);
	at = atomic_load_explicit(&h->shared->fresh, memory_order_relaxed);
	if (at > h->nr_elems) {
		at = 0;
	} else {
		hash_tag(h, at, 0);
		atomic_store_explicit(&h->shared->fresh, at + 1, memory_order_release);
	}
	map_unlock(&h->shared->fresh_lock);
	return at;
}

/*
 * Elements that were never used: their pages are not touched before. Called
 * with the CPU's lock held, so that who finds nothing there and tries to
 * steal waits until the batch is on the list.
 */
static __attribute__((noinline)) u32 take_fresh(struct hash_map *h, struct hash_cpu *cpu)
{
	u32 start = atomic_load_explicit(&h->shared->fresh, memory_order_relaxed);
	u32 end;

	if (unlikely(h->tags))
		return take_fresh_one(h);
	do {
		if (start > h->nr_elems)
			return 0;
		end = start + (u32)u64_min(FRESH_BATCH, h->nr_elems + 1 - start);
	} while (!atomic_compare_exchange_weak_explicit(
		&h->shared->fresh, &start, end, memory_order_relaxed, memory_order_relaxed));
	while (end - 1 > start)
		push_list(h, cpu, --end);
	return start;
}

u32 hash_pop_free(struct hash_map *h, u32 cpu)
{
	u32 n = map_nr_cpus(&h->map);
	struct hash_cpu *own = &h->shared->cpu[cpu];
	u32 at;

	map_lock(&h->map, &own->lock);
	at = pop_list(h, own);
	if (!at)
		at = take_fresh(h, own);
	map_unlock(&own->lock);
	for (u32 i = 1; !at && i < n; i++) {
		struct hash_cpu *other = &h->shared->cpu[(cpu + i) % n];

		map_lock(&h->map, &other->lock);
		at = pop_list(h, other);
		map_unlock(&other->lock);
	}
	return at;
}

void hash_push_free(struct hash_map *h, u32 cpu, u32 at)
{
	struct hash_cpu *own = &h->shared->cpu[cpu];

	/* A reader that still stands on it and sees the new link sees that .seq has moved on. */
	atomic_thread_fence(memory_order_release);
	map_lock(&h->map, &own->lock);
	push_list(h, own, at);
	map_unlock(&own->lock);
}

static u32 take_shared_spare(struct hash_map *h, u32 at_cpu)
{
	struct hash_cpu *cpu = &h->shared->cpu[at_cpu];
	u32 at;

	map_lock(&h->map, &cpu->lock);
	at = atomic_load_explicit(&cpu->spare, memory_order_relaxed);
	if (at) {
		hash_tag(h, at, HASH_TAG_SPARE(at_cpu));
		atomic_store_explicit(&cpu->spare, 0, memory_order_release);
	}
	map_unlock(&cpu->lock);
	return at;
}

u32 hash_find_spare(struct hash_map *h, u32 *cpu)
{
	for (u32 i = map_nr_cpus(&h->map);; *cpu = (*cpu + 1) % map_nr_cpus(&h->map)) {
		u32 at = h->tags ? take_shared_spare(h, *cpu) : hash_take_own_spare(h, *cpu);

		if (at || !--i)
			return at;
	}
}

void hash_give_shared_spare(struct hash_map *h, u32 at_cpu, u32 at)
{
	struct hash_cpu *cpu = &h->shared->cpu[at_cpu];

	map_lock(&h->map, &cpu->lock);
	atomic_store_explicit(&cpu->spare, at, memory_order_release);
	hash_untag(h, at);
	map_unlock(&cpu->lock);
}

static void drop_kinds(struct hash_map *h, u32 at, u32 kinds)
{
	if (!h->percpu_values) {
		map_drop_kinds(&h->map, hash_value(h, hash_elem(h, at)), kinds);
		return;
	}
	for (u32 cpu = 0; cpu < map_nr_cpus(&h->map); cpu++)
		map_drop_kinds(&h->map, hash_percpu_value(h, at, cpu), kinds);
}

void hash_drop_elem(struct hash_map *h, u32 at)
{
	if (unlikely(h->map.fields.mask))
		drop_kinds(h, at, BTF_FIELDS_HOLDING);
}

/* Also of elements that are free: a program may have put something into one too late. */
void hash_drop_fields(struct map *map, u32 kinds)
{
	struct hash_map *h = hash_map_of(map);

	for (u32 at = 1; at <= h->nr_elems + h->nr_spares; at++)
		drop_kinds(h, at, kinds);
}

const void *hash_key_of(const struct map *map, const void *value, u32 *index __unused)
{
	const struct hash_map *h = container_of(map, struct hash_map, map);

	return (const u8 *)value - (h->value_off - h->key_off);
}

void hash_free_elem(struct hash_map *h, u32 at)
{
	hash_drop_elem(h, at);
	if (h->lru)
		lru_push(h, at);
	else
		hash_push_free(h, map_this_cpu(&h->map), at);
}

/* ---- map_ops that several types share ---- */

static void copy_out(struct hash_map *h, u32 at, void *value, u64 flags)
{
	if (h->percpu_values)
		map_copy_percpu_out(&h->map, value, hash_percpu_value(h, at, 0), h->cpu_stride);
	else
		map_copy_out(&h->map, value, hash_value(h, hash_elem(h, at)), flags);
}

/*
 * A copy is a value that the key has had: an element that was reused meanwhile
 * is noticed. After some tries the bucket is held still.
 */
int hash_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq, at;

	for (u32 i = 0; i < READ_TRIES; i++) {
		seq = hash_read_begin(b);
		at = hash_find(h, key);
		if (!at)
			return -ENOENT;
		copy_out(h, at, value, flags);
		if (hash_read_ok(b, seq))
			return 0;
	}
	seq = hash_lock(h, b);
	at = hash_find_locked(h, b, hash, key);
	if (at)
		copy_out(h, at, value, flags);
	hash_unlock(b, seq, false);
	return at ? 0 : -ENOENT;
}

int hash_read_and_delete(struct map *map, const void *key, void *value, u64 flags)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_lock(h, b);
	u32 at = hash_find_locked(h, b, hash, key);

	if (at) {
		copy_out(h, at, value, flags);
		hash_unlink(h, b, at);
	}
	hash_unlock(b, seq, at);
	if (!at)
		return -ENOENT;
	hash_free_elem(h, at);
	return 0;
}

int hash_delete(struct map *map, const void *key)
{
	struct hash_map *h = hash_map_of(map);
	u32 hash = hash_of_key(h, key);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_lock(h, b);
	u32 at = hash_find_locked(h, b, hash, key);

	if (at)
		hash_unlink(h, b, at);
	hash_unlock(b, seq, at);
	if (!at)
		return -ENOENT;
	hash_free_elem(h, at);
	return 0;
}

/* Copies the key of the first element at or after a link, if it is still so afterwards. */
static bool copy_key_at(struct hash_map *h, struct hash_bucket *b, u32 seq, u32 at, void *key)
{
	sync_copy_from_shared(key, hash_key(h, hash_elem(h, at)), h->key_size);
	return hash_read_ok(b, seq);
}

/* The first key of the bucket: 1, or 0 when it is empty. */
static bool first_in_bucket(struct hash_map *h, struct hash_bucket *b, void *key)
{
	for (u32 tries = 0;; tries++) {
		bool lock = tries >= READ_TRIES;
		u32 seq = lock ? hash_lock(h, b) : hash_read_begin(b);
		u32 at = atomic_load_explicit(&b->head, memory_order_acquire);
		bool ok = !at || copy_key_at(h, b, seq, at, key);

		if (lock)
			hash_unlock(b, seq, false);
		if (ok || lock)
			return at;
	}
}

enum position { KEY_GONE, KEY_LAST, KEY_FOUND };

/* The key after @key in its bucket. */
static enum position next_in_bucket(struct hash_map *h, struct hash_bucket *b, u32 hash,
				    const void *key, void *next)
{
	u32 seq = hash_lock(h, b);
	u32 at = hash_find_locked(h, b, hash, key);
	enum position pos = at ? KEY_LAST : KEY_GONE;

	if (at)
		at = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
	if (at) {
		sync_copy_from_shared(next, hash_key(h, hash_elem(h, at)), h->key_size);
		pos = KEY_FOUND;
	}
	hash_unlock(b, seq, false);
	return pos;
}

int hash_next_key(struct map *map, const void *key, void *next)
{
	struct hash_map *h = hash_map_of(map);
	u64 bucket = 0;

	if (key) {
		u32 hash = hash_of_key(h, key);
		enum position pos = next_in_bucket(h, hash_bucket(h, hash), hash, key, next);

		if (pos == KEY_FOUND)
			return 0;
		if (pos == KEY_LAST)
			bucket = (u64)(hash & h->mask) + 1;
	}
	for (; bucket <= h->mask; bucket++)
		if (first_in_bucket(h, &h->buckets[bucket], next))
			return 0;
	return -ENOENT;
}

#define CHAIN_PART 64

/* Up to CHAIN_PART elements of a bucket that follow @after (0: from the start). */
static u32 collect(struct hash_map *h, struct hash_bucket *b, u32 after, u32 *part)
{
	u32 seq = hash_lock(h, b);
	u32 at, n = 0;

	if (!after)
		at = atomic_load_explicit(&b->head, memory_order_relaxed);
	else if (link_to(h, b, after))
		at = atomic_load_explicit(&hash_elem(h, after)->next, memory_order_relaxed);
	else
		at = 0;
	for (; at && n < CHAIN_PART; n++) {
		part[n] = at;
		at = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
	}
	hash_unlock(b, seq, false);
	return n;
}

static bool still_linked(struct hash_map *h, struct hash_bucket *b, u32 at)
{
	u32 seq = hash_lock(h, b);
	bool linked = link_to(h, b, at);

	hash_unlock(b, seq, false);
	return linked;
}

/*
 * The callback may update and delete at will: a part of the chain is listed
 * first, and what has left the chain meanwhile is passed over.
 */
long hash_for_each(struct map *map, u32 cpu, long (*fn)(void *arg, void *key, void *value),
		   void *arg)
{
	struct hash_map *h = hash_map_of(map);
	u32 part[CHAIN_PART];
	long calls = 0;

	for (u64 i = 0; i <= h->mask; i++) {
		struct hash_bucket *b = &h->buckets[i];
		u32 after = 0, n;

		if (!atomic_load_explicit(&b->head, memory_order_relaxed))
			continue;
		do {
			n = collect(h, b, after, part);
			for (u32 k = 0; k < n; k++) {
				struct hash_elem *e = hash_elem(h, part[k]);

				if (!still_linked(h, b, part[k]))
					continue;
				calls++;
				after = part[k];
				if (fn(arg, hash_key(h, e),
				       h->percpu_values ? hash_percpu_value(h, part[k], cpu)
							: hash_value(h, e)))
					return calls;
			}
		} while (n == CHAIN_PART);
	}
	return calls;
}

/* ---- batches ---- */

static u32 copy_bucket(struct hash_map *h, u32 at, void *keys, void *values, u64 flags)
{
	size_t value_size = map_user_value_size(&h->map);
	u32 n = 0;

	for (; at; n++) {
		struct hash_elem *e = hash_elem(h, at);

		sync_copy_from_shared((u8 *)keys + (size_t)n * h->key_size, hash_key(h, e),
				      h->key_size);
		copy_out(h, at, (u8 *)values + n * value_size, flags);
		at = atomic_load_explicit(&e->next, memory_order_relaxed);
	}
	return n;
}

static void tag_chain(struct hash_map *h, u32 at)
{
	if (likely(!h->tags))
		return;
	for (; at; at = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed))
		hash_tag(h, at, 0);
}

static u32 count_bucket(struct hash_map *h, u32 at)
{
	u32 n = 0;

	for (; at; n++)
		at = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
	return n;
}

s64 hash_batch_bucket(struct hash_map *h, u32 *bucket, u32 room, void *keys, void *values,
		      u64 flags, u32 *taken)
{
	for (; *bucket <= h->mask; ++*bucket) {
		struct hash_bucket *b = &h->buckets[*bucket];
		u32 seq, at, n;

		if (!atomic_load_explicit(&b->head, memory_order_relaxed))
			continue;
		seq = hash_lock(h, b);
		at = atomic_load_explicit(&b->head, memory_order_relaxed);
		n = count_bucket(h, at);
		if (n && n <= room) {
			copy_bucket(h, at, keys, values, flags);
			if (taken) {
				*taken = at;
				tag_chain(h, at);
				atomic_store_explicit(&b->head, 0, memory_order_release);
			}
		}
		hash_unlock(b, seq, n && n <= room && taken);
		if (n)
			return n;
	}
	return 0;
}

u32 hash_taken_next(struct hash_map *h, u32 at)
{
	return atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed);
}

s64 hash_read_bucket(struct map *map, u32 *bucket, u32 room, void *keys, void *values, u64 flags,
		     bool take)
{
	struct hash_map *h = hash_map_of(map);
	u32 taken = 0;
	s64 n = hash_batch_bucket(h, bucket, room, keys, values, flags, take ? &taken : NULL);

	while (taken) {
		u32 at = taken;

		taken = hash_taken_next(h, at);
		hash_free_elem(h, at);
	}
	return n;
}

u64 hash_mem_usage(const struct map *map)
{
	return sizeof(struct hash_map) + ((const struct hash_map *)(const void *)map)->size;
}
