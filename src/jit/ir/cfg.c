/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the graph of blocks says: an order, dominators (Cooper, Harvey and
 * Kennedy's way), loops. All walks use lists of their own instead of
 * recursion: a function may have hundreds of thousands of blocks.
 */
#include <string.h>

#include "jit/ir/ir.h"

/* ---- order ---- */

struct visit {
	u32 block;
	u8 next; /* successor to look at */
};

/* Reverse postorder; the taken side of branches is visited last and so comes first. */
static void find_order(struct ir_fn *fn)
{
	struct visit *stack = arena_alloc(fn->arena, fn->nblocks * sizeof(*stack));
	u32 *order = arena_alloc(fn->arena, fn->nblocks * sizeof(*order));
	u32 depth = 0, at = fn->nblocks;

	if (!stack || !order) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < fn->nblocks; i++)
		fn->blocks[i]->order = UINT32_MAX;
	stack[depth++] = (struct visit){0, 0};
	fn->blocks[0]->order = 0;
	while (depth) {
		struct visit *v = &stack[depth - 1];
		const struct ir_block *b = fn->blocks[v->block];
		u32 succ;

		if (v->next == b->nsucc) {
			order[--at] = v->block;
			depth--;
			continue;
		}
		succ = b->succ[v->next++];
		if (fn->blocks[succ]->order == UINT32_MAX) {
			fn->blocks[succ]->order = 0;
			stack[depth++] = (struct visit){succ, 0};
		}
	}
	fn->order = order + at;
	fn->norder = fn->nblocks - at;
	for (u32 i = 0; i < fn->norder; i++)
		fn->blocks[fn->order[i]]->order = i;
}

/* ---- dominators ---- */

/*
 * The tree as it is known so far, with a second way up from each block: one
 * that goes further, so that a common ancestor is found in logarithmic time
 * (Myers' skew-binary jumps). Long chains of blocks that all leave for others
 * are what programs have, and walking up such chains is quadratic.
 */
struct tree {
	u32 *depth, *jump; /* by block */
};

static void hang(const struct ir_fn *fn, struct tree *t, u32 block)
{
	u32 up = fn->blocks[block]->idom, jump = t->jump[up];
	bool even = t->depth[up] - t->depth[jump] == t->depth[jump] - t->depth[t->jump[jump]];

	t->depth[block] = t->depth[up] + 1;
	t->jump[block] = even ? t->jump[jump] : up;
}

static u32 intersect(const struct ir_fn *fn, const struct tree *t, u32 a, u32 b)
{
	if (t->depth[a] < t->depth[b]) {
		u32 other = a;

		a = b;
		b = other;
	}
	while (t->depth[a] > t->depth[b])
		a = t->depth[t->jump[a]] >= t->depth[b] ? t->jump[a] : fn->blocks[a]->idom;
	while (a != b) {
		bool far = t->jump[a] != t->jump[b];

		a = far ? t->jump[a] : fn->blocks[a]->idom;
		b = far ? t->jump[b] : fn->blocks[b]->idom;
	}
	return a;
}

/* The same step by step, for a tree that changes under way. */
static u32 intersect_slowly(const struct ir_fn *fn, u32 a, u32 b)
{
	while (a != b) {
		while (fn->blocks[a]->order > fn->blocks[b]->order)
			a = fn->blocks[a]->idom;
		while (fn->blocks[b]->order > fn->blocks[a]->order)
			b = fn->blocks[b]->idom;
	}
	return a;
}

/* @t NULL: slowly. */
static u32 find_idom(const struct ir_fn *fn, const struct tree *t, u32 block)
{
	const struct ir_block *b = fn->blocks[block];
	u32 idom = UINT32_MAX;

	for (u32 i = b->npreds; i-- > 0;) {
		const struct ir_block *pred = fn->blocks[b->preds[i]];

		if (pred->order == UINT32_MAX || pred->idom == UINT32_MAX)
			continue;
		if (idom == UINT32_MAX)
			idom = b->preds[i];
		else
			idom = t ? intersect(fn, t, b->preds[i], idom)
				 : intersect_slowly(fn, b->preds[i], idom);
	}
	return idom;
}

/* Numbers the tree so that being above is being within: children before their next sibling. */
static void number_tree(struct ir_fn *fn)
{
	u32 *size = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*size));
	u32 *next = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*next));

	if (!size || !next) {
		fn->failed = true;
		return;
	}
	for (u32 i = fn->norder; i-- > 0;) {
		u32 b = fn->order[i];

		size[b]++;
		if (i)
			size[fn->blocks[b]->idom] += size[b];
	}
	for (u32 i = 0; i < fn->norder; i++) {
		u32 b = fn->order[i], idom = fn->blocks[b]->idom;
		u32 at = i ? next[idom] : 0;

		if (i)
			next[idom] += size[b];
		next[b] = at + 1;
		fn->blocks[b]->dom_in = at;
		fn->blocks[b]->dom_out = at + size[b] - 1;
	}
}

/* All predecessors but those behind back edges, which have none yet. */
static void first_round(struct ir_fn *fn, struct tree *t)
{
	for (u32 i = 1; i < fn->norder; i++) {
		u32 block = fn->order[i];

		fn->blocks[block]->idom = find_idom(fn, t, block);
		hang(fn, t, block);
	}
}

/* All predecessors, in the tree as it was found before. True when that was not right yet. */
static bool next_round(struct ir_fn *fn, struct tree *t, u32 *idom)
{
	bool changed = false;

	for (u32 i = 1; i < fn->norder; i++)
		hang(fn, t, fn->order[i]);
	for (u32 i = 1; i < fn->norder; i++)
		idom[i] = find_idom(fn, t, fn->order[i]);
	for (u32 i = 1; i < fn->norder; i++) {
		changed |= fn->blocks[fn->order[i]]->idom != idom[i];
		fn->blocks[fn->order[i]]->idom = idom[i];
	}
	return changed;
}

static bool slow_round(struct ir_fn *fn)
{
	bool changed = false;

	for (u32 i = 1; i < fn->norder; i++) {
		struct ir_block *b = fn->blocks[fn->order[i]];
		u32 idom = find_idom(fn, NULL, fn->order[i]);

		changed |= idom != b->idom;
		b->idom = idom;
	}
	return changed;
}

/*
 * The first round is right and the second finds nothing to change, but for odd
 * graphs, loops with several entries. Those that take many rounds are settled
 * as Cooper, Harvey and Kennedy do.
 */
#define QUICK_ROUNDS 8

static void find_dominators(struct ir_fn *fn)
{
	struct tree tree = {
		.depth = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(u32)),
		.jump = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(u32)),
	};
	u32 *idom = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*idom));
	u32 round = 0;

	if (!tree.depth || !tree.jump || !idom) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < fn->norder; i++)
		fn->blocks[fn->order[i]]->idom = UINT32_MAX;
	fn->blocks[0]->idom = 0;
	first_round(fn, &tree);
	while (round < QUICK_ROUNDS && next_round(fn, &tree, idom))
		round++;
	while (round == QUICK_ROUNDS && slow_round(fn))
		;
	number_tree(fn);
}

bool ir_dominates(const struct ir_fn *fn, u32 a, u32 b)
{
	return fn->blocks[b]->dom_in >= fn->blocks[a]->dom_in &&
	       fn->blocks[b]->dom_in <= fn->blocks[a]->dom_out;
}

/* ---- loops: of back edges to a block that dominates their start ---- */

/* The header of the outermost loop known so far that @block is in, or IR_NO_LOOP. */
static u32 outermost(const struct ir_fn *fn, u32 block, u32 *outer)
{
	u32 header = fn->blocks[block]->loop, top = header;

	if (header == IR_NO_LOOP)
		return header;
	while (outer[top] != IR_NO_LOOP)
		top = outer[top];
	while (outer[header] != IR_NO_LOOP) { /* shorten the way for the next one */
		u32 up = outer[header];

		outer[header] = top;
		header = up;
		if (header == top)
			break;
	}
	return top;
}

/* All blocks from which a back edge of @header is reached without passing it. */
static void find_loop(struct ir_fn *fn, u32 header, u32 *work, u32 *outer)
{
	struct ir_block *h = fn->blocks[header];
	u32 n = 0;

	for (u32 i = 0; i < h->npreds; i++)
		if (fn->blocks[h->preds[i]]->order != UINT32_MAX &&
		    ir_dominates(fn, header, h->preds[i]))
			work[n++] = h->preds[i];
	if (!n)
		return;
	h->is_loop_header = true;
	h->loop = header;
	while (n) {
		u32 block = work[--n], top = outermost(fn, block, outer);
		const struct ir_block *from;

		if (top == header)
			continue;
		if (top == IR_NO_LOOP) {
			fn->blocks[block]->loop = header;
			from = fn->blocks[block];
		} else {
			outer[top] = header;
			fn->blocks[top]->loop_parent = header;
			from = fn->blocks[top];
		}
		for (u32 i = 0; i < from->npreds; i++)
			if (fn->blocks[from->preds[i]]->order != UINT32_MAX)
				work[n++] = from->preds[i];
	}
}

static u32 edges(const struct ir_fn *fn)
{
	u32 n = 0;

	for (u32 i = 0; i < fn->nblocks; i++)
		n += fn->blocks[i]->npreds;
	return n;
}

static void find_loops(struct ir_fn *fn)
{
	u32 *work = arena_alloc(fn->arena, (edges(fn) + 1) * 2 * sizeof(*work));
	u32 *outer = arena_alloc(fn->arena, fn->nblocks * sizeof(*outer));

	if (!work || !outer) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < fn->nblocks; i++) {
		outer[i] = IR_NO_LOOP;
		fn->blocks[i]->loop = fn->blocks[i]->loop_parent = IR_NO_LOOP;
		fn->blocks[i]->loop_depth = 0;
		fn->blocks[i]->is_loop_header = false;
	}
	for (u32 i = fn->norder; i-- > 0;)
		find_loop(fn, fn->order[i], work, outer);
	for (u32 i = 0; i < fn->norder; i++) {
		struct ir_block *b = fn->blocks[fn->order[i]];
		u32 parent = b->is_loop_header ? b->loop_parent : b->loop;

		if (parent != IR_NO_LOOP)
			b->loop_depth = fn->blocks[parent]->loop_depth;
		b->loop_depth += b->is_loop_header;
	}
}

void ir_cfg(struct ir_fn *fn)
{
	find_order(fn);
	if (!fn->failed)
		find_dominators(fn);
	if (!fn->failed)
		find_loops(fn);
}

bool ir_in_loop(const struct ir_fn *fn, u32 block, u32 header)
{
	u32 loop = fn->blocks[block]->loop;

	while (loop != IR_NO_LOOP && loop != header)
		loop = fn->blocks[loop]->loop_parent;
	return loop == header;
}
