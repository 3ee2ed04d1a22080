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

	if (!b->limited)
		b->rest = UINT64_MAX;
	else if (!b->rest || (b->deadline != UINT64_MAX && now(run->host) > b->deadline))
		b->stopped = true;
	if (!b->stopped)
		next_chunk(b);
	return b->stopped;
}

bool budget_hold(struct run *run, void *record)
{
	struct budget *b = &run->budget;

	if (!b->limited)
		return true;
	if (b->nheld == BUDGET_MAX_HELD)
		return false;
	b->held[b->nheld++] = record;
	return true;
}

void budget_release(struct run *run, const void *record)
{
	struct budget *b = &run->budget;

	for (u32 i = 0; i < b->nheld; i++) {
		if (b->held[i] == record) {
			b->held[i] = b->held[--b->nheld];
			return;
		}
	}
}
