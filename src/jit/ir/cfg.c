/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the graph of blocks says: an order, loops, and dominators (dominate.c).
 * All walks use lists of their own instead of recursion: a function may have
 * hundreds of thousands of blocks.
 */
#include <string.h>

#include "jit/ir/graph.h"

/* ---- order ---- */

struct visit {
	u32 block;
	u8 next; /* successor to look at */
};

/* Room for the order of all blocks, which stays. */
static bool order_room(struct ir_fn *fn)
{
	u32 cap = fn->nblocks + fn->nblocks / 2;

	if (fn->nblocks <= fn->order_cap)
		return true;
	fn->order = arena_alloc(fn->arena, cap * sizeof(*fn->order));
	fn->order_cap = fn->order ? cap : 0;
	return fn->order;
}

/* Writes the order to the end of @order; returns where it starts. */
static u32 walk(struct ir_fn *fn, struct visit *stack, u32 *order)
{
	u32 depth = 0, at = fn->nblocks;

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
	return at;
}

/* Reverse postorder; the taken side of branches is visited last and so comes first. */
void ir_order(struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;
	struct visit *stack;
	u32 at;

	if (fn->ordered)
		return;
	stack = mem_alloc(mem, fn->nblocks * sizeof(*stack));
	if (!stack || !order_room(fn)) {
		fn->failed = true;
		mem_free(mem, stack);
		return;
	}
	for (u32 i = 0; i < fn->nblocks; i++)
		fn->blocks[i]->order = UINT32_MAX;
	at = walk(fn, stack, fn->order);
	fn->norder = fn->nblocks - at;
	memmove(fn->order, fn->order + at, fn->norder * sizeof(*fn->order));
	for (u32 i = 0; i < fn->norder; i++)
		fn->blocks[fn->order[i]]->order = i;
	fn->ordered = true;
	mem_free(mem, stack);
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

/* Depths; and numbers so that to be around is to be around numbers. @next: by block, for use. */
static void number_loops(struct ir_fn *fn, u32 *next)
{
	u32 top = 0;

	for (u32 i = fn->norder; i-- > 0;) { /* loop_out: how many are within, and the loop */
		struct ir_block *b = fn->blocks[fn->order[i]];

		if (b->is_loop_header)
			b->loop_out++;
		if (b->is_loop_header && b->loop_parent != IR_NO_LOOP)
			fn->blocks[b->loop_parent]->loop_out += b->loop_out;
	}
	for (u32 i = 0; i < fn->norder; i++) {
		u32 block = fn->order[i];
		struct ir_block *b = fn->blocks[block];
		u32 parent = b->is_loop_header ? b->loop_parent : b->loop;

		if (parent != IR_NO_LOOP)
			b->loop_depth = fn->blocks[parent]->loop_depth;
		if (b->is_loop_header) {
			u32 *at = parent != IR_NO_LOOP ? &next[parent] : &top;

			b->loop_depth++;
			b->loop_in = *at;
			*at += b->loop_out;
			b->loop_out += b->loop_in - 1;
			next[block] = b->loop_in + 1;
		}
	}
}

static bool find_loops(struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;
	u32 *work = mem_alloc(mem, (edges(fn) + 1) * 2 * sizeof(*work));
	u32 *outer = mem_alloc(mem, fn->nblocks * sizeof(*outer));

	for (u32 i = 0; work && outer && i < fn->nblocks; i++) {
		outer[i] = IR_NO_LOOP;
		fn->blocks[i]->loop = fn->blocks[i]->loop_parent = IR_NO_LOOP;
		fn->blocks[i]->loop_depth = fn->blocks[i]->loop_out = 0;
		fn->blocks[i]->is_loop_header = false;
	}
	for (u32 i = fn->norder; work && outer && i-- > 0;)
		find_loop(fn, fn->order[i], work, outer);
	if (work && outer)
		number_loops(fn, outer);
	mem_free(mem, work);
	mem_free(mem, outer);
	return work && outer;
}

void ir_cfg(struct ir_fn *fn)
{
	ir_order(fn);
	if (fn->failed || fn->analysed)
		return;
	if (ir_find_dominators(fn) && find_loops(fn))
		fn->analysed = true;
	else
		fn->failed = true;
}

bool ir_in_loop(const struct ir_fn *fn, u32 block, u32 header)
{
	const struct ir_block *h = fn->blocks[header], *in;
	u32 loop = fn->blocks[block]->loop;

	if (loop == IR_NO_LOOP || !h->is_loop_header)
		return false;
	in = fn->blocks[loop];
	return in->loop_in >= h->loop_in && in->loop_in <= h->loop_out;
}
