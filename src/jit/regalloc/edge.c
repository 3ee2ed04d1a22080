/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks for the moves of edges that neither leave nor enter alone. The order
 * of all other blocks stays as it was chosen, and so does what follows on
 * without a jump: a new block stands behind the one that it leaves where that
 * went on to the next one, or goes around a loop, which then takes one jump;
 * others stand where nothing falls through.
 */
#include "jit/regalloc/regalloc.h"

u32 ra_split_edge(struct ra *ra, u32 from, u32 way)
{
	struct ir_fn *fn = ra->fn;
	const struct ir_block *start = ir_block(fn, from), *end = ir_block(fn, start->succ[way]);
	const struct ir_block *outer = start->loop_depth < end->loop_depth ? start : end;
	struct ra_edge edge = {
		.from = from,
		.block = ir_edge_split(fn, from, way),
	};
	struct ir_block *b;

	if (fn->failed)
		return 0;
	if (!vec_push(&ra->edges, ra->mem, edge))
		ra->failed = true;
	b = fn->blocks[edge.block];
	b->order = UINT32_MAX; /* none yet */
	b->loop = outer->loop;
	b->loop_depth = outer->loop_depth;
	b->idom = from;
	return edge.block;
}

/* Whether a way leads from @block to @to, be it by a new block. */
static bool goes_to(const struct ir_fn *fn, u32 block, u32 to)
{
	const struct ir_block *b = ir_block(fn, block);

	for (u32 i = 0; i < b->nsucc; i++) {
		const struct ir_block *between = ir_block(fn, b->succ[i]);

		if (b->succ[i] == to || (between->order == UINT32_MAX && between->succ[0] == to))
			return true;
	}
	return false;
}

/* By position in the order: that of the next block, or the same, that does not fall through. */
static u32 *find_stops(struct ra *ra)
{
	const struct ir_fn *fn = ra->fn;
	u32 *stops = arena_alloc(&ra->arena, fn->norder * sizeof(*stops));

	for (u32 i = fn->norder; stops && i-- > 0;) {
		bool falls = i + 1 < fn->norder && goes_to(fn, fn->order[i], fn->order[i + 1]);

		stops[i] = falls ? stops[i + 1] : i;
	}
	return stops;
}

static bool is_empty(const struct ir_fn *fn, u32 block)
{
	ir_ref ref = ir_block(fn, block)->first;

	while (ir_at(fn, ref)->op == IR_PHI)
		ref = ir_at(fn, ref)->next;
	return ir_at(fn, ref)->op == IR_JMP;
}

/* Whether the new block leads back, or to what comes next. */
static bool is_near(const struct ir_fn *fn, const struct ra_edge *edge)
{
	u32 to = ir_block(fn, edge->block)->succ[0], at = ir_block(fn, edge->from)->order + 1;

	if (ir_block(fn, to)->order <= at)
		return true;
	return is_empty(fn, fn->order[at]) && ir_block(fn, fn->order[at])->succ[0] == to;
}

/* Puts the new blocks into lists, by block: what stands behind it, near ones first. */
static bool find_places(struct ra *ra, u32 *heads)
{
	u32 *stops = find_stops(ra);

	if (!stops)
		return false;
	for (u32 near = 0; near < 2; near++) {
		for (size_t i = ra->edges.len; i-- > 0;) {
			struct ra_edge *edge = &ra->edges.at[i];
			u32 at = edge->from;

			if (is_near(ra->fn, edge) != near)
				continue;
			if (!near)
				at = ra->fn->order[stops[ir_block(ra->fn, at)->order]];
			edge->next = heads[at];
			heads[at] = (u32)i + 1;
		}
	}
	return true;
}

bool ra_place_edges(struct ra *ra)
{
	struct ir_fn *fn = ra->fn;
	u32 *order, *heads, n = 0;

	if (!ra->edges.len)
		return true;
	heads = arena_zalloc_array(&ra->arena, fn->nblocks, sizeof(*heads));
	order = arena_alloc(fn->arena, (fn->norder + ra->edges.len) * sizeof(*order));
	if (!heads || !order || !find_places(ra, heads))
		return false;
	for (u32 i = 0; i < fn->norder; i++) {
		order[n++] = fn->order[i];
		for (u32 e = heads[fn->order[i]]; e; e = ra->edges.at[e - 1].next)
			order[n++] = ra->edges.at[e - 1].block;
	}
	for (u32 i = 0; i < n; i++)
		fn->blocks[order[i]]->order = i;
	fn->order = order;
	fn->norder = fn->order_cap = n;
	return true;
}
