/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scan: intervals in the order of their starts, each gets a register for
 * as long as one is free. When none is, what is least urgent goes to memory
 * until it is needed in a register again.
 *
 * At most one interval is in a register at the scan's position; those with a
 * hole there wait in the register's heap. By SSA form whole values that are in
 * a hole never meet one that starts now, so that only rests of split ones are
 * compared with them.
 */
#include "jit/regalloc/regalloc.h"

/* Saving and restoring a register once, in weights. */
#define SAVE_COST 32

/* How many phis of one block are compared. */
#define MAX_PHIS 16

/* How many loops, one around the other, are asked when a value is used next. */
#define LOOPS_MAX 8

struct choice {
	u32 known;		  /* registers whose .until was asked for */
	u32 until[JIT_MAX_REGS];  /* free up to here; the start: not at all */
	s32 weight[JIT_MAX_REGS]; /* by hints */
};

#define each_reg(ra, reg, regs)                                                                    \
	for (u32 regs = (ra)->target->allocatable, reg;                                            \
	     regs && (reg = (u32)__builtin_ctz(regs), true); regs &= regs - 1)

/* ---- where the scan is ---- */

static void move_on(struct ra_interval *it, u32 pos)
{
	while (it->at < it->range_end && it->at->to <= pos)
		it->at++;
}

static void put_back(struct ra *ra, struct ra_reg *reg, struct ra_interval *it)
{
	u32 next;

	move_on(it, ra->pos);
	next = ra_next_live(it, ra->pos);
	if (next == ra->pos)
		reg->active = it;
	else if (next != POS_MAX)
		ra_push(ra, &reg->inactive, next, it);
}

static void advance(struct ra *ra, u32 pos)
{
	ra->pos = pos;
	each_reg(ra, r, regs)
	{
		struct ra_reg *reg = &ra->regs[r];
		struct ra_interval *it = reg->active;

		while (reg->fixed_at < reg->fixed.len && reg->fixed.at[reg->fixed_at].to <= pos)
			reg->fixed_at++;
		while (reg->want_at < reg->wants.len && reg->wants.at[reg->want_at].pos < pos)
			reg->want_at++;
		reg->active = NULL;
		if (it)
			put_back(ra, reg, it);
		while (reg->inactive.len && reg->inactive.at[0].key <= pos)
			put_back(ra, reg, ra_pop(&reg->inactive));
	}
}

/* Where the interval, which was split, first meets one that waits for its hole's end. */
static u32 meet_inactive(const struct ra_heap *heap, size_t i, const struct ra_interval *it,
			 u32 best)
{
	/* Children start later than their parent; few are worth a look. */
	size_t stack[64], n = 0, looked = 0;

	stack[n++] = i;
	while (n) {
		size_t at = stack[--n];
		u32 meet;

		if (at >= heap->len || heap->at[at].key >= best || heap->at[at].key >= it->end)
			continue;
		if (++looked > 256 || n + 2 > ARRAY_SIZE(stack))
			return heap->at[0].key; /* low enough for all */
		meet = ra_meet(heap->at[at].it, it, it->start);
		if (meet < best)
			best = meet;
		stack[n++] = 2 * at + 1;
		stack[n++] = 2 * at + 2;
	}
	return best;
}

/* Up to where nothing but the active interval is in the way. */
static u32 limit_of(const struct ra *ra, const struct ra_interval *it, u32 reg)
{
	u32 limit = ra_meet_fixed(ra, it, reg);

	if (it->is_split)
		limit = meet_inactive(&ra->regs[reg].inactive, 0, it, limit);
	return limit;
}

/* ---- what an interval needs ---- */

/*
 * Up to where (inclusive) it must be in a register from its start on: the
 * instruction at hand needs it there. 0: it need not.
 */
static u32 must_until(const struct ra *ra, const struct ra_interval *it)
{
	u32 until = 0;

	if (!it->is_split && ra_def_needs_reg(ra, it->value))
		until = gap_of(it->start) + AT_DEF;
	for (const struct ra_use *use = ra_next_reg_use(ra, it, it->start);
	     use && use < it->use_end && unit_of(use->pos) == unit_of(it->start); use++)
		if (use->kind == USE_REG || ra_value(ra, it->value)->remat)
			until = use->pos > until ? use->pos : until;
	return until;
}

/* The first use of a value at or after @pos, of all of it. */
static const struct ra_use *first_use(const struct ra_value *v, u32 pos)
{
	u32 low = 0, high = v->nuses;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (v->uses[mid].pos < pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low < v->nuses ? &v->uses[low] : NULL;
}

static u64 urgency_of(const struct ra *ra, u32 use, u64 distance)
{
	return ((u64)weight_at(ra, use) << 16) / (distance + 4 * UNIT);
}

/* Of the use that comes first when the loops around @pos go around once more. */
static u64 urgency_in_loops(const struct ra *ra, const struct ra_interval *it, u32 pos)
{
	const struct ra_value *v = ra_value(ra, it->value);
	u32 loop = ir_block(ra->fn, ra->blocks[block_at(ra, pos)])->loop;
	u64 most = 0;
	u32 n = 0;

	for (; loop != IR_NO_LOOP && n < LOOPS_MAX;
	     n++, loop = ir_block(ra->fn, loop)->loop_parent) {
		u32 start = ra->start[ra->index[loop]], end = ra->loop_end[ra->index[loop]];
		const struct ra_use *use = first_use(v, start);
		u64 urgency;

		if (v->start >= start || it->end < end || !use || use->pos >= pos)
			continue;
		urgency = urgency_of(ra, use->pos, (u64)(end - pos) + (use->pos - start));
		most = u64_max(most, urgency);
	}
	return most;
}

/* How bad it would be not to have it in a register at @pos. */
static u64 urgency(const struct ra *ra, const struct ra_interval *it, u32 pos)
{
	const struct ra_value *v = ra_value(ra, it->value);
	const struct ra_use *use = ra_next_use(it, pos);
	u64 urgency = urgency_in_loops(ra, it, pos);

	if (use)
		urgency = u64_max(urgency, urgency_of(ra, use->pos, use->pos - pos));
	return v->remat || v->spilled ? urgency / 2 : urgency;
}

/* Whether being in a register up to @until helps anyone. */
static bool is_used_before(const struct ra_interval *it, u32 until)
{
	const struct ra_use *use = ra_next_use(it, it->start);

	return use && use->pos < until;
}

/* ---- splitting ---- */

static void spill(struct ra *ra, struct ra_interval *it)
{
	struct ra_value *v = ra_value(ra, it->value);
	struct ra_use *use = ra_next_reg_use(ra, it, it->start);
	struct ra_interval *rest;

	it->loc = v->remat ? LOC_REMAT : LOC_SPILLED;
	v->spilled |= !v->remat;
	if (!use)
		return;
	if (gap_of(use->pos) <= it->start) { /* the target asks for too much at once */
		ra->failed = true;
		return;
	}
	rest = ra_split(ra, it, ra_split_pos(ra, it->start, use->pos));
	if (rest)
		ra_push(ra, &ra->waiting, rest->start, rest);
}

/* Its register is not its own from @until on. */
static void leave(struct ra *ra, struct ra_interval *it, u32 until)
{
	struct ra_interval *rest;
	u32 min = it->start;

	for (const struct ra_use *use = it->use; use < it->use_end && use->pos < until; use++)
		min = use->pos;
	if (gap_of(until) > min) {
		rest = ra_split(ra, it, ra_split_pos(ra, min, until));
		if (rest)
			ra_push(ra, &ra->waiting, rest->start, rest);
		return;
	}
	rest = ra_split(ra, it, until); /* amid an instruction */
	if (rest)
		spill(ra, rest);
}

/* Makes room at the scan's position. */
static void evict(struct ra *ra, struct ra_reg *reg)
{
	struct ra_interval *it = reg->active, *rest;
	u32 min = it->start;

	reg->active = NULL;
	if (it->start == ra->pos) {
		spill(ra, it);
		return;
	}
	for (const struct ra_use *use = it->use; use < it->use_end && use->pos < ra->pos; use++)
		min = use->pos;
	rest = ra_split(ra, it, gap_of(ra->pos) > min ? ra_split_pos(ra, min, ra->pos) : ra->pos);
	if (rest)
		spill(ra, rest);
}

static void assign(struct ra *ra, struct ra_interval *it, u32 reg, u32 until)
{
	it->loc = (u16)reg;
	ra->regs[reg].active = it;
	ra->used |= BIT(reg);
	ra_note_reg(ra, it);
	if (until < it->end)
		leave(ra, it, until);
}

/* ---- choosing ---- */

/* Up to where the register is free. */
static u32 until(const struct ra *ra, const struct ra_interval *it, struct choice *c, u32 reg)
{
	if (!(c->known & BIT(reg))) {
		c->known |= BIT(reg);
		c->until[reg] = ra->regs[reg].active ? it->start : limit_of(ra, it, reg);
	}
	return c->until[reg];
}

static u64 use_weight(const struct ra *ra, const struct ra_interval *it)
{
	u64 sum = it->is_split ? 0 : weight_at(ra, it->start);

	for (const struct ra_use *use = it->use; use < it->use_end && sum <= SAVE_COST; use++)
		sum += weight_at(ra, use->pos);
	return sum;
}

/* The register of @regs that has the best hint. */
static u32 best_hint(const struct choice *c, u32 regs)
{
	u32 best = (u32)__builtin_ctz(regs);

	for (; regs; regs &= regs - 1) {
		u32 reg = (u32)__builtin_ctz(regs);

		if (c->weight[reg] > c->weight[best])
			best = reg;
	}
	return best;
}

/* The best of the registers that are free up to @end; NO_REG. */
static u32 best_free(const struct ra *ra, const struct ra_interval *it, struct choice *c, u32 end,
		     bool may_save)
{
	u32 regs = ra->target->allocatable, new = ra->target->callee_saved & ~ra->used;

	if (!may_save)
		regs &= ~new;
	while (regs) {
		u32 reg = best_hint(c, regs);

		if (until(ra, it, c, reg) >= end)
			return reg;
		regs &= ~BIT(reg);
	}
	return NO_REG;
}

/*
 * A register for all of it, or for all but its cold part; one that makes the
 * prologue larger only if that pays: because memory is the alternative, or the
 * moves of others that want the same register.
 */
static u32 choose_whole(const struct ra *ra, const struct ra_interval *it, struct choice *c)
{
	bool goes_cold = it->end > ra->cold_from && it->start < ra->cold_from;
	u32 reg = best_free(ra, it, c, it->end, false), saved;

	if (reg == NO_REG && goes_cold)
		reg = best_free(ra, it, c, ra->cold_from, false);
	if (reg != NO_REG ? c->weight[reg] > -SAVE_COST : use_weight(ra, it) <= SAVE_COST)
		return reg;
	saved = best_free(ra, it, c, it->end, true);
	if (saved == NO_REG && goes_cold)
		saved = best_free(ra, it, c, ra->cold_from, true);
	return saved == NO_REG ? reg : saved;
}

static u32 choose_longest(const struct ra *ra, const struct ra_interval *it, struct choice *c)
{
	u32 best = NO_REG;

	each_reg(ra, reg, regs)
	{
		u32 end = until(ra, it, c, reg);

		if (best == NO_REG || end > c->until[best] ||
		    (end == c->until[best] && c->weight[reg] > c->weight[best]))
			best = reg;
	}
	return best;
}

static bool try_free(struct ra *ra, struct ra_interval *it, u32 must)
{
	struct choice c = {0};
	u32 reg;

	ra_hints(ra, it, c.weight);
	reg = choose_whole(ra, it, &c);
	if (reg != NO_REG && c.until[reg] > must) {
		assign(ra, it, reg, c.until[reg]);
		return true;
	}
	reg = choose_longest(ra, it, &c);
	if (c.until[reg] <= must || c.until[reg] <= it->start)
		return false;
	if (!must && !is_used_before(it, c.until[reg]))
		spill(ra, it);
	else
		assign(ra, it, reg, c.until[reg]);
	return true;
}

/* All registers are taken: whose next use matters least goes. */
static bool take(struct ra *ra, struct ra_interval *it, u32 must)
{
	u64 least = must ? UINT64_MAX : urgency(ra, it, it->start);
	u32 best = NO_REG, best_limit = 0;

	each_reg(ra, reg, regs)
	{
		struct ra_interval *victim = ra->regs[reg].active;
		const struct ra_use *use = victim ? ra_next_reg_use(ra, victim, ra->pos) : NULL;
		u32 limit = limit_of(ra, it, reg);
		u64 cost = victim ? urgency(ra, victim, ra->pos) : 0;

		if (limit <= must || limit <= it->start || cost >= least)
			continue;
		if (use && unit_of(use->pos) == unit_of(ra->pos))
			continue;
		if (victim && victim->start == ra->pos && must_until(ra, victim))
			continue;
		least = cost;
		best = reg;
		best_limit = limit;
	}
	if (best == NO_REG)
		return false;
	if (ra->regs[best].active)
		evict(ra, &ra->regs[best]);
	assign(ra, it, best, best_limit);
	return true;
}

/*
 * Of two operands that end here the result overwrites that which is where it
 * wants to be.
 */
static void choose_operand(struct ra *ra, const struct ra_interval *it)
{
	const struct ir_insn *insn = ir_at(ra->fn, it->value);
	struct ra_interval *a = ra_at(ra, insn->arg[0], it->start - 1);
	struct ra_interval *b = ra_at(ra, insn->arg[1], it->start - 1);
	s32 weights[JIT_MAX_REGS] = {0};
	ir_ref same = ra_value(ra, it->value)->same;

	if (!a || !b || !is_reg(a->loc) || !is_reg(b->loc) || ra->regs[a->loc].active ||
	    ra->regs[b->loc].active != b || a->end != it->start || b->end != it->start + AT_CLOBBER)
		return;
	ra_value(ra, it->value)->same = 0; /* of which there is no hint, then */
	ra_hints(ra, it, weights);
	ra_value(ra, it->value)->same = same;
	if (weights[a->loc] >= weights[b->loc])
		return;
	ra_exchange(ra, it->value, a, b);
	ra_rewind(a, it->start);
	ra->regs[a->loc].active = a;
	ra->regs[b->loc].active = NULL;
}

static void allocate(struct ra *ra, struct ra_interval *it)
{
	u32 must = must_until(ra, it);

	if (!it->is_split && ra_value(ra, it->value)->either)
		choose_operand(ra, it);
	if (try_free(ra, it, must) || take(ra, it, must))
		return;
	if (must)
		ra->failed = true;
	else
		spill(ra, it);
}

static s32 best_weight(const struct ra *ra, const struct ra_interval *it)
{
	s32 weights[JIT_MAX_REGS] = {0}, best = 0;

	ra_hints(ra, it, weights);
	for (u32 i = 0; i < ra->target->nregs; i++)
		best = weights[i] > best ? weights[i] : best;
	return best;
}

/* Before anything is known of it but its value's ranges and uses. */
static void put_at(struct ra *ra, struct ra_interval *to, struct ra_interval it)
{
	*to = it;
	ra_value(ra, it.value)->first = to;
	ra_value(ra, it.value)->at = NULL;
}

/* Of the phis of a block, whose first is @next, those come first that have most to lose. */
static void sort_phis(struct ra *ra, u32 next)
{
	struct ra_interval *its = &ra->intervals[next];
	u32 n = ra->nintervals - next < MAX_PHIS ? ra->nintervals - next : MAX_PHIS;
	s32 weights[MAX_PHIS];

	for (u32 i = 0; i < n && its[i].start == its[0].start; i++) {
		struct ra_interval it = its[i];
		s32 weight = best_weight(ra, &it);
		u32 k = i;

		for (; k && weights[k - 1] < weight; k--) {
			weights[k] = weights[k - 1];
			put_at(ra, &its[k], its[k - 1]);
		}
		weights[k] = weight;
		put_at(ra, &its[k], it);
	}
}

static bool is_first_phi(const struct ra *ra, u32 i)
{
	return ir_at(ra->fn, ra->intervals[i].value)->op == IR_PHI &&
	       (!i || ra->intervals[i - 1].start != ra->intervals[i].start);
}

bool ra_scan(struct ra *ra)
{
	u32 next = 0;

	while (!ra->failed && (next < ra->nintervals || ra->waiting.len)) {
		struct ra_interval *it;

		if (ra->waiting.len &&
		    (next == ra->nintervals || ra->waiting.at[0].key < ra->intervals[next].start))
			it = ra_pop(&ra->waiting);
		else
			it = &ra->intervals[next++];
		advance(ra, it->start);
		if (!it->is_split && is_first_phi(ra, next - 1))
			sort_phis(ra, next - 1);
		allocate(ra, it);
	}
	return !ra->failed;
}
