/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dominators. In the graphs that programs have, every way back leads to a block
 * that dominates its start, so that one look at each block in reverse postorder
 * finds them all (Cooper, Harvey and Kennedy). A loop with two entries is found
 * out, and the function then done by Lengauer and Tarjan's algorithm, which
 * takes n log n whatever the graph.
 */
#include "jit/ir/graph.h"

/* ---- in reverse postorder ---- */

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

/* Of the predecessors that come before it. */
static u32 find_idom(const struct ir_fn *fn, const struct tree *t, u32 block)
{
	const struct ir_block *b = fn->blocks[block];
	u32 idom = UINT32_MAX;

	for (u32 i = b->npreds; i-- > 0;) {
		u32 pred = b->preds[i];

		if (fn->blocks[pred]->order >= b->order) /* or is not reached */
			continue;
		idom = idom == UINT32_MAX ? pred : intersect(fn, t, pred, idom);
	}
	return idom;
}

static bool by_order(struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;
	u32 *depth = mem_zalloc_array(mem, fn->nblocks, 2 * sizeof(*depth));
	struct tree tree;

	if (!depth)
		return false;
	tree = (struct tree){depth, depth + fn->nblocks};
	fn->blocks[0]->idom = 0;
	for (u32 i = 1; i < fn->norder; i++) {
		u32 block = fn->order[i];

		fn->blocks[block]->idom = find_idom(fn, &tree, block);
		hang(fn, &tree, block);
	}
	mem_free(mem, depth);
	return true;
}

/* Whether all ways back lead to a block that dominates their start. */
static bool is_reducible(const struct ir_fn *fn)
{
	for (u32 i = 0; i < fn->norder; i++) {
		u32 block = fn->order[i];
		const struct ir_block *b = fn->blocks[block];

		for (u32 k = 0; k < b->nsucc; k++)
			if (fn->blocks[b->succ[k]]->order <= b->order &&
			    !ir_dominates(fn, b->succ[k], block))
				return false;
	}
	return true;
}

/* ---- any graph ---- */

#define NONE UINT32_MAX

/* Blocks are named by the order in which a walk into the depth meets them. */
struct forest {
	struct ir_fn *fn;
	u32 n;
	u32 *block, *number; /* of a number; of a block */
	u32 *parent, *semi, *idom;
	u32 *ancestor, *label; /* the forest, and of a path up in it: the one of the lowest semi */
	u32 *bucket, *next;    /* those whose semi it is, a list */
	u32 *path;	       /* for compress() */
};

static bool forest_room(struct forest *f)
{
	u32 **arrays[] = {&f->block, &f->number, &f->parent, &f->semi, &f->idom,
			  &f->label, &f->bucket, &f->next,   &f->path, &f->ancestor};
	u32 n = f->fn->nblocks;
	u32 *room = mem_alloc(f->fn->arena->mem, (size_t)n * ARRAY_SIZE(arrays) * sizeof(*room));

	for (u32 i = 0; room && i < ARRAY_SIZE(arrays); i++)
		*arrays[i] = room + (size_t)i * n;
	return room;
}

static void meet(struct forest *f, u32 block, u32 parent)
{
	f->block[f->n] = block;
	f->number[block] = f->n;
	f->parent[f->n] = parent;
	f->semi[f->n] = f->label[f->n] = f->n;
	f->ancestor[f->n] = f->bucket[f->n] = NONE;
	f->n++;
}

/* .path and .next serve as the stack of the walk. */
static void number_blocks(struct forest *f)
{
	u32 depth = 0;

	for (u32 i = 0; i < f->fn->nblocks; i++)
		f->number[i] = NONE;
	meet(f, 0, 0);
	f->path[depth] = f->next[depth] = 0;
	depth++;
	while (depth) {
		const struct ir_block *b = f->fn->blocks[f->path[depth - 1]];
		u32 parent = f->number[f->path[depth - 1]], succ;

		if (f->next[depth - 1] == b->nsucc) {
			depth--;
			continue;
		}
		succ = b->succ[f->next[depth - 1]++];
		if (f->number[succ] != NONE)
			continue;
		meet(f, succ, parent);
		f->path[depth] = succ;
		f->next[depth] = 0;
		depth++;
	}
}

/* Everything on the way up hangs from the top then. */
static void compress(struct forest *f, u32 at)
{
	u32 n = 0;

	for (; f->ancestor[f->ancestor[at]] != NONE; at = f->ancestor[at])
		f->path[n++] = at;
	while (n) {
		u32 up;

		at = f->path[--n];
		up = f->ancestor[at];
		if (f->semi[f->label[up]] < f->semi[f->label[at]])
			f->label[at] = f->label[up];
		f->ancestor[at] = f->ancestor[up];
	}
}

static u32 lowest(struct forest *f, u32 at)
{
	if (f->ancestor[at] == NONE)
		return at;
	compress(f, at);
	return f->label[at];
}

static void find_semi(struct forest *f, u32 at)
{
	const struct ir_block *b = f->fn->blocks[f->block[at]];

	for (u32 i = 0; i < b->npreds; i++) {
		u32 pred = f->number[b->preds[i]], semi;

		if (pred == NONE)
			continue;
		semi = f->semi[lowest(f, pred)];
		if (semi < f->semi[at])
			f->semi[at] = semi;
	}
	f->next[at] = f->bucket[f->semi[at]];
	f->bucket[f->semi[at]] = at;
}

static bool by_forest(struct ir_fn *fn)
{
	struct forest f = {.fn = fn};

	if (!forest_room(&f))
		return false;
	number_blocks(&f);
	for (u32 at = f.n; at-- > 1;) {
		u32 parent = f.parent[at];

		find_semi(&f, at);
		f.ancestor[at] = parent;
		for (u32 v = f.bucket[parent]; v != NONE; v = f.next[v]) {
			u32 low = lowest(&f, v);

			f.idom[v] = f.semi[low] < f.semi[v] ? low : parent;
		}
		f.bucket[parent] = NONE;
	}
	for (u32 at = 1; at < f.n; at++) {
		if (f.idom[at] != f.semi[at])
			f.idom[at] = f.idom[f.idom[at]];
		fn->blocks[f.block[at]]->idom = f.block[f.idom[at]];
	}
	mem_free(fn->arena->mem, f.block);
	return true;
}

/* ---- the tree ---- */

/* Numbers the tree so that being above is being within: children before their next sibling. */
static bool number_tree(struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;
	u32 *size = mem_zalloc_array(mem, fn->nblocks, 2 * sizeof(*size));
	u32 *next;

	if (!size)
		return false;
	next = size + fn->nblocks;
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
	mem_free(mem, size);
	return true;
}

bool ir_find_dominators(struct ir_fn *fn)
{
	if (!by_order(fn) || !number_tree(fn))
		return false;
	return is_reducible(fn) || (by_forest(fn) && number_tree(fn));
}

bool ir_dominates(const struct ir_fn *fn, u32 a, u32 b)
{
	return fn->blocks[b]->dom_in >= fn->blocks[a]->dom_in &&
	       fn->blocks[b]->dom_in <= fn->blocks[a]->dom_out;
}
