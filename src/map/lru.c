/* SPDX-License-Identifier: BSD-2-Clause */
/* Approximate least recently used; see lru.h. */
#include "map/lru.h"

#include "map/hash.h"

#define COMMON_STOCK  128 /* Linux's numbers: elements that a CPU takes, and looks at, at a time */
#define PERCPU_STOCK  4
#define POP_TRIES     100000
#define RECOVER_TRIES 64 /* of these, between looks for who died with some */

size_t lru_size(u32 nr_cpus)
{
	return sizeof(struct lru) + nr_cpus * sizeof(struct lru_cpu);
}

static void init_percpu(struct lru *lru, u32 nr_elems, u32 nr_cpus)
{
	u32 each = nr_elems / nr_cpus;

	lru->nr_scans = PERCPU_STOCK;
	for (u32 i = 0; i < nr_cpus; i++) {
		lru->cpu[i].own.fresh = 1 + i * each;
		lru->cpu[i].own.fresh_end = 1 + (i + 1) * each;
	}
}

void lru_init(struct lru *lru, u32 nr_elems, u32 nr_cpus, bool percpu)
{
	u32 stock = nr_elems / nr_cpus / 2;

	lru->percpu = percpu;
	if (percpu) {
		init_percpu(lru, nr_elems, nr_cpus);
		return;
	}
	lru->nr_scans = COMMON_STOCK;
	lru->target_free = stock < 1 ? 1 : stock > COMMON_STOCK ? COMMON_STOCK : stock;
	lru->common.fresh = 1;
	lru->common.fresh_end = nr_elems + 1;
	for (u32 i = 0; i < nr_cpus; i++)
		atomic_init(&lru->cpu[i].local.next_steal, i);
}

/* ---- lists of elements ---- */

static struct lru_node *node_of(const struct hash_map *h, u32 at)
{
	return hash_lru_node(h, at);
}

static bool is_ref(struct lru_node *node)
{
	return atomic_load_explicit(&node->ref, memory_order_relaxed);
}

static void clear_ref(struct lru_node *node)
{
	atomic_store_explicit(&node->ref, 0, memory_order_relaxed);
}

static void set_home(struct lru_node *node, u32 cpu, enum lru_where where)
{
	atomic_store_explicit(&node->home, lru_home(cpu, where), memory_order_release);
}

/* On lists of the CPU that it was with, or on common ones. */
static void set_where(struct lru_node *node, enum lru_where where)
{
	set_home(node, lru_home_of(node) >> 8, where);
}

/* Towards the first; 0 is before the first and after the last. */
static u32 prev_of(const struct hash_map *h, const struct lru_list *list, u32 at)
{
	return at ? node_of(h, at)->prev : list->last;
}

static u32 next_of(const struct hash_map *h, const struct lru_list *list, u32 at)
{
	return at ? node_of(h, at)->next : list->first;
}

void lru_list_add(struct hash_map *h, struct lru_list *list, u32 at)
{
	struct lru_node *node = node_of(h, at);

	node->prev = 0;
	node->next = list->first;
	if (list->first)
		node_of(h, list->first)->prev = at;
	else
		list->last = at;
	list->first = at;
	list->cnt++;
}

static void list_del(struct hash_map *h, struct lru_list *list, u32 at)
{
	struct lru_node *node = node_of(h, at);

	if (node->prev)
		node_of(h, node->prev)->next = node->next;
	else
		list->first = node->next;
	if (node->next)
		node_of(h, node->next)->prev = node->prev;
	else
		list->last = node->prev;
	list->cnt--;
}

/* Takes an element off the lists that it is on. */
static void lists_del(struct hash_map *h, struct lru_lists *lists, u32 at)
{
	enum lru_where where = lru_where(lru_home_of(node_of(h, at)));

	if (at == lists->rotate_at)
		lists->rotate_at = node_of(h, at)->prev;
	list_del(h, &lists->list[where], at);
}

static void lists_add(struct hash_map *h, struct lru_lists *lists, u32 at, enum lru_where where)
{
	struct lru_node *node = node_of(h, at);

	clear_ref(node);
	set_where(node, where);
	lru_list_add(h, &lists->list[where], at);
}

static void lists_move(struct hash_map *h, struct lru_lists *lists, u32 at, enum lru_where where)
{
	lists_del(h, lists, at);
	lists_add(h, lists, at, where);
}

/* ---- rotation ---- */

/* From the active list's end: referenced ones get another turn, the others become inactive. */
static void rotate_active(struct hash_map *h, struct lru_lists *lists)
{
	struct lru_list *active = &lists->list[LRU_ACTIVE];
	u32 first = active->first, at = active->last;

	for (u32 i = 0; at && i < h->lru->nr_scans; i++) {
		u32 prev = node_of(h, at)->prev;

		lists_move(h, lists, at, is_ref(node_of(h, at)) ? LRU_ACTIVE : LRU_INACTIVE);
		if (at == first)
			break;
		at = prev;
	}
}

/* From where the last rotation ended: referenced ones become active. */
static void rotate_inactive(struct hash_map *h, struct lru_lists *lists)
{
	struct lru_list *inactive = &lists->list[LRU_INACTIVE];
	u32 at = lists->rotate_at, next = 0, stop;

	if (!inactive->cnt)
		return;
	stop = next_of(h, inactive, at);
	if (!stop)
		stop = inactive->first;
	for (u32 i = 0; i < h->lru->nr_scans; i++) {
		if (!at)
			at = inactive->last;
		next = prev_of(h, inactive, at);
		if (is_ref(node_of(h, at)))
			lists_move(h, lists, at, LRU_ACTIVE);
		if (at == stop)
			break;
		at = next;
	}
	lists->rotate_at = next;
}

static void rotate(struct hash_map *h, struct lru_lists *lists)
{
	if (lists->list[LRU_INACTIVE].cnt < lists->list[LRU_ACTIVE].cnt)
		rotate_active(h, lists);
	rotate_inactive(h, lists);
}

/* Takes an element out of its chain; false when it is not there yet or not any more. */
static bool evict(struct hash_map *h, u32 at)
{
	u32 hash = atomic_load_explicit(&hash_elem(h, at)->hash, memory_order_relaxed);
	struct hash_bucket *b = hash_bucket(h, hash);
	u32 seq = hash_lock(h, b);
	bool linked = hash_unlink(h, b, at);

	hash_unlock(b, seq, linked);
	if (linked)
		hash_drop_elem(h, at);
	return linked;
}

/* Puts an element into the stock of a CPU. */
static void to_stock(struct hash_map *h, u32 cpu, u32 at)
{
	set_home(node_of(h, at), cpu, LRU_LOCAL_FREE);
	lru_list_add(h, &h->lru->cpu[cpu].local.free, at);
}

/* Where freed elements go: the lists' own free list, or a CPU's stock where there are such. */
static void to_free(struct hash_map *h, struct lru_lists *lists, u32 cpu, u32 at)
{
	lists_del(h, lists, at);
	if (h->lru->percpu)
		lists_add(h, lists, at, LRU_FREE);
	else
		to_stock(h, cpu, at);
	hash_untag(h, at);
}

static u32 shrink_inactive(struct hash_map *h, struct lru_lists *lists, u32 want, u32 cpu)
{
	u32 at = lists->list[LRU_INACTIVE].last, got = 0;

	for (u32 i = 0; at && got < want && i < h->lru->nr_scans; i++) {
		u32 prev = node_of(h, at)->prev;

		if (is_ref(node_of(h, at))) {
			lists_move(h, lists, at, LRU_ACTIVE);
		} else if (evict(h, at)) {
			to_free(h, lists, cpu, at);
			got++;
		}
		at = prev;
	}
	return got;
}

/* One from the end of a list, used lately or not. */
static bool force(struct hash_map *h, struct lru_lists *lists, enum lru_where where, u32 cpu)
{
	for (u32 at = lists->list[where].last; at; at = node_of(h, at)->prev) {
		if (evict(h, at)) {
			to_free(h, lists, cpu, at);
			return true;
		}
	}
	return false;
}

/*
 * Frees up to @want; when all have been used lately one that was. Linux gives
 * up when all inactive ones are just being inserted by others.
 */
static void shrink(struct hash_map *h, struct lru_lists *lists, u32 want, u32 cpu)
{
	if (!shrink_inactive(h, lists, want, cpu) && !force(h, lists, LRU_INACTIVE, cpu))
		force(h, lists, LRU_ACTIVE, cpu);
}

/* A free element of the lists, which is then on none, though its home says so; 0. */
static u32 take_free(struct hash_map *h, struct lru_lists *lists)
{
	u32 at = lists->list[LRU_FREE].first;
	u32 fresh = atomic_load_explicit(&lists->fresh, memory_order_relaxed);

	if (at) {
		lists_del(h, lists, at);
	} else if (fresh < lists->fresh_end) {
		at = fresh;
		atomic_store_explicit(&lists->fresh, fresh + 1, memory_order_release);
	}
	return at;
}

/* ---- lists of one CPU alone ---- */

static void set_hash(struct hash_map *h, u32 at, u32 hash)
{
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&hash_elem(h, at)->hash, hash, memory_order_relaxed);
}

static u32 pop_own(struct hash_map *h, u32 cpu, u32 hash)
{
	struct lru_lists *own = &h->lru->cpu[cpu].own;
	u32 at;

	map_lock(&h->map, &own->lock);
	rotate(h, own);
	at = take_free(h, own);
	if (!at) {
		shrink(h, own, PERCPU_STOCK, cpu);
		at = take_free(h, own);
	}
	if (at) {
		set_hash(h, at, hash);
		hash_tag(h, at, 0);
		set_home(node_of(h, at), cpu, LRU_FREE);
		lists_add(h, own, at, LRU_INACTIVE);
	}
	map_unlock(&own->lock);
	return at;
}

static void push_lists(struct hash_map *h, struct lru_lists *lists, u32 at)
{
	map_lock(&h->map, &lists->lock);
	/* What is nowhere was in the hand of somebody who died. */
	if (lru_where(lru_home_of(node_of(h, at))) != LRU_NOWHERE)
		lists_del(h, lists, at);
	lists_add(h, lists, at, LRU_FREE);
	hash_untag(h, at);
	map_unlock(&lists->lock);
}

/* ---- common lists with a stock per CPU ---- */

static u32 take_first(struct hash_map *h, struct lru_list *list)
{
	u32 at = list->first;

	if (at)
		list_del(h, list, at);
	return at;
}

static void add_pending(struct hash_map *h, u32 cpu, u32 at, u32 hash)
{
	struct lru_node *node = node_of(h, at);

	set_hash(h, at, hash);
	clear_ref(node);
	hash_tag(h, at, 0);
	set_home(node, cpu, LRU_PENDING);
	lru_list_add(h, &h->lru->cpu[cpu].local.pending, at);
}

static void flush_pending(struct hash_map *h, struct lru_lists *common, struct lru_list *pending)
{
	u32 at;

	while ((at = pending->last)) {
		bool ref = is_ref(node_of(h, at));

		list_del(h, pending, at);
		lists_add(h, common, at, ref ? LRU_ACTIVE : LRU_INACTIVE);
	}
}

static void refill(struct hash_map *h, u32 cpu)
{
	struct lru_lists *common = &h->lru->common;
	u32 got = 0, at;

	map_lock(&h->map, &common->lock);
	flush_pending(h, common, &h->lru->cpu[cpu].local.pending);
	rotate(h, common);
	for (; got < h->lru->target_free && (at = take_free(h, common)); got++)
		to_stock(h, cpu, at);
	if (got < h->lru->target_free)
		shrink(h, common, h->lru->target_free - got, cpu);
	map_unlock(&common->lock);
}

static u32 evict_pending(struct hash_map *h, struct lru_list *pending)
{
	for (u32 any = 0; any <= 1; any++) {
		for (u32 at = pending->last; at; at = node_of(h, at)->prev) {
			if ((any || !is_ref(node_of(h, at))) && evict(h, at)) {
				list_del(h, pending, at);
				return at;
			}
		}
	}
	return 0;
}

static u32 steal(struct hash_map *h, u32 cpu)
{
	struct lru_local *own = &h->lru->cpu[cpu].local;
	u32 n = map_nr_cpus(&h->map), at = 0;
	u32 from = atomic_load_explicit(&own->next_steal, memory_order_relaxed);

	for (u32 i = 0; !at && i < n; i++) {
		struct lru_local *local = &h->lru->cpu[from].local;

		map_lock(&h->map, &local->lock);
		at = take_first(h, &local->free);
		if (!at)
			at = evict_pending(h, &local->pending);
		if (at) {
			hash_tag(h, at, 0);
			set_home(node_of(h, at), cpu, LRU_NOWHERE);
		}
		map_unlock(&local->lock);
		from = (from + 1) % n;
	}
	atomic_store_explicit(&own->next_steal, from, memory_order_relaxed);
	return at;
}

static u32 pop_common(struct hash_map *h, u32 cpu, u32 hash)
{
	struct lru_local *local = &h->lru->cpu[cpu].local;
	u32 at;

	map_lock(&h->map, &local->lock);
	at = take_first(h, &local->free);
	if (!at) {
		refill(h, cpu);
		at = take_first(h, &local->free);
	}
	if (at)
		add_pending(h, cpu, at, hash);
	map_unlock(&local->lock);
	if (at)
		return at;
	at = steal(h, cpu);
	if (at) {
		map_lock(&h->map, &local->lock);
		add_pending(h, cpu, at, hash);
		map_unlock(&local->lock);
	}
	return at;
}

static void push_common(struct hash_map *h, u32 at)
{
	struct lru_node *node = node_of(h, at);
	u32 cpu = lru_home_of(node) >> 8;
	struct lru_local *local = &h->lru->cpu[cpu].local;
	bool pending;

	/* It leaves the pending list only towards the common lists, and stays there. */
	map_lock(&h->map, &local->lock);
	pending = lru_home_of(node) == lru_home(cpu, LRU_PENDING);
	if (pending) {
		list_del(h, &local->pending, at);
		clear_ref(node);
		to_stock(h, cpu, at);
		hash_untag(h, at);
	}
	map_unlock(&local->lock);
	if (!pending)
		push_lists(h, &h->lru->common, at);
}

u32 lru_pop(struct hash_map *h, u32 cpu, u32 hash)
{
	u32 at = 0;

	/* None is there only while others hold them all between here and their chains. */
	for (u32 i = 0; !at && i < POP_TRIES; i++) {
		if (i)
			os_yield();
		if (i % RECOVER_TRIES == 1 && h->map.share)
			share_recover_soon(&h->map);
		at = h->lru->percpu ? pop_own(h, cpu, hash) : pop_common(h, cpu, hash);
	}
	return at;
}

void lru_push(struct hash_map *h, u32 at)
{
	u32 cpu = lru_home_of(node_of(h, at)) >> 8;

	if (h->lru->percpu)
		push_lists(h, &h->lru->cpu[cpu].own, at);
	else
		push_common(h, at);
}
