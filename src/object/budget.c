/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps are handed out in chunks, so that the clock is asked only once in a while. */
#include "object/budget.h"

#include <time.h>

#include "object/host.h"

#define CHUNK 65536

static void next_chunk(struct budget *b)
{
	u64 n = b->deadline == UINT64_MAX ? (u64)INT64_MAX : CHUNK;

	n = u64_min(n, b->rest);
	if (b->rest != UINT64_MAX)
		b->rest -= n;
	b->left = (s64)n;
}

static u64 now(const struct host *host)
{
	return host->env.clock_ns(host->env.ctx, CLOCK_MONOTONIC);
}

void budget_begin(struct run *run)
{
	const struct host_limits *limits = &run->host->limits;
	struct budget *b = &run->budget;

	b->limited = limits->steps || limits->ns;
	b->stopped = false;
	b->nheld = 0;
	b->rest = limits->steps ? limits->steps : UINT64_MAX;
	b->deadline = limits->ns ? now(run->host) + limits->ns : UINT64_MAX;
	next_chunk(b);
}

bool budget_spent(struct run *run)
{
	struct budget *b = &run->budget;

	if (b->stopped)
		return true;
	if (!b->limited)
		b->rest = UINT64_MAX;
	else if (!b->rest || (b->deadline != UINT64_MAX && now(run->host) > b->deadline))
		b->stopped = true;
	if (!b->stopped)
		next_chunk(b);
	return b->stopped;
}

bool budget_hold(struct run *run, void *what, void (*release)(struct run *run, void *what))
{
	struct budget *b = &run->budget;

	if (likely(!b->limited))
		return true;
	if (b->nheld >= BUDGET_MAX_HELD) {
		b->stopped = true;
		b->left = -1; /* whoever pays next sees it */
		return false;
	}
	b->held[b->nheld++] = (struct budget_held){what, release};
	return true;
}

void budget_hold_lock(struct run *run, void *lock, void (*unlock)(struct run *run, void *lock))
{
	struct budget *b = &run->budget;

	if (unlikely(b->limited))
		b->held[b->nheld++] = (struct budget_held){lock, unlock};
}

/* Mostly the last one; the others stay in order. */
void budget_release(struct run *run, const void *what)
{
	struct budget *b = &run->budget;

	for (u32 i = b->nheld; i > 0; i--) {
		if (b->held[i - 1].what != what)
			continue;
		for (b->nheld--; i <= b->nheld; i++)
			b->held[i - 1] = b->held[i];
		return;
	}
}

void budget_release_all(struct run *run)
{
	struct budget *b = &run->budget;

	while (b->nheld) {
		struct budget_held *held = &b->held[--b->nheld];

		held->release(run, held->what);
	}
}
