/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which register would save a move: that of what a value is made from, of what
 * it becomes, of the rest of the value that it was split from. Each is worth
 * as much as the move would be executed.
 */
#include <string.h>

#include "jit/regalloc/regalloc.h"

#define HINT_USES 16

static void hint_reg(s32 *weights, u32 reg, u32 weight)
{
	if (reg < JIT_MAX_REGS)
		weights[reg] += (s32)weight;
}

/* The register of @value at @pos, if it has one by now. */
static void hint_value(const struct ra *ra, ir_ref value, u32 pos, s32 *weights, u32 weight)
{
	const struct ra_interval *it = ra_at(ra, value, pos);

	if (it)
		hint_reg(weights, it->loc, weight);
}

/* ---- webs of phis ---- */

static ir_ref find_web(const struct ra *ra, ir_ref value)
{
	while (ra->webs[value] != value) {
		ra->webs[value] = ra->webs[ra->webs[value]]; /* shorten the way */
		value = ra->webs[value];
	}
	return value;
}

bool ra_webs(struct ra *ra)
{
	u32 n = ra->fn->ninsns;

	ra->webs = arena_alloc(&ra->arena, n * sizeof(*ra->webs));
	ra->web_regs = arena_alloc(&ra->arena, n);
	if (!ra->webs || !ra->web_regs)
		return false;
	memset(ra->web_regs, NO_REG, n);
	for (u32 i = 0; i < n; i++)
		ra->webs[i] = i;
	for (u32 i = 0; i < ra->nintervals; i++) {
		ir_ref ref = ra->intervals[i].value;
		struct ir_insn *insn = ir_at(ra->fn, ref);
		u32 nargs = insn->op == IR_PHI ? ir_nargs(ra->fn, insn) : 0;

		for (u32 k = 0; k < nargs; k++)
			if (ra_value(ra, insn->phi[k])->first)
				ra->webs[find_web(ra, ref)] = find_web(ra, insn->phi[k]);
	}
	for (u32 i = 0; i < ra->nintervals; i++)
		ra->webs[ra->intervals[i].value] = find_web(ra, ra->intervals[i].value);
	return true;
}

/* When the next value of a loop's phi is defined, the register should be free. */
static void want_reg(struct ra *ra, const struct ra_interval *it)
{
	const struct ir_insn *phi = ir_at(ra->fn, it->value);
	const struct ir_block *b = ir_block(ra->fn, phi->block);
	struct ra_reg *reg = &ra->regs[it->loc];

	for (u32 i = 0; i < b->npreds && i < HINT_USES; i++) {
		const struct ra_value *v = ra_value(ra, phi->phi[i]);
		u32 pred = ra->index[b->preds[i]];

		if (!v->first || v->start <= it->start)
			continue;
		reg->loop_want = (struct ra_want){
			v->start, edge_weight(ra, pred, ra->index[phi->block]), phi->phi[i]};
	}
}

void ra_note_reg(struct ra *ra, const struct ra_interval *it)
{
	ra->web_regs[find_web(ra, it->value)] = (u8)it->loc;
	if (!it->is_split && ir_at(ra->fn, it->value)->op == IR_PHI)
		want_reg(ra, it);
}

static s32 cost_of_want(const struct ra_interval *it, const struct ra_want *want)
{
	if (want->pos < it->start || want->pos >= it->end || want->value == it->value)
		return 0;
	return (s32)want->weight;
}

/* Registers that others want while it lives. */
static void avoid_wanted(const struct ra *ra, const struct ra_interval *it, s32 *weights)
{
	for (u32 i = 0; i < ra->target->nregs; i++) {
		const struct ra_reg *reg = &ra->regs[i];

		weights[i] -= cost_of_want(it, &reg->loop_want);
		if (reg->want_at < reg->wants.len)
			weights[i] -= cost_of_want(it, &reg->wants.at[reg->want_at]) / 2;
	}
}

static void hint_web(const struct ra *ra, ir_ref value, s32 *weights, u32 weight)
{
	hint_reg(weights, ra->web_regs[find_web(ra, value)], weight);
}

/* ---- all hints ---- */

static void hint_phi(const struct ra *ra, const struct ir_insn *phi, s32 *weights)
{
	const struct ir_block *b = ir_block(ra->fn, phi->block);

	for (u32 i = 0; i < b->npreds && i < HINT_USES; i++) {
		u32 index = ra->index[b->preds[i]];

		if (ir_block(ra->fn, b->preds[i])->order != UINT32_MAX)
			hint_value(ra, phi->phi[i], ra->start[index + 1] - 1, weights,
				   edge_weight(ra, index, ra->index[phi->block]));
	}
}

/* Operands that end here leave their registers, and some instructions are shorter so. */
static void hint_args(const struct ra *ra, const struct ra_interval *it, s32 *weights, u32 weight)
{
	const struct ir_insn *insn = ir_at(ra->fn, it->value);
	u32 n = insn->op == IR_PHI ? 0 : ir_nargs(ra->fn, insn), base = gap_of(it->start);

	for (u32 i = 0; i < n; i++) {
		const struct ra_interval *arg = ra_at(ra, insn->arg[i], base + AT_USE);

		if (arg && arg->end <= it->start)
			hint_reg(weights, arg->loc, weight);
	}
}

static void hint_def(const struct ra *ra, const struct ra_interval *it, s32 *weights)
{
	const struct ra_value *v = ra_value(ra, it->value);
	const struct ir_insn *insn = ir_at(ra->fn, it->value);
	u32 weight = weight_at(ra, it->start);

	if (insn->op == IR_PHI) {
		hint_phi(ra, insn, weights);
		hint_web(ra, it->value, weights, weight / 2);
	}
	if (v->fixed != NO_REG)
		hint_reg(weights, v->fixed, weight);
	if (v->same)
		hint_value(ra, v->same, it->start - 1, weights, weight);
	else if (v->fixed == NO_REG)
		hint_args(ra, it, weights, weight / 4);
}

static void hint_use(const struct ra *ra, const struct ra_use *use, s32 *weights)
{
	const struct ra_value *to = ra_value(ra, use->to);
	u32 weight = move_weight(ra, use);

	if (!use->to) {
		hint_reg(weights, use->reg, weight);
		return;
	}
	if (to->first && is_reg(to->first->loc)) {
		hint_reg(weights, to->first->loc, weight);
		return;
	}
	hint_reg(weights, to->pref, to->pref_weight < weight ? to->pref_weight : weight);
	if (use->kind == USE_PHI)
		hint_web(ra, use->to, weights, weight);
	else if (to->goal)
		hint_web(ra, to->goal, weights, weight);
}

/*
 * What overwrites it at its end would have to leave registers that instructions
 * ahead take for themselves.
 */
static void avoid_fixed(const struct ra *ra, const struct ra_interval *it, s32 *weights)
{
	const struct ra_use *last = it->use_end - 1;
	const struct ra_interval *heir;

	if (it->use == it->use_end || last->kind != USE_MOVE || !last->to ||
	    last->pos + 1 != it->end)
		return;
	heir = ra_value(ra, last->to)->first;
	for (u32 regs = ra->target->allocatable; heir && regs; regs &= regs - 1) {
		u32 reg = (u32)__builtin_ctz(regs);

		if (ra_meet_fixed(ra, heir, reg) != POS_MAX)
			weights[reg] -= (s32)(weight_at(ra, last->pos) / 2);
	}
}

/* Whether what overwrites it takes a copy, because it lives on. */
static bool is_copied(const struct ra_interval *it, const struct ra_use *use)
{
	return use->to && use->pos + 1 < it->end;
}

void ra_hints(const struct ra *ra, const struct ra_interval *it, s32 *weights)
{
	u32 n = 0;

	if (it->is_split)
		hint_value(ra, it->value, it->start - 1, weights, weight_at(ra, it->start));
	else
		hint_def(ra, it, weights);
	for (const struct ra_use *use = it->use; use < it->use_end && n < HINT_USES; use++, n++)
		if (use->kind == USE_PHI || (use->kind == USE_MOVE && !is_copied(it, use)))
			hint_use(ra, use, weights);
	avoid_wanted(ra, it, weights);
	avoid_fixed(ra, it, weights);
}
