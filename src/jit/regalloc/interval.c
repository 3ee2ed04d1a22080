/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions about intervals, splitting, and heaps of them. */
#include "jit/regalloc/regalloc.h"

/*
 * How far two intervals are compared before it is said that they may meet: an
 * answer that is too low costs a split, and keeps huge functions linear.
 */
#define MEET_STEPS 4096
/* How many blocks are looked at for the best place of a split. */
#define SPLIT_BLOCKS 64

u32 ra_next_live(const struct ra_interval *it, u32 pos)
{
	if (pos < it->start)
		pos = it->start;
	for (const struct ra_range *r = it->at; r < it->range_end; r++) {
		u32 at = r->from > pos ? r->from : pos;

		if (r->to > pos)
			return at < it->end ? at : POS_MAX;
	}
	return POS_MAX;
}

u32 ra_meet(const struct ra_interval *a, const struct ra_interval *b, u32 from)
{
	const struct ra_range *ra = a->at, *rb = b->at;
	u32 at = from, steps = 0;

	if (at < a->start)
		at = a->start;
	if (at < b->start)
		at = b->start;
	for (;;) {
		while (ra < a->range_end && ra->to <= at)
			ra++;
		while (rb < b->range_end && rb->to <= at)
			rb++;
		if (ra == a->range_end || rb == b->range_end || at >= a->end || at >= b->end)
			return POS_MAX;
		if (ra->from <= at && rb->from <= at)
			return at;
		if (++steps > MEET_STEPS)
			return at;
		if (ra->from > at)
			at = ra->from;
		if (rb->from > at)
			at = rb->from;
	}
}

u32 ra_meet_fixed(const struct ra *ra, const struct ra_interval *it, u32 reg)
{
	const struct ra_reg *taken = &ra->regs[reg];
	const struct ra_range *r = it->at;
	u32 at = it->start, steps = 0;
	const struct ra_fixed *f, *end;

	if (!taken->fixed.len)
		return POS_MAX;
	f = taken->fixed.at + taken->fixed_at;
	end = taken->fixed.at + taken->fixed.len;
	for (;;) {
		while (r < it->range_end && r->to <= at)
			r++;
		while (f < end && (f->to <= at || f->owner == it->value))
			f++;
		if (r == it->range_end || f == end || at >= it->end || f->from >= it->end)
			return POS_MAX;
		if (r->from <= at && f->from <= at)
			return at;
		if (++steps > MEET_STEPS)
			return at;
		if (r->from > at)
			at = r->from;
		if (f->from > at)
			at = f->from;
	}
}

struct ra_use *ra_next_use(const struct ra_interval *it, u32 pos)
{
	u32 low = 0, high = (u32)(it->use_end - it->use);

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (it->use[mid].pos < pos)
			low = mid + 1;
		else
			high = mid;
	}
	return it->use + low < it->use_end ? it->use + low : NULL;
}

/* A value that is made again instead of being loaded is never in memory. */
struct ra_use *ra_next_reg_use(const struct ra *ra, const struct ra_interval *it, u32 pos)
{
	struct ra_use *use = ra_next_use(it, pos);
	bool remat = ra_value(ra, it->value)->remat;

	for (; use && use < it->use_end; use++)
		if (use->kind == USE_REG || (remat && use->kind == USE_ANY))
			return use;
	return NULL;
}

/* The first range that does not end before @pos. */
static struct ra_range *range_at(const struct ra_interval *it, u32 pos)
{
	u32 low = 0, high = (u32)(it->range_end - it->range);

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (it->range[mid].to <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return it->range + low;
}

void ra_rewind(struct ra_interval *it, u32 pos)
{
	it->at = range_at(it, pos);
}

bool ra_lives(const struct ra_interval *it, u32 pos)
{
	const struct ra_range *r = range_at(it, pos);

	return r < it->range_end && r->from <= pos && pos >= it->start && pos < it->end;
}

struct ra_interval *ra_split(struct ra *ra, struct ra_interval *it, u32 pos)
{
	struct ra_interval *rest = arena_alloc(&ra->arena, sizeof(*rest));
	struct ra_use *use = ra_next_use(it, pos);

	if (!rest) {
		ra->failed = true;
		return NULL;
	}
	*rest = *it;
	rest->range = rest->at = range_at(it, pos);
	rest->start = rest->range->from > pos ? rest->range->from : pos;
	rest->use = use ? use : it->use_end;
	rest->is_split = true;
	rest->loc = IR_LOC_NONE;
	it->next = rest;
	it->use_end = rest->use;
	it->range_end = rest->range + (rest->range->from < pos);
	it->end = it->range_end[-1].to < pos ? it->range_end[-1].to : pos;
	return rest;
}

u32 ra_split_pos(const struct ra *ra, u32 min, u32 max)
{
	u32 best = gap_of(max), block = block_at(ra, best), cost = ra->weight[block];

	for (u32 steps = 0; block && ra->start[block] > min && steps < SPLIT_BLOCKS; steps++) {
		u32 around = ra->weight[block - 1];

		if (ra->weight[block] < around)
			around = ra->weight[block];
		if (around < cost) {
			cost = around;
			best = ra->start[block];
		}
		block--;
	}
	return best;
}

struct ra_interval *ra_at(const struct ra *ra, ir_ref value, u32 pos)
{
	struct ra_value *v = ra_value(ra, value);
	struct ra_interval *it = v->at && v->at->start <= pos ? v->at : v->first;

	while (it && it->next && it->next->start <= pos)
		it = it->next;
	v->at = it;
	return it && it->start <= pos && pos < it->end ? it : NULL;
}

/* ---- heaps ---- */

void ra_push(struct ra *ra, struct ra_heap *heap, u32 key, struct ra_interval *it)
{
	size_t i = heap->len;

	if (!vec_push(heap, ra->mem, (struct ra_heap_entry){key, it})) {
		ra->failed = true;
		return;
	}
	for (; i && heap->at[(i - 1) / 2].key > key; i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = (struct ra_heap_entry){key, it};
}

struct ra_interval *ra_pop(struct ra_heap *heap)
{
	struct ra_interval *it = heap->at[0].it;
	struct ra_heap_entry last = heap->at[--heap->len];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < heap->len) {
		if (child + 1 < heap->len && heap->at[child + 1].key < heap->at[child].key)
			child++;
		if (heap->at[child].key >= last.key)
			break;
		heap->at[i] = heap->at[child];
		i = child;
	}
	heap->at[i] = last;
	return it;
}
