/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that stand on an edge and do nothing but move: register allocation
 * makes them for phis. Where what they write is dead on the branch's other
 * way, the moves go in front of the branch, which then jumps to where the edge
 * led: one jump less, in loops one of every turn. Moves change no flags.
 */
#include "jit/x86_64/x86_64.h"

/* More moves cost the other way more than the jump that they save. */
#define MOVES_MAX 2

/* Sets of registers, BIT(register), by block. */
struct liveness {
	const struct ir_fn *fn;
	u16 *in, *reads, *writes;
};

static u16 bit_of(u16 loc)
{
	u32 bit = loc < 16 ? BIT(loc) : 0;

	return (u16)bit;
}

static u16 reads_of(const struct ir_fn *fn, const struct ir_insn *insn)
{
	u32 n = insn->op == IR_PHI ? 0 : ir_nargs(fn, insn);
	u16 reads = 0;

	for (u32 i = 0; i < n; i++)
		reads |= bit_of(insn->aloc[i]);
	return reads;
}

/* What a block reads before it writes it, and what it writes. */
static void scan_block(struct liveness *l, u32 block)
{
	ir_each (l->fn, block, ref) {
		const struct ir_insn *insn = ir_at(l->fn, ref);

		if (insn->op == IR_PHI)
			continue;
		l->reads[block] |= reads_of(l->fn, insn) & ~l->writes[block];
		if (!(ir_flags(insn) & IR_OP_VOID) || insn->op == IR_MOVE)
			l->writes[block] |= bit_of(insn->loc);
	}
}

static bool flow(struct liveness *l)
{
	bool changed = false;

	for (u32 i = l->fn->norder; i-- > 0;) {
		const struct ir_block *b = ir_block(l->fn, l->fn->order[i]);
		u32 block = l->fn->order[i];
		u16 live = 0;

		for (u32 k = 0; k < b->nsucc; k++)
			live |= l->in[b->succ[k]];
		live = (u16)((live & ~l->writes[block]) | l->reads[block]);
		changed |= live != l->in[block];
		l->in[block] = live;
	}
	return changed;
}

static bool find_live(struct liveness *l)
{
	u32 n = l->fn->nblocks;

	l->in = arena_zalloc_array(l->fn->arena, n, sizeof(u16));
	l->reads = arena_zalloc_array(l->fn->arena, n, sizeof(u16));
	l->writes = arena_zalloc_array(l->fn->arena, n, sizeof(u16));
	if (!l->in || !l->reads || !l->writes)
		return false;
	ir_each_block (l->fn, block)
		scan_block(l, block);
	while (flow(l))
		;
	return true;
}

/* The registers that the block writes when it does nothing but a few moves; 0: it does else. */
static u16 only_moves(const struct ir_fn *fn, u32 block)
{
	u16 writes = 0;
	u32 n = 0;

	if (ir_block(fn, block)->npreds != 1 || ir_term(fn, block)->op != IR_JMP)
		return 0;
	ir_each (fn, block, ref) {
		const struct ir_insn *insn = ir_at(fn, ref);

		if (insn->op == IR_PHI || insn->op == IR_JMP)
			continue;
		if ((insn->op != IR_MOVE && insn->op != IR_IMM) || !bit_of(insn->loc) ||
		    (insn->op == IR_MOVE && !bit_of(insn->aloc[0])) || ++n > MOVES_MAX)
			return 0;
		writes |= bit_of(insn->loc);
	}
	return writes;
}

/* Whether the edge's block is laid out beside the branch, not out of the way. */
static bool is_near(const struct ir_fn *fn, u32 from, u32 block)
{
	return ir_block(fn, block)->order - ir_block(fn, from)->order <= 2;
}

static bool hoist_edge(struct liveness *l, struct ir_fn *fn, u32 from, u32 way)
{
	struct ir_block *b = ir_block(fn, from);
	u32 block = b->succ[way], other = b->succ[!way];
	u16 writes = only_moves(fn, block);

	if (!writes || !is_near(fn, from, block) || block == other)
		return false;
	if (writes & (l->in[other] | reads_of(fn, ir_term(fn, from))))
		return false;
	ir_each (fn, block, ref) {
		if (ir_at(fn, ref)->op == IR_MOVE || ir_at(fn, ref)->op == IR_IMM)
			ir_move_before(fn, ref, b->last);
	}
	return true;
}

bool x86_hoist_moves(struct ir_fn *fn)
{
	struct liveness l = {.fn = fn};

	ir_each_block (fn, b) {
		if (ir_term(fn, b)->op != IR_BR)
			continue;
		if (!only_moves(fn, ir_block(fn, b)->succ[0]) &&
		    !only_moves(fn, ir_block(fn, b)->succ[1]))
			continue;
		if (!l.in && !find_live(&l))
			return false;
		/* One way only: the other's liveness is then another. */
		if (!hoist_edge(&l, fn, b, 0))
			hoist_edge(&l, fn, b, 1);
	}
	return true;
}
