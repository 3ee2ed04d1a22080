/* SPDX-License-Identifier: BSD-2-Clause */
#include "ra_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN	 0	    /* nothing that anyone may use */
#define ANYTHING UINT32_MAX /* not reached yet */

struct check {
	const struct jit_target *target;
	struct ir_fn *fn;
	struct err *err;
	u32 nlocs;
	ir_ref *in, *out; /* by block: what each location holds */
	ir_ref *same;	  /* the first instruction that makes the same number */
	bool report;
	int ret;
};

static void complain(struct check *c, ir_ref ref, const char *what, u32 i)
{
	struct buf text;

	if (!c->report || c->ret)
		return;
	buf_init(&text, c->fn->arena->mem);
	ir_print(&text, c->fn);
	c->ret = err_set(c->err, -EFAULT, "%%%u, operand %u: %s", ref, i, what);
	if (getenv("RA_CHECK_PRINT"))
		fputs(buf_str(&text), stderr);
	buf_free(&text);
}

/* ---- values that are equal wherever they are made ---- */

static bool is_made(const struct ir_insn *insn)
{
	return insn->op == IR_IMM || insn->op == IR_CONST || insn->op == IR_ADDR ||
	       insn->op == IR_FRAME || (insn->op == IR_LEA && !insn->arg[1]);
}

static bool makes_same(const struct ir_insn *a, const struct ir_insn *b)
{
	bool number = a->op != IR_FRAME && a->op != IR_LEA;
	bool other = b->op != IR_FRAME && b->op != IR_LEA;

	if (!is_made(a) || !is_made(b) || number != other || (!number && a->op != b->op))
		return false;
	return a->imm == b->imm && a->sym == b->sym && a->disp == b->disp && a->arg[0] == b->arg[0];
}

static void find_same(struct check *c)
{
	for (ir_ref i = 1; i < c->fn->ninsns; i++) {
		c->same[i] = i;
		for (ir_ref k = 1; k < i && is_made(ir_at(c->fn, i)); k++) {
			if (!makes_same(ir_at(c->fn, i), ir_at(c->fn, k)))
				continue;
			c->same[i] = k;
			break;
		}
	}
}

/* ---- one instruction ---- */

static bool holds(const struct check *c, const ir_ref *state, u16 loc, ir_ref value)
{
	return ir_at(c->fn, value)->op == IR_UNDEF ||
	       (loc < c->nlocs && state[loc] == c->same[value]);
}

static bool is_place(const struct check *c, const struct jit_operand *o, u16 loc)
{
	switch (o->place) {
	case PLACE_FIXED:
		return loc == o->reg;
	case PLACE_ANY:
		return loc < c->nlocs;
	default:
		return loc < JIT_MAX_REGS && c->target->allocatable & BIT(loc);
	}
}

static void move(struct check *c, ir_ref *state, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(c->fn, ref);

	if (insn->loc >= c->nlocs || insn->aloc[0] >= c->nlocs)
		complain(c, ref, "moves nowhere", 0);
	else if (insn->loc >= IR_LOC_SLOT && insn->aloc[0] >= IR_LOC_SLOT)
		complain(c, ref, "moves a slot to a slot", 0);
	else
		state[insn->loc] = state[insn->aloc[0]];
}

static void operands(struct check *c, const ir_ref *state, ir_ref ref,
		     const struct jit_constraints *k, u32 mask)
{
	const struct ir_insn *insn = ir_at(c->fn, ref);
	u32 n = ir_nargs(c->fn, insn);

	for (u32 i = 0; i < n; i++) {
		if (!insn->arg[i] || !(mask & BIT(i)) || k->arg[i].place == PLACE_NONE)
			continue;
		if (!holds(c, state, insn->aloc[i], insn->arg[i]))
			complain(c, ref, "another value is there", i);
		else if (!is_place(c, &k->arg[i], insn->aloc[i]))
			complain(c, ref, "in a wrong place", i);
	}
}

static void result(struct check *c, ir_ref *state, ir_ref ref, const struct jit_constraints *k)
{
	const struct ir_insn *insn = ir_at(c->fn, ref);
	u32 n = ir_nargs(c->fn, insn);

	if (insn->loc == IR_LOC_NONE) {
		if (!is_made(insn) && insn->op != IR_UNDEF)
			complain(c, ref, "no place for the result", IR_MAX_ARGS);
		return;
	}
	if (k->result.place == PLACE_FIXED ? insn->loc != k->result.reg
					   : !(c->target->allocatable & BIT(insn->loc) ||
					       (is_made(insn) && insn->loc == c->target->scratch)))
		complain(c, ref, "result in a wrong place", IR_MAX_ARGS);
	for (u32 i = 0; i < n && k->result.place == PLACE_SAME; i++) {
		bool is_same = insn->arg[i] == insn->arg[k->result.reg];

		if (insn->arg[i] && k->arg[i].place != PLACE_NONE &&
		    (i == k->result.reg ? insn->loc != insn->aloc[i]
					: insn->loc == insn->aloc[i] && !is_same))
			complain(c, ref, "does not overwrite its operand alone", i);
	}
	if (insn->loc != c->target->scratch && !(c->fn->used_regs & BIT(insn->loc)))
		complain(c, ref, "a register that is not said to be used", IR_MAX_ARGS);
	state[insn->loc] = c->same[ref];
}

static void step(struct check *c, ir_ref *state, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(c->fn, ref);
	struct jit_constraints k = {0};

	if (insn->op == IR_MOVE) {
		move(c, state, ref);
		return;
	}
	c->target->constrain(c->fn, insn, &k);
	if (insn->op == IR_PARAM)
		k.result = (struct jit_operand){PLACE_FIXED, c->target->arg_regs[insn->imm]};
	if (insn->op == IR_PARAM && state[insn->loc] != ref)
		complain(c, ref, "the parameter is gone", IR_MAX_ARGS);
	operands(c, state, ref, &k, UINT32_MAX);
	for (u32 r = 0; r < JIT_MAX_REGS; r++)
		if (k.clobbers & BIT(r))
			state[r] = UNKNOWN;
	if (!(ir_flags(insn) & IR_OP_VOID) && insn->loc != IR_LOC_NONE && k.late_args) {
		ir_ref saved = state[insn->loc];

		state[insn->loc] = UNKNOWN;
		operands(c, state, ref, &k, k.late_args);
		state[insn->loc] = saved;
	}
	if (!(ir_flags(insn) & IR_OP_VOID))
		result(c, state, ref, &k);
}

/* ---- all paths ---- */

/* What comes into @block by predecessor @i. Phis' operands get the phis' names. */
static void enter(struct check *c, u32 block, u32 i, ir_ref *state)
{
	const struct ir_block *b = ir_block(c->fn, block);
	const ir_ref *out = c->out + (size_t)b->preds[i] * c->nlocs;

	memcpy(state, out, c->nlocs * sizeof(*state));
	if (out[0] == ANYTHING)
		return;
	ir_each (c->fn, block, ref) {
		const struct ir_insn *phi = ir_at(c->fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (phi->loc == IR_LOC_NONE)
			continue;
		if (!holds(c, out, phi->loc, phi->phi[i]))
			complain(c, ref, "does not come along the edge", i);
		state[phi->loc] = ref;
	}
}

static void merge(const struct check *c, ir_ref *into, const ir_ref *from)
{
	for (u32 i = 0; i < c->nlocs; i++) {
		if (from[i] == ANYTHING || into[i] == from[i])
			continue;
		into[i] = into[i] == ANYTHING ? from[i] : UNKNOWN;
	}
}

static bool visit(struct check *c, u32 block, ir_ref *state, ir_ref *other)
{
	const struct ir_block *b = ir_block(c->fn, block);
	ir_ref *out = c->out + (size_t)block * c->nlocs;
	bool changed;

	memcpy(state, c->in, c->nlocs * sizeof(*state)); /* for the entry, the parameters */
	for (u32 i = 0; block && i < c->nlocs; i++)
		state[i] = ANYTHING;
	for (u32 i = 0; i < b->npreds; i++) {
		enter(c, block, i, other);
		merge(c, state, other);
	}
	if (state[0] == ANYTHING)
		return false;
	ir_each (c->fn, block, ref)
		if (ir_at(c->fn, ref)->op != IR_PHI)
			step(c, state, ref);
	changed = memcmp(out, state, c->nlocs * sizeof(*state));
	memcpy(out, state, c->nlocs * sizeof(*state));
	return changed;
}

static void entry_state(struct check *c)
{
	for (u32 i = 0; i < c->nlocs; i++)
		c->in[i] = UNKNOWN;
	ir_each (c->fn, 0, ref) {
		const struct ir_insn *insn = ir_at(c->fn, ref);

		if (insn->op == IR_PARAM)
			c->in[c->target->arg_regs[insn->imm]] = ref;
	}
}

static void run(struct check *c)
{
	ir_ref *state = malloc(c->nlocs * sizeof(*state)),
	       *other = malloc(c->nlocs * sizeof(*state));
	bool changed = true;

	for (size_t i = 0; i < (size_t)c->fn->nblocks * c->nlocs; i++)
		c->out[i] = ANYTHING;
	while (changed) {
		changed = false;
		for (u32 i = 0; i < c->fn->norder; i++)
			changed |= visit(c, c->fn->order[i], state, other);
	}
	c->report = true;
	for (u32 i = 0; i < c->fn->norder; i++)
		visit(c, c->fn->order[i], state, other);
	free(state);
	free(other);
}

int ra_check(const struct jit_target *target, struct ir_fn *fn, struct err *err)
{
	struct check c = {.target = target, .fn = fn, .err = err};

	c.nlocs = IR_LOC_SLOT + fn->nslots;
	c.in = calloc(c.nlocs, sizeof(*c.in));
	c.out = calloc((size_t)fn->nblocks * c.nlocs, sizeof(*c.out));
	c.same = calloc(fn->ninsns, sizeof(*c.same));
	find_same(&c);
	entry_state(&c);
	run(&c);
	free(c.in);
	free(c.out);
	free(c.same);
	return c.ret;
}
