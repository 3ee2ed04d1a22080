/* SPDX-License-Identifier: BSD-2-Clause */
/* Jumps to where they end, and blocks in one piece. */
#include "jit/pass/jump.h"

#include "jit/pass/pass.h"

/* More than these edges at one block are left as they are: changing each takes a walk over them. */
#define EDGES_MAX 64

/* ---- blocks that only jump on ---- */

static bool only_jumps(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = ir_block(fn, block);

	return block && b->first && b->first == b->last && b->nsucc == 1 && b->succ[0] != block &&
	       b->npreds <= EDGES_MAX && ir_block(fn, b->succ[0])->npreds <= EDGES_MAX;
}

/* Whether phis of @to have the same operand for both. */
static bool same_operands(const struct ir_fn *fn, u32 to, u32 a, u32 b)
{
	ir_each (fn, to, ref) {
		const struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (ir_resolve(fn, phi->phi[a]) != ir_resolve(fn, phi->phi[b]))
			return false;
	}
	return true;
}

/* Lets @pred, which goes to @empty, go to where that goes. */
static bool bypass(struct ir_fn *fn, u32 pred, u32 empty)
{
	u32 to = ir_block(fn, empty)->succ[0], way = ir_block(fn, pred)->succ[0] != empty;
	u32 from_empty = ir_pred_index(fn, to, empty), from_pred = ir_pred_index(fn, to, pred);
	u32 before = ir_block(fn, to)->npreds;

	if (from_pred != UINT32_MAX && !same_operands(fn, to, from_pred, from_empty))
		return false;
	ir_edge_redirect(fn, pred, way, to);
	if (fn->failed || ir_block(fn, to)->npreds == before)
		return !fn->failed;
	ir_each (fn, to, ref) {
		struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		phi->phi[before] = phi->phi[from_empty];
	}
	return true;
}

static bool drop_empty(struct ir_fn *fn, u32 block)
{
	struct ir_block *b = ir_block(fn, block);
	bool changed = false;

	for (u32 i = b->npreds; i-- > 0;)
		changed |= b->preds[i] != block && bypass(fn, b->preds[i], block);
	if (!b->npreds) {
		ir_edge_remove(fn, block, b->succ[0]);
		b->nsucc = 0;
		b->first = b->last = 0;
	}
	return changed;
}

/* ---- blocks that follow each other ---- */

static bool can_merge(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = ir_block(fn, block);

	return b->first && b->nsucc == 1 && b->succ[0] && b->succ[0] != block &&
	       ir_block(fn, b->succ[0])->npreds == 1;
}

static void drop_phis(struct ir_fn *fn, u32 block)
{
	ir_each (fn, block, ref) {
		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		ir_replace(fn, ref, ir_at(fn, ref)->phi[0]);
	}
}

/* Puts the only successor's instructions at the end of its only predecessor. */
static void merge(struct ir_fn *fn, u32 block)
{
	struct ir_block *b = ir_block(fn, block), *s = ir_block(fn, b->succ[0]);
	u32 from = b->succ[0];

	drop_phis(fn, from);
	ir_remove(fn, b->last);
	ir_each (fn, from, ref)
		ir_at(fn, ref)->block = block;
	if (b->last) {
		ir_at(fn, b->last)->next = s->first;
		ir_at(fn, s->first)->prev = b->last;
	} else {
		b->first = s->first;
	}
	b->last = s->last;
	b->nsucc = s->nsucc;
	for (u32 i = 0; i < s->nsucc; i++) {
		u32 to = s->succ[i];

		b->succ[i] = to;
		ir_block(fn, to)->preds[ir_pred_index(fn, to, from)] = block;
	}
	s->first = s->last = 0;
	s->nsucc = 0;
	s->npreds = 0;
	ir_graph_changed(fn);
}

bool jump_tidy(struct ir_fn *fn)
{
	bool changed = false;

	for (u32 block = 0; block < fn->nblocks && !fn->failed; block++)
		if (only_jumps(fn, block))
			changed |= drop_empty(fn, block);
	for (u32 block = 0; block < fn->nblocks && !fn->failed; block++) {
		while (can_merge(fn, block)) {
			merge(fn, block);
			changed = true;
		}
	}
	return changed;
}

bool pass_jump(struct ir_fn *fn)
{
	bool changed = jump_thread(fn);

	if (changed)
		ir_clean(fn);
	return (!fn->failed && jump_tidy(fn)) || changed;
}
