/* SPDX-License-Identifier: BSD-2-Clause */
/* Epochs and what waits for them; see defer.h. */
#include "object/defer.h"

#include "object/host.h"

/* So many wait before somebody looks whether an epoch has ended. */
#define LIMBO_BATCH 64

/* Begins a new epoch if every program that runs has started in this one. */
static void try_advance(struct host *host)
{
	u32 epoch = atomic_load(&host->epoch);

	atomic_thread_fence(memory_order_seq_cst);
	for (u32 i = 0; i < host->env.nr_cpus; i++) {
		u32 busy = atomic_load(&host->slots[i].busy);

		if (busy && busy != SLOT_BUSY(epoch))
			return;
	}
	atomic_compare_exchange_strong(&host->epoch, &epoch, epoch + 1);
}

/* Takes the list out where everybody who could see what is on it has ended. */
static struct deferred *take_old(struct limbo *limbo, u32 i, u32 epoch)
{
	struct deferred *list = limbo->list[i];

	if (!list || epoch - limbo->epoch[i] < 2)
		return NULL;
	limbo->list[i] = NULL;
	return list;
}

static u32 free_list(struct host *host, struct deferred *list)
{
	u32 n = 0;

	while (list) {
		struct deferred *next = list->next;

		list->free(host, list);
		list = next;
		n++;
	}
	return n;
}

void host_defer(struct host *host, u32 cpu, struct deferred *deferred,
		void (*free)(struct host *host, struct deferred *deferred))
{
	struct limbo *limbo = &host->limbos[cpu];
	struct deferred *old[LIMBO_EPOCHS];
	u32 epoch, freed = 0;

	/* What was unlinked before comes before the epoch that is read. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&limbo->waiting, memory_order_relaxed) >= LIMBO_BATCH)
		try_advance(host);
	deferred->free = free;
	spin_lock(&limbo->lock);
	/* Under the lock, so that no older epoch is written over a newer one. */
	epoch = atomic_load(&host->epoch);
	for (u32 i = 0; i < LIMBO_EPOCHS; i++)
		old[i] = take_old(limbo, i, epoch);
	deferred->next = limbo->list[epoch % LIMBO_EPOCHS];
	limbo->list[epoch % LIMBO_EPOCHS] = deferred;
	limbo->epoch[epoch % LIMBO_EPOCHS] = epoch;
	spin_unlock(&limbo->lock);
	for (u32 i = 0; i < LIMBO_EPOCHS; i++)
		freed += free_list(host, old[i]);
	atomic_fetch_add_explicit(&limbo->waiting, 1 - freed, memory_order_relaxed);
}

static u32 free_all_of(struct host *host, u32 cpu)
{
	u32 freed = 0;

	for (u32 i = 0; i < LIMBO_EPOCHS; i++) {
		struct deferred *list = host->limbos[cpu].list[i];

		host->limbos[cpu].list[i] = NULL;
		freed += free_list(host, list);
	}
	return freed;
}

void host_defer_finish(struct host *host)
{
	u32 freed;

	/* What is freed may hold the last of something else that goes the same way. */
	do {
		freed = 0;
		for (u32 cpu = 0; cpu < host->env.nr_cpus; cpu++)
			freed += free_all_of(host, cpu);
	} while (freed);
}
