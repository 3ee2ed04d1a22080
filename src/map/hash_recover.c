/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash tables after the death of a user; see share.h, and hash.h for what tags say. */
#include "map/hash.h"

/* Nothing that a list or a chain leads to is in anybody's hand. */
static void untag(struct hash_map *h, u32 at)
{
	if (at)
		hash_untag(h, at);
}

static void repair_bucket(struct hash_map *h, struct hash_bucket *b, u32 seq)
{
	u32 at = atomic_load_explicit(&b->head, memory_order_relaxed);

	for (; at; at = atomic_load_explicit(&hash_elem(h, at)->next, memory_order_relaxed))
		untag(h, at);
	/* As if it had changed: an element may have left the chain. */
	hash_unlock(b, seq & ~SHARE_OWNER, true);
}

static void repair_cpu(struct hash_map *h, struct hash_cpu *cpu)
{
	untag(h, atomic_load_explicit(&cpu->free, memory_order_relaxed));
	untag(h, atomic_load_explicit(&cpu->spare, memory_order_relaxed));
	map_unlock(&cpu->lock);
}

void hash_repair(struct map *map, u32 dead)
{
	struct hash_map *h = hash_map_of(map);
	struct hash_shared *shared = h->shared;
	u32 fresh;

	for (u64 i = 0; i <= h->mask; i++) {
		u32 seq = atomic_load_explicit(&h->buckets[i].seq, memory_order_acquire);

		if ((seq & SHARE_OWNER) == dead)
			repair_bucket(h, &h->buckets[i], seq);
	}
	for (u32 i = 0; i < map_nr_cpus(map); i++)
		if (map_lock_owner(&shared->cpu[i].lock) == dead)
			repair_cpu(h, &shared->cpu[i]);
	if (map_lock_owner(&shared->fresh_lock) == dead) {
		fresh = atomic_load_explicit(&shared->fresh, memory_order_relaxed);
		if (fresh <= h->nr_elems)
			untag(h, fresh);
		map_unlock(&shared->fresh_lock);
	}
	if (h->lru)
		lru_repair(h, dead);
}

/* What the dead had in hand is in ours, and goes where it belongs. */
static void give_back(struct hash_map *h, u32 at)
{
	u32 home = hash_tag_of(h, at) & ~SHARE_OWNER;

	hash_tag(h, at, home);
	if (h->lru)
		lru_push(h, at);
	else if (home)
		hash_give_spare(h, home / HASH_SEQ_ONE - 1, at);
	else
		hash_push_free(h, map_this_cpu(&h->map), at);
}

void hash_sweep(struct map *map, u32 dead)
{
	struct hash_map *h = hash_map_of(map);

	for (u32 at = 1; at <= h->nr_elems + h->nr_spares; at++)
		if ((hash_tag_of(h, at) & SHARE_OWNER) == dead)
			give_back(h, at);
}
