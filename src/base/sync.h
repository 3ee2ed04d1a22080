/* SPDX-License-Identifier: BSD-2-Clause */
/* A spinlock for short sections, and relaxed copies of memory that other threads may be writing. */
#ifndef ANYBPF_BASE_SYNC_H
#define ANYBPF_BASE_SYNC_H

#include <stdatomic.h>

#include "base/os.h"
#include "base/types.h"

struct spinlock {
	_Atomic u32 locked;
};

static inline bool spin_trylock(struct spinlock *lock)
{
	return !atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire);
}

static inline void spin_lock(struct spinlock *lock)
{
	u32 spins = 0;

	while (!spin_trylock(lock)) {
		while (atomic_load_explicit(&lock->locked, memory_order_relaxed)) {
			/* The holder may have been descheduled: we cannot disable preemption. */
			if (++spins % 128 == 0)
				os_yield();
		}
	}
}

static inline void spin_unlock(struct spinlock *lock)
{
	atomic_store_explicit(&lock->locked, 0, memory_order_release);
}

/*
 * Copies between a private buffer and memory that programs and other threads
 * may access at the same time. As in Linux a value may be seen half updated,
 * but each aligned 8, 4, 2 or 1 byte unit is whole.
 */
void sync_copy_from_shared(void *dst, const void *shared, size_t size);
void sync_copy_to_shared(void *shared, const void *src, size_t size);

#endif
