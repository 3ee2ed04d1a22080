/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threading of jumps, see jump.h. A block is looked at when it holds nothing
 * but phis and what its branch compares. Each edge to it whose outcome is
 * known is given a block of its own that jumps to the outcome. Headers of loops
 * are left alone: another way into a loop would make it none.
 */
#include <string.h>

#include "base/vec.h"
#include "jit/pass/jump.h"

#define INSNS_MAX  8   /* of a block, besides phis */
#define EDGES_MAX  128 /* to a block */
#define REGION_MAX 256 /* blocks in which values may need phis */
#define ABOVE_MAX  8   /* branches above that are asked */

struct use {
	ir_ref user;
	u32 next;
};

/* An edge that was threaded. */
struct threaded {
	u32 block;	  /* that is on it now */
	ir_ref *operands; /* of the phis there, in their order */
};

struct thread {
	struct ir_fn *fn;
	const struct mem *mem;
	bool failed;

	u32 *heads; /* of the lists of uses, by value */
	u32 heads_cap;
	VEC(struct use) uses; /* at[0] is none */

	/* Of the block at hand. */
	u32 block;
	VEC(ir_ref) phis;
	VEC(struct threaded) edges;
	VEC(u32) region; /* blocks behind it where its values are needed at the start */
	/* By block, valid where the stamp is the current one. */
	VEC(u32) stamps;
	VEC(ir_ref) values;
	u32 stamp;
};

/* ---- uses ---- */

static void add_use(struct thread *t, ir_ref value, ir_ref user)
{
	struct use use = {user, 0};

	if (ir_is_literal(t->fn, value) || value >= t->heads_cap)
		return;
	use.next = t->heads[value];
	if (vec_push(&t->uses, t->mem, use))
		t->heads[value] = (u32)t->uses.len - 1;
	else
		t->failed = true;
}

static void add_uses_of(struct thread *t, ir_ref user)
{
	struct ir_insn *insn = ir_at(t->fn, user);
	u32 n = ir_nargs(t->fn, insn);

	for (u32 i = 0; i < n; i++)
		if (*ir_arg(insn, i))
			add_use(t, *ir_arg(insn, i), user);
}

/* New phis are values as well. */
static bool open_uses(struct thread *t)
{
	t->heads_cap = t->fn->ninsns * 2;
	t->heads = mem_zalloc_array(t->mem, t->heads_cap, sizeof(*t->heads));
	if (!t->heads || !vec_push(&t->uses, t->mem, (struct use){0}))
		return false;
	for (u32 b = 0; b < t->fn->nblocks; b++)
		ir_each (t->fn, b, ref)
			add_uses_of(t, ref);
	return !t->failed;
}

/* ---- what an edge decides ---- */

/* The value when the block is entered by edge @index, or 0 when it is a new one. */
static ir_ref value_on_edge(const struct thread *t, ir_ref ref, u32 index)
{
	const struct ir_insn *insn = ir_at(t->fn, ref);
	u64 args[IR_MAX_ARGS] = {0}, result;
	u32 n;

	if (insn->block != t->block)
		return ref;
	if (insn->op == IR_PHI)
		return ir_resolve(t->fn, insn->phi[index]);
	n = ir_nargs(t->fn, insn);
	if (!n)
		return 0;
	for (u32 i = 0; i < n; i++) {
		ir_ref arg = value_on_edge(t, ir_resolve(t->fn, insn->arg[i]), index);

		if (!arg || !ir_is_const(t->fn, arg))
			return 0;
		args[i] = (u64)ir_at(t->fn, arg)->imm;
	}
	return ir_eval(insn, args, &result) ? ir_const(t->fn, result) : 0;
}

struct question {
	ir_ref a, b;
	enum ir_cc cc;
	u8 width;
	struct range of_a, of_b;
};

/* What a branch that was taken by @way says of it: 0, 1, or -1 with narrower ranges. */
static int ask_branch(const struct ir_fn *fn, struct question *q, const struct ir_insn *branch,
		      u32 way)
{
	enum ir_cc cc = way ? ir_cc_not(branch->cc) : branch->cc;
	ir_ref a = ir_resolve(fn, branch->arg[0]), b = ir_resolve(fn, branch->arg[1]);
	u8 width = q->width;

	if (branch->cmp_width != width)
		return -1;
	if (a == q->a && b == q->b)
		return cc_implies(cc, q->cc);
	if (a == q->b && b == q->a)
		return cc_implies(ir_cc_swap(cc), q->cc);
	if (a == q->a)
		q->of_a = range_given(cc, width, q->of_a, range_of_low(fn, b, width));
	else if (b == q->a)
		q->of_a = range_given(ir_cc_swap(cc), width, q->of_a, range_of_low(fn, a, width));
	else if (a == q->b)
		q->of_b = range_given(cc, width, q->of_b, range_of_low(fn, b, width));
	else
		return -1;
	return range_decide(q->cc, width, q->of_a, q->of_b);
}

/* Follows the edge from @pred backwards as long as there is one way only. */
static int ask_above(const struct ir_fn *fn, struct question *q, u32 pred, u32 block)
{
	int way = -1;

	for (u32 i = 0; i < ABOVE_MAX && way < 0; i++) {
		const struct ir_block *p = ir_block(fn, pred);

		if (p->nsucc == 2)
			way = ask_branch(fn, q, ir_term(fn, pred), p->succ[1] == block);
		if (p->npreds != 1)
			break;
		block = pred;
		pred = p->preds[0];
	}
	return way;
}

/* Where the branch goes for the edge: 0 or 1, the number of the successor; -1: it depends. */
static int outcome(const struct thread *t, u32 index)
{
	const struct ir_fn *fn = t->fn;
	const struct ir_insn *term = ir_term(fn, t->block);
	struct question q = {.cc = term->cc, .width = term->cmp_width};
	int holds;

	q.a = value_on_edge(t, ir_resolve(fn, term->arg[0]), index);
	q.b = value_on_edge(t, ir_resolve(fn, term->arg[1]), index);
	if (!q.a || !q.b)
		return -1;
	if (ir_is_const(fn, q.a) && ir_is_const(fn, q.b)) {
		holds = ir_eval_cc(q.cc, q.width, (u64)ir_at(fn, q.a)->imm,
				   (u64)ir_at(fn, q.b)->imm);
		return !holds;
	}
	q.of_a = range_of_low(fn, q.a, q.width);
	q.of_b = range_of_low(fn, q.b, q.width);
	holds = range_decide(q.cc, q.width, q.of_a, q.of_b);
	if (holds < 0)
		holds = ask_above(fn, &q, ir_block(fn, t->block)->preds[index], t->block);
	return holds < 0 ? -1 : !holds;
}

/* ---- where values of the block are needed ---- */

static void stamp_room(struct thread *t)
{
	size_t more = t->fn->nblocks - t->stamps.len;

	if (!vec_reserve(&t->stamps, t->mem, more) || !vec_reserve(&t->values, t->mem, more)) {
		t->failed = true;
		return;
	}
	memset(t->stamps.at + t->stamps.len, 0, more * sizeof(u32));
	t->stamps.len = t->values.len = t->fn->nblocks;
}

/* @block needs the value at its start, and so does every block before it up to ours. */
static bool add_region(struct thread *t, u32 block)
{
	size_t next = t->region.len;

	if (block == t->block || t->stamps.at[block] == t->stamp)
		return true;
	t->stamps.at[block] = t->stamp;
	if (!vec_push(&t->region, t->mem, block))
		return false;
	for (; next < t->region.len; next++) {
		const struct ir_block *b = ir_block(t->fn, t->region.at[next]);

		if (t->region.len + b->npreds > REGION_MAX)
			return false;
		for (u32 i = 0; i < b->npreds; i++) {
			u32 pred = b->preds[i];

			if (pred == t->block || t->stamps.at[pred] == t->stamp)
				continue;
			t->stamps.at[pred] = t->stamp;
			if (!vec_push(&t->region, t->mem, pred))
				return false;
		}
	}
	return true;
}

/* Notes where it is used behind the block; false when threading would be too much. */
static bool note_uses(struct thread *t, ir_ref ref, bool may_leave)
{
	for (u32 u = t->heads[ref]; u; u = t->uses.at[u].next) {
		const struct ir_insn *user = ir_at(t->fn, t->uses.at[u].user);
		u32 n = user->op == IR_PHI ? ir_nargs(t->fn, user) : 0;

		if (user->block == UINT32_MAX)
			continue;
		for (u32 i = 0; i < n; i++) {
			u32 pred = ir_block(t->fn, user->block)->preds[i];

			if (user->phi[i] == ref && (!may_leave || !add_region(t, pred)))
				return false;
		}
		if (!n && user->block != t->block && (!may_leave || !add_region(t, user->block)))
			return false;
	}
	return true;
}

/* Whether it holds nothing but phis and what may be computed for the branch. */
static bool is_small(struct thread *t)
{
	const struct ir_block *b = ir_block(t->fn, t->block);
	u32 insns = 0;

	if (b->nsucc != 2 || b->npreds < 2 || b->npreds > EDGES_MAX || b->is_loop_header)
		return false;
	ir_each (t->fn, t->block, ref) {
		const struct ir_insn *insn = ir_at(t->fn, ref);

		if (ref >= t->heads_cap)
			return false;
		if (ref == b->last || insn->op == IR_PHI)
			continue;
		if (++insns > INSNS_MAX || !(ir_flags(insn) & IR_OP_PURE))
			return false;
	}
	return true;
}

static bool any_outcome(const struct thread *t)
{
	const struct ir_block *b = ir_block(t->fn, t->block);

	for (u32 i = 0; i < b->npreds; i++)
		if (b->preds[i] != t->block && outcome(t, i) >= 0)
			return true;
	return false;
}

static bool may_thread(struct thread *t)
{
	const struct ir_block *b = ir_block(t->fn, t->block);

	if (!is_small(t) || !any_outcome(t))
		return false;
	t->phis.len = t->edges.len = t->region.len = 0;
	t->stamp++;
	stamp_room(t);
	ir_each (t->fn, t->block, ref) {
		bool phi = ir_at(t->fn, ref)->op == IR_PHI;

		if (t->failed || ref == b->last)
			break;
		if (!note_uses(t, ref, phi) || (phi && !vec_push(&t->phis, t->mem, ref)))
			return false;
	}
	return !t->failed;
}

/* ---- changing edges ---- */

/* The operand that phis of @to get on the new edge, in place of ours. */
static ir_ref operand_for(const struct thread *t, const struct threaded *edge, ir_ref value)
{
	for (u32 i = 0; i < t->phis.len; i++)
		if (t->phis.at[i] == value)
			return edge->operands[i];
	return value;
}

static void thread_edge(struct thread *t, u32 index, u32 way)
{
	struct ir_fn *fn = t->fn;
	struct ir_block *b = ir_block(fn, t->block);
	u32 pred = b->preds[index], to = b->succ[way];
	u32 from = ir_block(fn, pred)->succ[0] != t->block;
	u32 ours, last;
	struct threaded edge = {
		.operands = arena_alloc(fn->arena, (t->phis.len + 1) * sizeof(ir_ref)),
	};

	if (!edge.operands) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < t->phis.len; i++)
		edge.operands[i] = ir_resolve(fn, ir_at(fn, t->phis.at[i])->phi[index]);
	edge.block = ir_edge_split(fn, pred, from);
	if (fn->failed)
		return;
	ir_edge_redirect(fn, edge.block, 0, to);
	ours = ir_pred_index(fn, to, t->block);
	last = ir_block(fn, to)->npreds - 1;
	ir_each (fn, to, ref) {
		struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		phi->phi[last] = operand_for(t, &edge, ir_resolve(fn, phi->phi[ours]));
		add_use(t, phi->phi[last], ref);
	}
	t->failed |= !vec_push(&t->edges, t->mem, edge);
}

/* Nothing enters the block any more: it ends, so that phis behind it lose its operands. */
static void cut_off(struct ir_fn *fn, u32 block)
{
	struct ir_block *b = ir_block(fn, block);
	struct ir_insn *term = ir_term(fn, block);

	for (u32 i = 0; i < b->nsucc; i++)
		ir_edge_remove(fn, block, b->succ[i]);
	b->nsucc = 0;
	term->op = IR_TRAP;
	memset(term->arg, 0, sizeof(term->arg));
}

/* ---- values behind ---- */

static void set_value(struct thread *t, u32 block, ir_ref value)
{
	t->stamps.at[block] = t->stamp;
	t->values.at[block] = value;
}

/* What the phi at hand is at the start of a block of the region. */
static ir_ref value_at_start(struct thread *t, u32 block, ir_ref phi)
{
	u32 at = block;

	for (u32 i = 0; t->stamps.at[at] != t->stamp; i++) {
		const struct ir_block *b = ir_block(t->fn, at);

		if (b->npreds != 1 || i > t->region.len)
			return phi; /* cannot be reached */
		at = b->preds[0];
	}
	set_value(t, block, t->values.at[at]);
	return t->values.at[at];
}

/* Uses behind the block name the value that is there now. */
static void rename_uses(struct thread *t, ir_ref phi)
{
	for (u32 u = t->heads[phi]; u; u = t->uses.at[u].next) {
		ir_ref ref = t->uses.at[u].user;
		struct ir_insn *user = ir_at(t->fn, ref);
		u32 n = ir_nargs(t->fn, user);

		if (user->block == UINT32_MAX || (user->op != IR_PHI && user->block == t->block))
			continue;
		for (u32 i = 0; i < n; i++) {
			ir_ref *arg = ir_arg(user, i);
			u32 at = user->block;
			ir_ref value;

			if (*arg != phi)
				continue;
			if (user->op == IR_PHI)
				at = ir_block(t->fn, at)->preds[i];
			value = at == t->block ? phi : value_at_start(t, at, phi);
			if (value == phi)
				continue;
			*arg = value;
			add_use(t, value, ref);
		}
	}
}

/* Whether rename_uses() has anything to do: most phis are there for the branch alone. */
static bool is_used_behind(const struct thread *t, ir_ref phi)
{
	for (u32 u = t->heads[phi]; u; u = t->uses.at[u].next) {
		struct ir_insn *user = ir_at(t->fn, t->uses.at[u].user);
		u32 n = ir_nargs(t->fn, user);

		if (user->block == UINT32_MAX || (user->op != IR_PHI && user->block == t->block))
			continue;
		for (u32 i = 0; i < n; i++)
			if (*ir_arg(user, i) == phi)
				return true;
	}
	return false;
}

/* The value of the phi, which is no longer the only one, in all blocks behind. */
static void repair(struct thread *t, u32 number)
{
	struct ir_fn *fn = t->fn;
	ir_ref phi = t->phis.at[number];
	VEC(ir_ref) made = {0};

	if (!is_used_behind(t, phi))
		return;
	t->stamp++;
	stamp_room(t);
	if (t->failed)
		return;
	set_value(t, t->block, phi);
	for (u32 i = 0; i < t->edges.len; i++)
		set_value(t, t->edges.at[i].block, t->edges.at[i].operands[number]);
	for (u32 i = 0; i < t->region.len; i++) {
		u32 block = t->region.at[i];
		ir_ref join;

		if (ir_block(fn, block)->npreds < 2)
			continue;
		join = ir_phi(fn, block);
		if (fn->failed || !vec_push(&made, t->mem, join))
			break;
		ir_at(fn, join)->umin = ir_at(fn, phi)->umin;
		ir_at(fn, join)->umax = ir_at(fn, phi)->umax;
		set_value(t, block, join);
	}
	for (u32 m = 0; m < made.len; m++) {
		struct ir_insn *join = ir_at(fn, made.at[m]);
		const struct ir_block *b = ir_block(fn, join->block);

		for (u32 i = 0; i < b->npreds; i++) {
			join->phi[i] = value_at_start(t, b->preds[i], phi);
			add_use(t, join->phi[i], made.at[m]);
		}
	}
	rename_uses(t, phi);
	vec_free(&made, t->mem);
}

static bool thread_block(struct thread *t, u32 block)
{
	const struct ir_block *b;

	t->block = block;
	if (!may_thread(t))
		return false;
	b = ir_block(t->fn, block);
	for (u32 i = b->npreds; i-- > 0 && !t->fn->failed && !t->failed;) {
		int way = b->preds[i] == block ? -1 : outcome(t, i);

		if (way >= 0)
			thread_edge(t, i, (u32)way);
	}
	if (!t->edges.len || t->failed || t->fn->failed)
		return false;
	for (u32 i = 0; i < t->phis.len && t->region.len; i++)
		repair(t, i);
	if (!b->npreds)
		cut_off(t->fn, block);
	return true;
}

bool jump_thread(struct ir_fn *fn)
{
	struct thread t = {.fn = fn, .mem = fn->arena->mem};
	bool changed = false;

	t.failed = !open_uses(&t);
	for (u32 i = 0; i < fn->norder && !t.failed && !fn->failed; i++)
		changed |= thread_block(&t, fn->order[i]);
	fn->failed |= t.failed;
	mem_free(t.mem, t.heads);
	vec_free(&t.uses, t.mem);
	vec_free(&t.phis, t.mem);
	vec_free(&t.edges, t.mem);
	vec_free(&t.region, t.mem);
	vec_free(&t.stamps, t.mem);
	vec_free(&t.values, t.mem);
	return changed;
}
