/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts what was decided into the code: locations into the instructions, moves
 * where intervals of a value follow each other, on edges where a value's place
 * differs between both ends, and before and after instructions that want or
 * leave values in registers of their own.
 *
 * A spilled value is stored where it goes to memory, or once where it is
 * defined, whichever is executed less.
 */
#include "jit/regalloc/regalloc.h"

struct pending {
	struct ra_move move;
	u32 next; /* index + 1 */
};

struct resolve {
	struct ra *ra;
	VEC(struct pending) pool;
	u32 *gaps;  /* by unit: moves in the gap before it */
	u32 *edges; /* by block index and way */
	VEC(struct pending_at {
		struct ra_move move;
		u32 *head;
		u32 weight;
	})
	value; /* moves of the value at hand */
	ra_moves moves;
};

static u16 loc_of(const struct ra *ra, const struct ra_interval *it)
{
	return it->loc == LOC_SPILLED ? (u16)(IR_LOC_SLOT + ra_value(ra, it->value)->slot)
				      : it->loc;
}

/* Where uses by moves find it, also those that values that can be made again do not live for. */
static u16 loc_at(const struct ra *ra, ir_ref value, u32 pos)
{
	const struct ra_interval *it = ra_at(ra, value, pos);

	if (ra_value(ra, value)->remat && !(it && ra_lives(it, pos)))
		return LOC_REMAT;
	return it ? loc_of(ra, it) : IR_LOC_NONE;
}

/* ---- moves of values that have several places ---- */

static void want(struct resolve *r, u32 *head, u32 weight, ir_ref value, u16 from, u16 to)
{
	struct pending_at at = {{from, to, value}, head, weight};

	if (from == to || to == LOC_REMAT || from == IR_LOC_NONE || to == IR_LOC_NONE)
		return;
	if (!vec_push(&r->value, r->ra->mem, at))
		r->ra->failed = true;
}

static void put(struct resolve *r, u32 *head, struct ra_move move)
{
	if (!vec_push(&r->pool, r->ra->mem, (struct pending){move, *head})) {
		r->ra->failed = true;
		return;
	}
	*head = (u32)r->pool.len;
}

/* Where one interval of the value follows another within a block. */
static void follow(struct resolve *r, const struct ra_interval *it)
{
	const struct ra *ra = r->ra;
	const struct ra_interval *to = it->next;
	u32 unit = unit_of(to->start);

	if (!ra->unit_insn[unit])
		return; /* the start of a block: see edges */
	want(r, &r->gaps[unit], weight_at(ra, to->start), it->value,
	     loc_at(ra, it->value, unit * UNIT - 1), loc_of(ra, to));
}

static u32 *edge_of(struct resolve *r, u32 from, u32 to)
{
	const struct ir_block *b = ir_block(r->ra->fn, from);

	return &r->edges[r->ra->index[from] * 2 + (b->succ[0] != to)];
}

/* Into block index @at, at whose start the value lives. */
static void into_block(struct resolve *r, ir_ref value, u32 at)
{
	const struct ra *ra = r->ra;
	const struct ir_block *b = ir_block(ra->fn, ra->blocks[at]);
	u16 to = loc_at(ra, value, ra->start[at]);

	for (u32 i = 0; i < b->npreds; i++) {
		u32 pred;

		if (ir_block(ra->fn, b->preds[i])->order == UINT32_MAX)
			continue;
		pred = ra->index[b->preds[i]];
		want(r, edge_of(r, b->preds[i], ra->blocks[at]), edge_weight(ra, pred, at), value,
		     loc_at(ra, value, ra->start[pred + 1] - 1), to);
	}
}

static void across_edges(struct resolve *r, ir_ref value)
{
	const struct ra *ra = r->ra;
	const struct ra_value *v = ra_value(ra, value);

	for (u32 i = 0; i < v->nranges; i++) {
		u32 at = block_at(ra, v->ranges[i].from);

		/* Where it is defined, be it as a phi, it does not come in. */
		if (i == 0 || ra->start[at] != v->ranges[i].from)
			at++;
		for (; at < ra->nblocks && ra->start[at] < v->ranges[i].to; at++)
			into_block(r, value, at);
	}
}

/* Whether to store the value at its definition, then adds all moves that are left. */
static void settle(struct resolve *r, ir_ref value)
{
	struct ra *ra = r->ra;
	struct ra_value *v = ra_value(ra, value);
	bool in_slot = v->first->loc == LOC_SPILLED; /* from the start, and for good */
	u64 stores = 0;

	for (size_t i = 0; i < r->value.len; i++)
		if (!is_reg(r->value.at[i].move.to))
			stores += r->value.at[i].weight;
	v->store_at_def = stores && !in_slot && stores >= weight_at(ra, v->start);
	for (size_t i = 0; i < r->value.len; i++)
		if (is_reg(r->value.at[i].move.to) || !(v->store_at_def || in_slot))
			put(r, r->value.at[i].head, r->value.at[i].move);
	if (v->store_at_def)
		put(r, &r->gaps[unit_of(v->start) + 1],
		    (struct ra_move){v->first->loc, (u16)(IR_LOC_SLOT + v->slot), value});
	r->value.len = 0;
}

static void connect(struct resolve *r)
{
	struct ra *ra = r->ra;

	for (u32 i = 0; i < ra->nintervals; i++) {
		ir_ref value = ra->intervals[i].value;

		if (!ra->intervals[i].next)
			continue;
		for (const struct ra_interval *it = &ra->intervals[i]; it->next; it = it->next)
			follow(r, it);
		across_edges(r, value);
		settle(r, value);
	}
}

/* ---- phis ---- */

static void phi_moves(struct resolve *r, u32 at, ir_ref ref)
{
	struct ra *ra = r->ra;
	const struct ir_block *b = ir_block(ra->fn, ra->blocks[at]);
	struct ir_insn *phi = ir_at(ra->fn, ref);

	ra_no_places(phi);
	phi->loc = loc_at(ra, ref, ra->start[at]);
	if (phi->loc == IR_LOC_NONE)
		return;
	for (u32 i = 0; i < b->npreds; i++) {
		u32 pred = b->preds[i];

		if (ir_block(ra->fn, pred)->order == UINT32_MAX)
			continue;
		put(r, edge_of(r, pred, ra->blocks[at]),
		    (struct ra_move){loc_at(ra, phi->phi[i], ra->start[ra->index[pred] + 1] - 1),
				     phi->loc, phi->phi[i]});
	}
}

static void resolve_phis(struct resolve *r)
{
	const struct ra *ra = r->ra;

	for (u32 i = 0; i < ra->nblocks; i++) {
		ir_each (ra->fn, ra->blocks[i], ref) {
			if (ir_at(ra->fn, ref)->op != IR_PHI)
				break;
			phi_moves(r, i, ref);
		}
	}
}

/* ---- instructions ---- */

static void add_move(struct resolve *r, u16 from, u16 to, ir_ref value)
{
	if (!vec_push(&r->moves, r->ra->mem, (struct ra_move){from, to, value}))
		r->ra->failed = true;
}

static void take_pending(struct resolve *r, u32 head)
{
	for (; head; head = r->pool.at[head - 1].next) {
		struct ra_move m = r->pool.at[head - 1].move;

		add_move(r, m.from, m.to, m.value);
	}
}

static void flush(struct resolve *r, ir_ref before)
{
	if (r->moves.len && !ra_emit_moves(r->ra, &r->moves, before))
		r->ra->failed = true;
}

static u16 arg_loc(struct resolve *r, const struct ir_insn *insn, const struct jit_constraints *c,
		   u32 i, u32 base, u16 same_loc)
{
	ir_ref arg = insn->arg[i];

	if (c->arg[i].place == PLACE_FIXED) {
		add_move(r, loc_at(r->ra, arg, base - 1), c->arg[i].reg, arg);
		return c->arg[i].reg;
	}
	if (same_loc != IR_LOC_NONE && arg == insn->arg[c->result.reg]) {
		if (i == c->result.reg)
			add_move(r, loc_at(r->ra, arg, base - 1), same_loc, arg);
		return same_loc;
	}
	return loc_at(r->ra, arg, base + AT_USE);
}

static void after(struct resolve *r, ir_ref ref, u16 from, u16 to)
{
	struct ir_insn move = {.op = IR_MOVE, .arg = {ref}, .pc = ir_at(r->ra->fn, ref)->pc};

	if (from == to || to == IR_LOC_NONE)
		return;
	ref = ir_insert_after(r->ra->fn, ref, move);
	ra_no_places(ir_at(r->ra->fn, ref));
	ir_at(r->ra->fn, ref)->loc = to;
	ir_at(r->ra->fn, ref)->aloc[0] = from;
}

static void place_insn(struct resolve *r, ir_ref ref, u32 unit)
{
	struct ra *ra = r->ra;
	struct ir_insn *insn = ir_at(ra->fn, ref);
	const struct ra_value *v = ra_value(ra, ref);
	u32 n = ir_nargs(ra->fn, insn), base = unit * UNIT;
	struct jit_constraints c;
	u16 result = IR_LOC_NONE, same = IR_LOC_NONE;

	ra_constrain(ra, ref, &c);
	if (!(ir_flags(insn) & IR_OP_VOID))
		result = v->fixed != NO_REG ? v->fixed : loc_at(ra, ref, v->start);
	if (c.result.place == PLACE_SAME)
		same = result;
	ra_no_places(insn);
	insn->loc = is_reg(result) ? result : IR_LOC_NONE;
	for (u32 i = 0; i < n; i++)
		if (insn->arg[i] && c.arg[i].place != PLACE_NONE)
			insn->aloc[i] = arg_loc(r, insn, &c, i, base, same);
	take_pending(r, r->gaps[unit]);
	flush(r, ref);
	if (v->fixed != NO_REG)
		after(r, ref, v->fixed, loc_at(ra, ref, v->start));
}

/* Moves that do nothing need no block of their own. */
static void drop_idle(struct resolve *r)
{
	for (size_t i = 0; i < r->moves.len;) {
		const struct ra_move *m = &r->moves.at[i];

		if (m->from == m->to ||
		    (m->from == LOC_REMAT && ir_at(r->ra->fn, m->value)->op == IR_UNDEF))
			r->moves.at[i] = r->moves.at[--r->moves.len];
		else
			i++;
	}
}

static ir_ref behind_phis(const struct ir_fn *fn, u32 block)
{
	ir_ref ref = ir_block(fn, block)->first;

	while (ir_at(fn, ref)->op == IR_PHI)
		ref = ir_at(fn, ref)->next;
	return ref;
}

/* At the end of its start if that leads nowhere else, at the start of its end if nothing else does.
 */
static void place_edge(struct resolve *r, u32 index, u32 way)
{
	struct ir_fn *fn = r->ra->fn;
	u32 from = r->ra->blocks[index], to = ir_block(fn, from)->succ[way];

	take_pending(r, r->edges[index * 2 + way]);
	drop_idle(r);
	if (!r->moves.len)
		return;
	if (ir_block(fn, from)->nsucc == 1) {
		flush(r, ir_block(fn, from)->last);
		return;
	}
	if (ir_block(fn, to)->npreds > 1)
		to = ra_split_edge(r->ra, from, way);
	if (!fn->failed)
		flush(r, behind_phis(fn, to));
}

static void place_all(struct resolve *r)
{
	struct ra *ra = r->ra;

	for (u32 unit = 0; unit < ra->nunits && !ra->failed; unit++)
		if (ra->unit_insn[unit])
			place_insn(r, ra->unit_insn[unit], unit);
	for (u32 i = 0; i < ra->nblocks && !ra->failed; i++)
		for (u32 way = 0; way < ir_block(ra->fn, ra->blocks[i])->nsucc; way++)
			place_edge(r, i, way);
}

bool ra_resolve(struct ra *ra)
{
	struct resolve r = {.ra = ra};

	r.gaps = arena_zalloc_array(&ra->arena, ra->nunits, sizeof(u32));
	r.edges = arena_zalloc_array(&ra->arena, ra->nblocks, 2 * sizeof(u32));
	if (r.gaps && r.edges) {
		connect(&r);
		resolve_phis(&r);
		place_all(&r);
	} else {
		ra->failed = true;
	}
	vec_free(&r.pool, ra->mem);
	vec_free(&r.value, ra->mem);
	vec_free(&r.moves, ra->mem);
	return !ra->failed && !ra->fn->failed;
}
