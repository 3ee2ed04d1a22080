/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves that happen all at once, put in an order. A move can be done when
 * nothing is still to be read from where it goes; when none can, those left
 * are circles, and one of each is first saved: in the scratch register or,
 * when the circle itself moves slots to slots, which takes that register, in a
 * spare slot. What is made instead of moved reads nothing and comes last.
 */
#include <string.h>

#include "jit/regalloc/regalloc.h"

struct order {
	struct ra *ra;
	ir_ref before;
	struct ra_move *moves;
	u32 n;
	bool *done;
};

static void emit_one(struct order *o, u16 from, u16 to, ir_ref value)
{
	struct ir_insn move = {
		.op = IR_MOVE, .arg = {value}, .pc = ir_at(o->ra->fn, o->before)->pc};
	ir_ref ref = ir_insert(o->ra->fn, o->before, move);

	ra_no_places(ir_at(o->ra->fn, ref));
	ir_at(o->ra->fn, ref)->loc = to;
	ir_at(o->ra->fn, ref)->aloc[0] = from;
}

static void emit(struct order *o, u16 from, u16 to, ir_ref value)
{
	u16 scratch = o->ra->target->scratch;

	if (is_reg(from) || is_reg(to)) {
		emit_one(o, from, to, value);
		return;
	}
	emit_one(o, from, scratch, value);
	emit_one(o, scratch, to, value);
}

/* The definition of @value once more, or a literal in a register. */
static void remake(struct order *o, const struct ra_move *m)
{
	struct ir_fn *fn = o->ra->fn;
	struct ir_insn insn = *ir_at(fn, m->value);
	u16 scratch = o->ra->target->scratch;
	ir_ref ref;

	if (insn.op == IR_UNDEF)
		return;
	if (ir_is_literal(fn, m->value))
		insn.op = IR_IMM;
	insn.pc = ir_at(fn, o->before)->pc;
	ref = ir_insert(fn, o->before, insn);
	ra_no_places(ir_at(fn, ref));
	ir_at(fn, ref)->loc = is_reg(m->to) ? m->to : scratch;
	if (!is_reg(m->to))
		emit_one(o, scratch, m->to, m->value);
}

/* Whether a move that is left reads what @i writes. */
static bool is_read(const struct order *o, u32 i)
{
	for (u32 k = 0; k < o->n; k++)
		if (k != i && !o->done[k] && o->moves[k].from == o->moves[i].to)
			return true;
	return false;
}

static bool emit_ready(struct order *o)
{
	bool any = false;

	for (u32 i = 0; i < o->n; i++) {
		const struct ra_move *m = &o->moves[i];

		if (o->done[i] || is_read(o, i))
			continue;
		emit(o, m->from, m->to, m->value);
		o->done[i] = any = true;
	}
	return any;
}

/* The one of those left that reads what @i writes. */
static u32 reader_of(const struct order *o, u32 i)
{
	for (u32 k = 0; k < o->n; k++)
		if (!o->done[k] && o->moves[k].from == o->moves[i].to)
			return k;
	return i;
}

/* Saves what the first move that is left would overwrite. */
static bool break_circle(struct order *o)
{
	struct ra *ra = o->ra;
	u32 first = 0, at;
	struct ra_move *reader;
	bool slots = false;
	u16 save;

	while (first < o->n && o->done[first])
		first++;
	if (first == o->n)
		return false;
	at = first;
	do {
		slots |= !is_reg(o->moves[at].from) && !is_reg(o->moves[at].to);
		at = reader_of(o, at);
	} while (at != first);
	if (slots && ra->spare_slot == IR_LOC_NONE)
		ra->spare_slot = (u16)(IR_LOC_SLOT + ra->fn->nslots++);
	save = slots ? ra->spare_slot : ra->target->scratch;
	reader = &o->moves[reader_of(o, first)];
	emit(o, reader->from, save, reader->value);
	reader->from = save;
	return true;
}

/* Leaves moves out that do nothing, or the same as another; puts those that make at the end. */
static u32 tidy(struct ra_move *moves, u32 n, u32 *nmade)
{
	u32 kept = 0;

	*nmade = 0;
	for (u32 i = 0; i < n; i++) {
		struct ra_move m = moves[i];
		bool drop = m.from == m.to;

		for (u32 k = 0; k < kept && !drop; k++)
			drop = moves[k].to == m.to;
		if (!drop)
			moves[kept++] = m;
	}
	for (u32 i = 0; i < kept - *nmade;) {
		struct ra_move m = moves[i];

		if (m.from != LOC_REMAT) {
			i++;
			continue;
		}
		moves[i] = moves[kept - ++*nmade];
		moves[kept - *nmade] = m;
	}
	return kept - *nmade;
}

bool ra_emit_moves(struct ra *ra, ra_moves *moves, ir_ref before)
{
	struct order o = {.ra = ra, .before = before, .moves = moves->at};
	bool few[32] = {false};
	u32 nmade;

	o.n = tidy(moves->at, (u32)moves->len, &nmade);
	o.done = o.n <= ARRAY_SIZE(few) ? few : arena_zalloc(&ra->arena, o.n);
	if (!o.done)
		return false;
	do {
		while (emit_ready(&o))
			;
	} while (break_circle(&o));
	for (u32 i = 0; i < nmade; i++)
		remake(&o, &moves->at[o.n + i]);
	moves->len = 0;
	return !ra->fn->failed;
}
