/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks for the moves of edges that neither leave nor enter alone. The order
 * of all other blocks stays as it was chosen: a new one stands behind the block
 * that it leaves, so that a loop's way back has a single jump; where the edge
 * is a rare one it is out of the way, at the end.
 */
#include "jit/regalloc/regalloc.h"

static bool is_rare(const struct ra *ra, u32 from, u32 way)
{
	const struct ir_block *b = ir_block(ra->fn, from);
	u8 flags = ir_term(ra->fn, from)->flags;

	if (flags & (IR_LIKELY | IR_UNLIKELY))
		return way == (flags & IR_LIKELY ? 1 : 0);
	return ra->weight[ra->index[b->succ[way]]] < ra->weight[ra->index[from]];
}

u32 ra_split_edge(struct ra *ra, u32 from, u32 way)
{
	struct ir_fn *fn = ra->fn;
	const struct ir_block *outer = ir_block(fn, ir_block(fn, from)->succ[way]);
	struct ra_edge edge = {.from = from, .near = !is_rare(ra, from, way)};
	struct ir_block *b;

	edge.block = ir_edge_split(fn, from, way);
	if (fn->failed)
		return 0;
	if (!vec_push(&ra->edges, ra->mem, edge))
		ra->failed = true;
	if (ir_block(fn, from)->loop_depth < outer->loop_depth)
		outer = ir_block(fn, from);
	b = fn->blocks[edge.block];
	b->loop = outer->loop;
	b->loop_depth = outer->loop_depth;
	b->idom = from;
	return edge.block;
}

/* Heads of lists, by block: what stands behind it. */
static u32 *find_near(struct ra *ra)
{
	u32 *near = arena_zalloc_array(&ra->arena, ra->fn->nblocks, sizeof(*near));

	for (size_t i = ra->edges.len; near && i-- > 0;) {
		struct ra_edge *edge = &ra->edges.at[i];

		if (!edge->near)
			continue;
		edge->next = near[edge->from];
		near[edge->from] = (u32)i + 1;
	}
	return near;
}

bool ra_place_edges(struct ra *ra)
{
	struct ir_fn *fn = ra->fn;
	u32 *order, *near, n = 0;

	if (!ra->edges.len)
		return true;
	near = find_near(ra);
	order = arena_alloc(fn->arena, (fn->norder + ra->edges.len) * sizeof(*order));
	if (!near || !order)
		return false;
	for (u32 i = 0; i < fn->norder; i++) {
		order[n++] = fn->order[i];
		for (u32 e = near[fn->order[i]]; e; e = ra->edges.at[e - 1].next)
			order[n++] = ra->edges.at[e - 1].block;
	}
	for (size_t i = 0; i < ra->edges.len; i++)
		if (!ra->edges.at[i].near)
			order[n++] = ra->edges.at[i].block;
	for (u32 i = 0; i < n; i++)
		fn->blocks[order[i]]->order = i;
	fn->order = order;
	fn->norder = n;
	return true;
}
