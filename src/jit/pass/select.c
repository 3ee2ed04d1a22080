/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns branches around next to nothing into choices (conditional moves). A
 * branch that the processor predicts costs less than a choice, which waits for
 * both sides; one that it cannot predict costs ten times more. So only where a
 * smallest or largest value is kept, and in loops where the outcome hangs on
 * data: values or bits that were loaded or computed there are compared by order.
 * Comparisons for equality are what programs do to check: those stay, but where
 * they choose between two numbers or count.
 */
#include "jit/pass/jump.h"
#include "jit/pass/make.h"
#include "jit/pass/pass.h"

#define CHOICES_MAX 2 /* values that differ */
#define INSNS_MAX   2 /* on each side */
#define ROUNDS_MAX  3
#define FOLLOW_MAX  4 /* operations between a load and the comparison */

struct shape {
	u32 block;   /* that branches */
	u32 side[2]; /* blocks that the ways lead through; the block behind itself: none */
	u32 behind;  /* where they meet */
};

/* ---- the shape ---- */

static bool is_cheap(const struct ir_fn *fn, const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
	case IR_NEG:
	case IR_NOT:
	case IR_ZEXT8:
	case IR_ZEXT16:
	case IR_ZEXT32:
	case IR_SEXT32:
		return true;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		return ir_is_const(fn, insn->arg[1]);
	default:
		return false;
	}
}

/* A block that does nothing but compute a little. */
static bool is_side(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = ir_block(fn, block);
	u32 n = 0;

	if (b->npreds != 1 || b->nsucc != 1 || b->cold)
		return false;
	ir_each (fn, block, ref) {
		if (ref == b->last)
			break;
		if (++n > INSNS_MAX || !is_cheap(fn, ir_at(fn, ref)))
			return false;
	}
	return true;
}

static bool find_shape(const struct ir_fn *fn, u32 block, struct shape *s)
{
	const struct ir_block *b = ir_block(fn, block);
	u32 yes, no;

	if (b->nsucc != 2)
		return false;
	yes = b->succ[0];
	no = b->succ[1];
	*s = (struct shape){.block = block, .side = {yes, no}};
	if (is_side(fn, yes) && is_side(fn, no) &&
	    ir_block(fn, yes)->succ[0] == ir_block(fn, no)->succ[0])
		s->behind = ir_block(fn, yes)->succ[0];
	else if (is_side(fn, yes) && ir_block(fn, yes)->succ[0] == no)
		s->behind = no;
	else if (is_side(fn, no) && ir_block(fn, no)->succ[0] == yes)
		s->behind = yes;
	else
		return false;
	return s->behind != block && !ir_block(fn, s->behind)->is_loop_header &&
	       ir_block(fn, s->behind)->loop == b->loop;
}

/* The index of way @w among the predecessors of where they meet. */
static u32 edge_of(const struct ir_fn *fn, const struct shape *s, u32 w)
{
	return ir_pred_index(fn, s->behind, s->side[w] == s->behind ? s->block : s->side[w]);
}

static u32 count_choices(const struct ir_fn *fn, const struct shape *s)
{
	u32 yes = edge_of(fn, s, 0), no = edge_of(fn, s, 1), n = 0;

	ir_each (fn, s->behind, ref) {
		const struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		n += phi->phi[yes] != phi->phi[no];
	}
	return n;
}

/* ---- the policy ---- */

/* Whether one of the two compared is kept: a minimum or maximum. */
static bool is_extreme(const struct ir_fn *fn, const struct shape *s)
{
	const struct ir_insn *term = ir_term(fn, s->block);
	u32 yes = edge_of(fn, s, 0), no = edge_of(fn, s, 1);

	ir_each (fn, s->behind, ref) {
		const struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		if ((phi->phi[yes] == term->arg[0] && phi->phi[no] == term->arg[1]) ||
		    (phi->phi[yes] == term->arg[1] && phi->phi[no] == term->arg[0]))
			return true;
	}
	return false;
}

/* Whether it comes from memory that holds data, or from a value that the loop changes. */
static bool is_data(const struct ir_fn *fn, ir_ref ref, u32 loop, u32 depth)
{
	struct ir_insn *insn = ir_at(fn, ref);
	u32 n = ir_nargs(fn, insn);

	if (ir_is_literal(fn, ref) || !ir_in_loop(fn, insn->block, loop))
		return false;
	if (insn->op == IR_LOAD)
		return insn->mem != MEM_CTX && !(insn->flags & IR_UNALIASED);
	if (!depth || !(ir_flags(insn) & IR_OP_PURE) || n > IR_MAX_ARGS)
		return false;
	for (u32 i = 0; i < n; i++)
		if (is_data(fn, *ir_arg(insn, i), loop, depth - 1))
			return true;
	return false;
}

/* Whether the choice is between two numbers, or between a value and it plus a number. */
static bool is_count(const struct ir_fn *fn, const struct shape *s)
{
	u32 yes = edge_of(fn, s, 0), no = edge_of(fn, s, 1);

	ir_each (fn, s->behind, ref) {
		const struct ir_insn *phi = ir_at(fn, ref), *a, *b;

		if (phi->op != IR_PHI)
			break;
		a = ir_at(fn, phi->phi[yes]);
		b = ir_at(fn, phi->phi[no]);
		if (a == b || (a->op == IR_CONST && b->op == IR_CONST) ||
		    (a->op == IR_ADD && a->arg[0] == phi->phi[no] && ir_is_const(fn, a->arg[1])) ||
		    (b->op == IR_ADD && b->arg[0] == phi->phi[yes] && ir_is_const(fn, b->arg[1])))
			continue;
		return false;
	}
	return true;
}

static bool is_unpredictable(const struct ir_fn *fn, const struct shape *s)
{
	const struct ir_insn *term = ir_term(fn, s->block);
	u32 loop = ir_block(fn, s->block)->loop;
	ir_ref a = term->arg[0], b = term->arg[1];
	bool data;

	if (term->flags & (IR_LIKELY | IR_UNLIKELY))
		return false;
	if (term->cc != IR_EQ && term->cc != IR_NE && is_extreme(fn, s))
		return true;
	if (loop == IR_NO_LOOP)
		return false;
	data = is_data(fn, a, loop, FOLLOW_MAX) || is_data(fn, b, loop, FOLLOW_MAX);
	if (term->cc == IR_EQ || term->cc == IR_NE)
		return data && is_count(fn, s);
	if (term->cc == IR_TEST || term->cc == IR_NTEST) /* a bit of what the loop computes */
		return ir_is_const(fn, b) && is_power_of_two((u64)ir_at(fn, b)->imm) &&
		       !ir_is_literal(fn, a) && ir_in_loop(fn, ir_at(fn, a)->block, loop);
	return data;
}

/* ---- the change ---- */

/* The side's instructions go before the branch, where what was known there need not hold. */
static void take_in(struct ir_fn *fn, const struct shape *s, u32 w)
{
	if (s->side[w] == s->behind)
		return;
	ir_each (fn, s->side[w], ref) {
		struct ir_insn *insn = ir_at(fn, ref);

		if (ir_flags(insn) & IR_OP_TERM)
			break;
		ir_move_to_end(fn, ref, s->block);
		insn->umin = 0;
		insn->umax = UINT64_MAX;
		range_update(fn, insn);
	}
}

static void choose(struct ir_fn *fn, const struct shape *s)
{
	const struct ir_insn *term = ir_term(fn, s->block);
	struct make m = {fn, ir_block(fn, s->block)->last};
	u32 yes = edge_of(fn, s, 0), no = edge_of(fn, s, 1);
	u32 stay = s->side[0] == s->behind; /* the way that goes through a block of its own */

	take_in(fn, s, 0);
	take_in(fn, s, 1);
	ir_each (fn, s->behind, ref) {
		struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (phi->phi[yes] == phi->phi[no])
			continue;
		phi->phi[stay ? no : yes] =
			make_insn(&m, ir_select(term->cc, term->cmp_width, term->arg[0],
						term->arg[1], phi->phi[yes], phi->phi[no]));
	}
	ir_branch_fold(fn, s->block, stay);
}

static bool choose_all(struct ir_fn *fn)
{
	bool changed = false;

	ir_each_block (fn, b) {
		struct shape s;
		u32 choices;

		if (fn->failed || !find_shape(fn, b, &s))
			continue;
		choices = count_choices(fn, &s);
		if (!choices || choices > CHOICES_MAX || !is_unpredictable(fn, &s))
			continue;
		choose(fn, &s);
		changed = true;
	}
	return changed;
}

/* A choice may leave another branch around next to nothing. */
bool pass_select(struct ir_fn *fn)
{
	bool changed = false;

	for (u32 round = 0; round < ROUNDS_MAX && !fn->failed && choose_all(fn); round++) {
		changed = true;
		ir_clean(fn);
		if (!fn->failed)
			jump_tidy(fn);
		ir_clean(fn);
		if (!fn->failed)
			ir_cfg(fn);
	}
	return changed;
}
