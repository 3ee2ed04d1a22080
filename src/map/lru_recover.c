/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of elements after the death of a user that had them locked: made anew of
 * the elements that say they are on them. Nobody else puts any there meanwhile.
 */
#include "map/hash.h"

static void put(struct hash_map *h, struct lru_list *list, u32 at)
{
	lru_list_add(h, list, at);
}

static void clear(struct lru_list *list)
{
	*list = (struct lru_list){0};
}

/* Free ones are in nobody's hand; others may be, whose tags say so. */
static void put_common(struct hash_map *h, struct lru_lists *lists, u32 at)
{
	enum lru_where where = lru_where(lru_home_of(hash_lru_node(h, at)));

	if (where >= LRU_LISTS)
		return;
	if (where == LRU_FREE)
		hash_untag(h, at);
	put(h, &lists->list[where], at);
}

/* Of elements from @first on. */
static void repair_lists(struct hash_map *h, struct lru_lists *lists, u32 first)
{
	u32 fresh = atomic_load_explicit(&lists->fresh, memory_order_relaxed);

	for (u32 i = 0; i < LRU_LISTS; i++)
		clear(&lists->list[i]);
	lists->rotate_at = 0;
	for (u32 at = first; at < fresh; at++)
		put_common(h, lists, at);
	map_unlock(&lists->lock);
}

static void repair_local(struct hash_map *h, u32 cpu)
{
	struct lru_local *local = &h->lru->cpu[cpu].local;

	clear(&local->free);
	clear(&local->pending);
	for (u32 at = 1; at <= h->nr_elems; at++) {
		u32 home = lru_home_of(hash_lru_node(h, at));

		if (home == lru_home(cpu, LRU_PENDING)) {
			put(h, &local->pending, at);
		} else if (home == lru_home(cpu, LRU_LOCAL_FREE)) {
			hash_untag(h, at);
			put(h, &local->free, at);
		}
	}
	map_unlock(&local->lock);
}

void lru_repair(struct hash_map *h, u32 dead)
{
	struct lru *lru = h->lru;
	u32 each = h->nr_elems / map_nr_cpus(&h->map);

	for (u32 cpu = 0; cpu < map_nr_cpus(&h->map); cpu++) {
		if (map_lock_owner(&lru->cpu[cpu].own.lock) == dead)
			repair_lists(h, &lru->cpu[cpu].own, 1 + cpu * each);
		if (map_lock_owner(&lru->cpu[cpu].local.lock) == dead)
			repair_local(h, cpu);
	}
	if (map_lock_owner(&lru->common.lock) == dead)
		repair_lists(h, &lru->common, 1);
}
