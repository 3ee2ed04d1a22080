/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for locks in maps' memory, and making good for users that died; see
 * share.h. The repairer and the sweeper are at most one each; if one dies its
 * work is done again by the next.
 */
#include <time.h>

#include "map/types.h"

#define LOCK_SPINS   128
#define DEAD_TURNS   64 /* of waiting, between looks at the owner */
#define LOOK_EACH_NS 10000000

/* ---- one at a time ---- */

/* Numbers are used again: with the state of the slot it is one user's for ever. */
static u32 name_of(const struct map_share *share, u32 user)
{
	return atomic_load_explicit(&share->header->slot[user].state, memory_order_acquire) << 8 |
	       user;
}

static bool name_is_dead(struct map_share *share, u32 name)
{
	u32 user = name & SHARE_OWNER;

	return name != name_of(share, user) || share_dead(share, user);
}

/* Does not wait for somebody who lives, which may be another thread of ours. */
static bool take(struct map_share *share, _Atomic u32 *word)
{
	u32 holder = atomic_load_explicit(word, memory_order_acquire);

	if (holder && !name_is_dead(share, holder))
		return false;
	return atomic_compare_exchange_strong_explicit(word, &holder,
						       name_of(share, share_user(share)),
						       memory_order_acquire, memory_order_relaxed);
}

static void give(_Atomic u32 *word)
{
	atomic_store_explicit(word, 0, memory_order_release);
}

static void become_repairer(struct map_share *share)
{
	/* It waits for nobody, so that this is soon. */
	while (!take(share, &share->header->repairer))
		os_yield();
}

/* ---- repairing and sweeping ---- */

void share_repair(struct map *map, u32 owner)
{
	struct map_share *share = map->share;

	if (!share_dead(share, owner) || !take(share, &share->header->repairer))
		return;
	if (share_dead(share, owner))
		map->ops->repair(map, owner);
	give(&share->header->repairer);
}

static void recover_one(struct map *map, u32 dead)
{
	struct map_share *share = map->share;
	struct share_slot *slot = &share->header->slot[dead];

	become_repairer(share);
	map->ops->repair(map, dead);
	give(&share->header->repairer);
	if (map->ops->sweep)
		map->ops->sweep(map, dead);
	become_repairer(share);
	atomic_fetch_add_explicit(&slot->state, 1, memory_order_release);
	give(&share->header->repairer);
}

typedef bool (*dead_fn)(struct map_share *share, u32 user);

static u32 next_dead(struct map_share *share, u32 user, dead_fn dead)
{
	u32 top = (u32)u64_min(atomic_load_explicit(&share->header->top, memory_order_acquire),
			       SHARE_USERS);

	while (++user <= top)
		if (dead(share, user))
			return user;
	return 0;
}

static bool recover(struct map *map, dead_fn dead)
{
	struct map_share *share = map->share;
	u32 user = next_dead(share, 0, dead);

	if (!user)
		return false;
	if (!take(share, &share->header->sweeper)) {
		os_yield();
		return true;
	}
	/* Only the sweeper frees slots: who is dead now stays so. */
	for (user = next_dead(share, 0, dead); user; user = next_dead(share, user, dead))
		recover_one(map, user);
	give(&share->header->sweeper);
	return true;
}

bool share_recover(struct map *map)
{
	return recover(map, share_dead);
}

bool share_recover_soon(struct map *map)
{
	struct share_self *self = map->share->self;
	u64 now = os_clock_ns(CLOCK_MONOTONIC);
	u64 looked = atomic_load_explicit(&self->looked_ns, memory_order_relaxed);

	if (now - looked < LOOK_EACH_NS)
		return recover(map, share_dead_at_a_glance);
	atomic_store_explicit(&self->looked_ns, now, memory_order_relaxed);
	return recover(map, share_dead);
}

/* ---- waiting ---- */

void map_lock_wait(struct map *map, u32 owner, u32 *turns)
{
	u32 turn = ++*turns;

	if (turn % LOCK_SPINS)
		return;
	/* The owner may have been descheduled: we cannot disable preemption. */
	os_yield();
	if (map->share && turn % (LOCK_SPINS * DEAD_TURNS) == 0)
		share_repair(map, owner);
}

void map_lock_slow(struct map *map, struct spinlock *lock)
{
	u32 me = map->share ? share_user(map->share) : 1, turns = 0, owner;

	while (!map_trylock_as(lock, me))
		while ((owner = map_lock_owner(lock)))
			map_lock_wait(map, owner, &turns);
}
