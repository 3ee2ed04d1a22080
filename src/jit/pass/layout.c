/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of blocks in memory: what is likely follows on, a loop is in one
 * piece, what is cold stands at the end. Every block stands behind its
 * dominator, as register allocation wants it. Nothing but fn->order, .order and
 * .cold of blocks changes, so this is no pass that asks for cleaning up, which
 * would undo it.
 */
#include <string.h>

#include "jit/ir/ir.h"
#include "jit/pass/pass.h"

struct layout {
	struct ir_fn *fn;
	u32 *order; /* the new one */
	u32 n;
	u32 *first, *last,
		*next; /* lists: by header what the loop consists of; entry behind the last */
	bool *cold;
};

/* ---- what is likely ---- */

#define WAYS_OUT_MIN 3
#define LOOK_AT	     16 /* instructions of a block in which uses of a pointer are sought */

/* Whether the block soon uses the value as an address. */
static bool dereferences(const struct ir_fn *fn, u32 block, ir_ref value)
{
	u32 n = 0;

	ir_each (fn, block, ref) {
		const struct ir_insn *insn = ir_at(fn, ref);

		if (++n > LOOK_AT)
			break;
		if (ir_flags(insn) & IR_OP_MEM && insn->arg[0] == value)
			return true;
	}
	return false;
}

/* A check for null goes to where the pointer is used. Else -1. */
static int not_null(const struct ir_fn *fn, const struct ir_block *b, const struct ir_insn *term)
{
	if (term->cmp_width != 8 || (term->cc != IR_EQ && term->cc != IR_NE) ||
	    !ir_is_const_of(fn, term->arg[1], 0))
		return -1;
	if (dereferences(fn, b->succ[term->cc == IR_EQ], term->arg[0]))
		return term->cc == IR_EQ;
	return -1;
}

/* The successor to put next. Compilers let the likely way go straight on: to succ[1]. */
static u32 likely_way(const struct layout *l, u32 block)
{
	const struct ir_fn *fn = l->fn;
	const struct ir_block *b = ir_block(fn, block);
	const struct ir_insn *term = ir_term(fn, block);
	bool cold0 = l->cold[b->succ[0]], cold1 = l->cold[b->succ[1]];
	int way;

	if (term->flags & (IR_LIKELY | IR_UNLIKELY))
		return term->flags & IR_UNLIKELY ? 1 : 0;
	if (cold0 != cold1)
		return cold0;
	if (b->loop != IR_NO_LOOP) {
		bool in0 = ir_in_loop(fn, b->succ[0], b->loop);
		bool in1 = ir_in_loop(fn, b->succ[1], b->loop);

		if (in0 != in1)
			return in1;
	}
	way = not_null(fn, b, term);
	return way < 0 ? 1 : (u32)way;
}

/* ---- what is cold ---- */

/* What leads to cold blocks only, and what only they lead to. */
static void find_cold(struct layout *l)
{
	const struct ir_fn *fn = l->fn;

	for (u32 i = fn->norder; i-- > 1;) {
		u32 block = fn->order[i];
		const struct ir_block *b = ir_block(fn, block);
		bool all = b->nsucc > 0;

		for (u32 s = 0; s < b->nsucc; s++)
			all &= l->cold[b->succ[s]];
		l->cold[block] = all || b->cold || ir_term(fn, block)->op == IR_TRAP;
	}
	for (u32 i = 1; i < fn->norder; i++) {
		u32 block = fn->order[i];

		l->cold[block] |= l->cold[ir_block(fn, block)->idom];
		ir_block(fn, block)->cold = l->cold[block];
	}
}

/*
 * A way out: to where many ways end, with nothing but a number for what came
 * of it, or straight to the end of the function with one. Checks leave so.
 */
static bool is_way_out(const struct ir_fn *fn, u32 from, u32 way)
{
	u32 to = ir_block(fn, from)->succ[way], index = ir_pred_index(fn, to, from), phis = 0;
	const struct ir_block *b = ir_block(fn, to);

	if (b->npreds == 1)
		return b->first == b->last && ir_term(fn, to)->op == IR_RET &&
		       ir_is_literal(fn, ir_term(fn, to)->arg[0]);
	if (b->npreds < WAYS_OUT_MIN || b->is_loop_header)
		return false;
	ir_each (fn, to, ref) {
		const struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (!ir_is_literal(fn, phi->phi[index]))
			return false;
		phis++;
	}
	return phis > 0;
}

/* Notes at branches what leaves, for who places the moves of edges, too. */
static void find_ways_out(struct layout *l)
{
	const struct ir_fn *fn = l->fn;

	ir_each_block (fn, b) {
		struct ir_insn *term = ir_term(fn, b);
		bool out0, out1;

		if (term->op != IR_BR || term->flags & (IR_LIKELY | IR_UNLIKELY) ||
		    l->cold[ir_block(fn, b)->succ[0]] || l->cold[ir_block(fn, b)->succ[1]])
			continue;
		out0 = is_way_out(fn, b, 0);
		out1 = is_way_out(fn, b, 1);
		if (out0 != out1)
			term->flags |= out0 ? IR_UNLIKELY : IR_LIKELY;
	}
}

/* ---- the order ---- */

struct visit {
	u32 block;
	u8 seen; /* successors */
};

/* Reverse postorder in which the likely successor, visited last, comes first. */
static bool find_order(struct layout *l)
{
	const struct ir_fn *fn = l->fn;
	struct visit *stack = arena_alloc(fn->arena, fn->norder * sizeof(*stack));
	bool *met = arena_zalloc(fn->arena, fn->nblocks);
	u32 depth = 0, at = fn->norder;

	if (!stack || !met)
		return false;
	stack[depth++] = (struct visit){0, 0};
	met[0] = true;
	while (depth) {
		struct visit *v = &stack[depth - 1];
		const struct ir_block *b = ir_block(fn, v->block);
		u32 succ;

		if (v->seen == b->nsucc) {
			l->order[--at] = v->block;
			depth--;
			continue;
		}
		succ = b->succ[b->nsucc == 2 ? likely_way(l, v->block) ^ (v->seen == 0) : 0];
		v->seen++;
		if (!met[succ]) {
			met[succ] = true;
			stack[depth++] = (struct visit){succ, 0};
		}
	}
	return true;
}

/* Which list a block is in: of the loop around it; of a header, around its loop. */
static u32 list_of(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = ir_block(fn, block);
	u32 loop = b->is_loop_header ? b->loop_parent : b->loop;

	return loop == IR_NO_LOOP ? fn->nblocks : loop;
}

static void make_lists(struct layout *l)
{
	const struct ir_fn *fn = l->fn;

	for (u32 i = 0; i < fn->norder; i++) {
		u32 block = l->order[i], list = list_of(fn, block);

		if (l->first[list] == IR_NO_LOOP)
			l->first[list] = block;
		else
			l->next[l->last[list]] = block;
		l->last[list] = block;
	}
}

/* Loops in one piece: where the header is, all of it follows. */
static bool gather_loops(struct layout *l)
{
	const struct ir_fn *fn = l->fn;
	u32 *stack = arena_alloc(fn->arena, (fn->nblocks + 1) * sizeof(*stack));
	u32 depth = 0, block;

	if (!stack)
		return false;
	memset(l->first, 0xff, (fn->nblocks + 1) * sizeof(u32));
	memset(l->next, 0xff, fn->nblocks * sizeof(u32));
	make_lists(l);
	block = l->first[fn->nblocks];
	for (;;) {
		while (block == IR_NO_LOOP && depth)
			block = l->next[stack[--depth]];
		if (block == IR_NO_LOOP)
			return true;
		l->order[l->n++] = block;
		if (ir_block(fn, block)->is_loop_header) {
			stack[depth++] = block;
			block = l->first[block];
		} else {
			block = l->next[block];
		}
	}
}

/* The likely ones, then the cold ones. */
static void write_order(struct layout *l)
{
	struct ir_fn *fn = l->fn;
	u32 n = 0;

	ir_graph_changed(fn); /* it is no reverse postorder any more */
	for (u32 cold = 0; cold < 2; cold++) {
		for (u32 i = 0; i < l->n; i++) {
			if (l->cold[l->order[i]] != cold)
				continue;
			fn->order[n] = l->order[i];
			ir_block(fn, l->order[i])->order = n++;
		}
	}
}

bool pass_layout(struct ir_fn *fn)
{
	struct layout l = {.fn = fn};
	u32 n = fn->nblocks + 1;

	l.order = arena_alloc(fn->arena, n * sizeof(u32));
	l.first = arena_alloc(fn->arena, n * sizeof(u32));
	l.last = arena_alloc(fn->arena, n * sizeof(u32));
	l.next = arena_alloc(fn->arena, n * sizeof(u32));
	l.cold = arena_zalloc(fn->arena, n);
	if (!l.order || !l.first || !l.last || !l.next || !l.cold) {
		fn->failed = true;
		return false;
	}
	find_cold(&l);
	find_ways_out(&l);
	if (!find_order(&l) || !gather_loops(&l))
		fn->failed = true;
	else if (l.n == fn->norder)
		write_order(&l);
	return false;
}
