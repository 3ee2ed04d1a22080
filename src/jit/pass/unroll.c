/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loops of one path become faster ones for most of their turns. In front of
 * the loop comes another:
 *
 *	front:	if the next 4 turns all stay in the loop
 *			do them, with no look at the exits, and go to front
 *		else go to the loop as it was
 *
 * That takes exits whose condition is told beforehand: a number or a pointer
 * that grows by the same in each turn against one that does not change. What
 * is left over, and every way out, is the old loop's, so that nothing behind
 * it changes.
 *
 * That a sum does not wrap must be known from the range of a number, or it is
 * asked: of 64 bits once, before the first turn. What starts and ends in the
 * lower half of all numbers, as pointers do, grows over no end. (That it is
 * used as a pointer says nothing: where it is none, the turn may end before.)
 */
#include "jit/pass/pass.h"

#define MAX_BLOCKS 6
#define MAX_PHIS   16
#define SMALL_BODY 20 /* instructions that are worth doing 4 times */
#define LARGE_BODY 36 /* ... 2 times */
#define MAX_STEP   4096
#define MAX_DEPTH  8

struct way_out {
	u8 cc, cmp_width; /* the condition to stay, of ... */
	ir_ref a, b;	  /* ... what grows by .step, and what stays the same */
	u32 step;
	bool is_small; /* .a stays below 2^32 within a few turns */
};

struct loop {
	struct ir_fn *fn;
	u32 block[MAX_BLOCKS], n; /* in order, from the header to the block that goes back */
	struct way_out out[MAX_BLOCKS];
	u32 nout;
	u32 entry, entry_way; /* the edge that comes in */
	u32 insns, turns;
	ir_ref phi[MAX_PHIS], first[MAX_PHIS], again[MAX_PHIS], front_phi[MAX_PHIS];
	const ir_ref *now; /* the phis' values where blocks are being made */
	u32 nphis;
	u32 front;
	ir_ref *copy; /* of what the loop computes, by instruction: in the turn being made */
	u32 ninsns;
};

/* ---- what kind of loop it is ---- */

static bool in_loop(const struct loop *l, ir_ref ref)
{
	u32 block = ir_at(l->fn, ref)->block;

	for (u32 i = 0; i < l->n; i++)
		if (l->block[i] == block)
			return !ir_is_literal(l->fn, ref);
	return false;
}

static bool can_copy(const struct ir_insn *insn)
{
	u16 flags = ir_flags(insn);

	if (flags & IR_OP_PURE)
		return insn->op != IR_PARAM && insn->op != IR_UNDEF;
	return insn->op == IR_LOAD || insn->op == IR_STORE;
}

static bool count_insns(struct loop *l, u32 block)
{
	ir_each (l->fn, block, ref) {
		const struct ir_insn *insn = ir_at(l->fn, ref);

		if (insn->op == IR_PHI ? block != l->block[0] : !(ir_flags(insn) & IR_OP_TERM)) {
			if (!can_copy(insn))
				return false;
			l->insns++;
		}
	}
	return true;
}

/* The way from @block that stays, or -1. */
static int way_on(const struct loop *l, u32 block)
{
	const struct ir_block *b = ir_block(l->fn, block);
	bool in[2] = {false, false};

	for (u32 i = 0; i < b->nsucc; i++)
		in[i] = ir_in_loop(l->fn, b->succ[i], l->block[0]);
	return in[0] && in[1] ? -1 : in[0] ? 0 : in[1] ? 1 : -1;
}

/* Follows the only path from the header back to it. */
static bool find_path(struct loop *l)
{
	struct ir_fn *fn = l->fn;
	u32 at = l->block[0];

	for (l->n = 0; l->n < MAX_BLOCKS;) {
		const struct ir_block *b = ir_block(fn, at);
		int way = way_on(l, at);

		if (way < 0 || b->loop != l->block[0] || b->npreds != (l->n ? 1u : 2u) ||
		    !count_insns(l, at))
			return false;
		l->block[l->n++] = at;
		at = b->succ[way];
		if (at == l->block[0])
			return true;
	}
	return false;
}

static bool find_entry(struct loop *l)
{
	const struct ir_fn *fn = l->fn;
	const struct ir_block *h = ir_block(fn, l->block[0]), *from;
	u32 last = l->block[l->n - 1], back = ir_pred_index(fn, l->block[0], last);

	l->entry = h->preds[!back];
	from = ir_block(fn, l->entry);
	l->entry_way = from->nsucc == 2 && from->succ[1] == l->block[0];
	ir_each (fn, l->block[0], ref) {
		const struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (l->nphis == MAX_PHIS)
			return false;
		l->phi[l->nphis] = ref;
		l->first[l->nphis] = ir_resolve(fn, phi->phi[!back]);
		l->again[l->nphis++] = ir_resolve(fn, phi->phi[back]);
	}
	return true;
}

/* ---- by how much a value grows in a turn ---- */

static int phi_index(const struct loop *l, ir_ref ref)
{
	for (u32 i = 0; i < l->nphis; i++)
		if (l->phi[i] == ref)
			return (int)i;
	return -1;
}

/* It and what a few more turns add are less than 2^32. */
static bool stays_small(const struct loop *l, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(l->fn, ref);
	int i = phi_index(l, ref);
	u64 umax = insn->umax;

	if (i >= 0 && umax > UINT32_MAX) {
		u64 first = ir_at(l->fn, l->first[i])->umax;
		u64 again = ir_at(l->fn, l->again[i])->umax;

		umax = first > again ? first : again;
	}
	return umax < UINT32_MAX - 16 * MAX_STEP;
}

static bool growth(const struct loop *l, ir_ref ref, u32 depth, u64 *step);

/* A phi whose next value is itself and a number. */
static bool phi_growth(const struct loop *l, ir_ref ref, u64 *step)
{
	const struct ir_fn *fn = l->fn;
	int i = phi_index(l, ref);
	const struct ir_insn *next;

	if (i < 0)
		return false;
	next = ir_at(fn, l->again[i]);
	if (next->op != IR_ADD || ir_resolve(fn, next->arg[0]) != ref ||
	    !ir_is_const(fn, ir_resolve(fn, next->arg[1])))
		return false;
	*step = (u64)ir_at(fn, ir_resolve(fn, next->arg[1]))->imm;
	return *step <= MAX_STEP && (next->width == 8 || stays_small(l, ref));
}

static bool sum_growth(const struct loop *l, const struct ir_insn *insn, u32 depth, u64 *step)
{
	u64 a, b;

	if (!growth(l, ir_resolve(l->fn, insn->arg[0]), depth, &a) ||
	    !growth(l, ir_resolve(l->fn, insn->arg[1]), depth, &b))
		return false;
	*step = a + b;
	return true;
}

static bool growth(const struct loop *l, ir_ref ref, u32 depth, u64 *step)
{
	const struct ir_fn *fn = l->fn;
	const struct ir_insn *insn = ir_at(fn, ref);

	*step = 0;
	if (!in_loop(l, ref))
		return true;
	if (!depth)
		return false;
	switch (insn->op) {
	case IR_PHI:
		return phi_growth(l, ref, step);
	case IR_ADD:
		return sum_growth(l, insn, depth - 1, step) &&
		       (insn->width == 8 || stays_small(l, ref));
	case IR_ZEXT32:
		return stays_small(l, ir_resolve(fn, insn->arg[0])) &&
		       growth(l, ir_resolve(fn, insn->arg[0]), depth - 1, step);
	default:
		return false;
	}
}

/* ---- ways out ---- */

static bool find_way_out(struct loop *l, u32 block)
{
	struct ir_fn *fn = l->fn;
	const struct ir_insn *br = ir_term(fn, block);
	struct way_out *out = &l->out[l->nout];
	u64 grows, other;

	if (br->op != IR_BR)
		return true;
	out->cc = way_on(l, block) ? (u8)ir_cc_not((enum ir_cc)br->cc) : br->cc;
	out->cmp_width = br->cmp_width;
	out->a = ir_resolve(fn, br->arg[0]);
	out->b = ir_resolve(fn, br->arg[1]);
	if (!growth(l, out->a, MAX_DEPTH, &grows) || !growth(l, out->b, MAX_DEPTH, &other))
		return false;
	if (other) {
		ir_ref a = out->a;

		out->a = out->b;
		out->b = a;
		out->cc = (u8)ir_cc_swap((enum ir_cc)out->cc);
		grows ^= other;
		other ^= grows;
		grows ^= other;
	}
	if (other || !grows || grows > MAX_STEP)
		return false;
	out->step = (u32)grows;
	out->is_small = stays_small(l, out->a);
	l->nout++;
	return out->cc == IR_NE || out->cc == IR_ULT || out->cc == IR_ULE;
}

/* Numbers that are known: enough turns for it to be worth the while. */
static bool has_turns(const struct loop *l)
{
	const struct ir_fn *fn = l->fn;

	for (u32 i = 0; i < l->nout; i++) {
		const struct way_out *out = &l->out[i];
		const struct ir_insn *b = ir_at(fn, out->b);

		if (b->op == IR_CONST && (u64)b->imm < 3ull * l->turns * out->step)
			return false;
	}
	return true;
}

static bool is_worth_it(struct loop *l)
{
	if (!find_path(l) || l->insns > LARGE_BODY || !find_entry(l))
		return false;
	for (u32 i = 0; i < l->n; i++)
		if (!find_way_out(l, l->block[i]))
			return false;
	l->turns = l->insns <= SMALL_BODY ? 4 : 2;
	return l->nout && has_turns(l);
}

/* ---- making the loop in front ---- */

static ir_ref copied(const struct loop *l, ir_ref ref)
{
	ref = ir_resolve(l->fn, ref);
	return ref < l->ninsns && l->copy[ref] ? l->copy[ref] : ref;
}

static struct ir_insn copy_of(const struct loop *l, ir_ref ref)
{
	struct ir_insn insn = *ir_at(l->fn, ref);
	u32 n = ir_nargs(l->fn, &insn);

	for (u32 i = 0; i < n; i++)
		insn.arg[i] = copied(l, insn.arg[i]);
	insn.uses = 0;
	return insn;
}

/* What the first of the next turns finds, at the end of @block. */
static ir_ref expected(struct loop *l, u32 block, ir_ref ref)
{
	struct ir_insn insn;

	ref = ir_resolve(l->fn, ref);
	if (!in_loop(l, ref) || l->copy[ref])
		return copied(l, ref);
	insn = *ir_at(l->fn, ref);
	for (u32 i = 0; i < ir_nargs(l->fn, ir_at(l->fn, ref)); i++)
		insn.arg[i] = expected(l, block, insn.arg[i]);
	insn.umin = 0; /* facts were of where it stands */
	insn.umax = UINT64_MAX;
	l->copy[ref] = ir_append(l->fn, block, insn);
	return l->copy[ref];
}

static ir_ref append(struct loop *l, u32 block, enum ir_op op, u8 width, ir_ref a, ir_ref b)
{
	return ir_append(l->fn, block, ir_binary(op, width, a, b));
}

/* Ends @block: to a new one if the condition holds, else to the old loop. */
static u32 branch(struct loop *l, u32 block, enum ir_cc cc, u8 width, ir_ref a, ir_ref b)
{
	struct ir_fn *fn = l->fn;
	u32 next = ir_new_block(fn), header = l->block[0], index;
	ir_ref br;

	if (fn->failed)
		return next;
	br = ir_br(fn, block, cc, width, a, b, next, header);
	ir_at(fn, br)->flags |= IR_LIKELY;
	index = ir_pred_index(fn, header, block);
	for (u32 i = 0; i < l->nphis; i++)
		ir_at(fn, l->phi[i])->phi[index] = l->now[i];
	return next;
}

/* Asks whether all turns stay, as far as one way out goes; the block that goes on. */
static u32 ask(struct loop *l, u32 block, const struct way_out *out)
{
	struct ir_fn *fn = l->fn;
	u8 width = out->cmp_width;
	ir_ref a = expected(l, block, out->a), b = copied(l, out->b);
	ir_ref more = ir_const(fn, (u64)(l->turns - 1) * out->step);
	enum ir_cc cc = (enum ir_cc)out->cc;

	if (cc == IR_NE)
		return branch(l, block, IR_UGT, width, append(l, block, IR_SUB, width, b, a), more);
	if (out->is_small || width == 8) /* see make_guard() */
		return branch(l, block, cc, width, append(l, block, IR_ADD, 8, a, more), b);
	block = branch(l, block, cc, width, a, b);
	if (fn->failed)
		return block;
	return branch(l, block, cc == IR_ULT ? IR_UGT : IR_UGE, width,
		      append(l, block, IR_SUB, width, b, a), more);
}

static void forget_copies(struct loop *l)
{
	for (u32 i = 0; i < l->n; i++) {
		ir_each (l->fn, l->block[i], ref)
			l->copy[ref] = 0;
	}
}

/* From now on the phis have these values. */
static void set_now(struct loop *l, const ir_ref *now)
{
	forget_copies(l);
	l->now = now;
	for (u32 i = 0; i < l->nphis; i++)
		l->copy[l->phi[i]] = now[i];
}

/*
 * Before the first turn: whether all that might wrap around is in the lower
 * half. Then what passes the front's question is at most one turn beyond the
 * other number, which is in the lower half, too. The block that is the front.
 */
static u32 make_guard(struct loop *l)
{
	struct ir_fn *fn = l->fn;
	u32 guard = ir_new_block(fn);
	ir_ref all = 0;

	if (fn->failed)
		return guard;
	ir_edge_redirect(fn, l->entry, l->entry_way, guard);
	set_now(l, l->first);
	for (u32 i = 0; i < l->nout; i++) {
		const struct way_out *out = &l->out[i];
		ir_ref both;

		if (out->cc == IR_NE || out->is_small || out->cmp_width == 4)
			continue;
		both = append(l, guard, IR_OR, 8, expected(l, guard, out->a), out->b);
		all = all ? append(l, guard, IR_OR, 8, all, both) : both;
	}
	if (all)
		return branch(l, guard, IR_SGE, 8, all, ir_const(fn, 0));
	return guard;
}

/* The phis of the front are those of the header; for the way back they are filled in later. */
static void make_front(struct loop *l)
{
	struct ir_fn *fn = l->fn;

	l->front = make_guard(l);
	if (fn->failed)
		return;
	for (u32 i = l->nphis; i-- > 0;) {
		const struct ir_insn *phi = ir_at(fn, l->phi[i]);
		ir_ref front = ir_phi(fn, l->front);

		if (fn->failed)
			return;
		ir_at(fn, front)->phi[0] = l->first[i];
		ir_at(fn, front)->umin = phi->umin;
		ir_at(fn, front)->umax = phi->umax;
		l->front_phi[i] = front;
	}
}

/* One turn at the end of @block; @values: the phis', before and then after it. */
static void copy_turn(struct loop *l, u32 block, ir_ref *values)
{
	struct ir_fn *fn = l->fn;
	ir_ref after[MAX_PHIS];

	forget_copies(l);
	for (u32 i = 0; i < l->nphis; i++)
		l->copy[l->phi[i]] = values[i];
	for (u32 i = 0; i < l->n; i++) {
		ir_each (fn, l->block[i], ref) {
			const struct ir_insn *insn = ir_at(fn, ref);

			if (insn->op != IR_PHI && !(ir_flags(insn) & IR_OP_TERM))
				l->copy[ref] = ir_append(fn, block, copy_of(l, ref));
		}
	}
	for (u32 i = 0; i < l->nphis; i++)
		after[i] = copied(l, l->again[i]);
	for (u32 i = 0; i < l->nphis; i++)
		values[i] = after[i];
}

static void make_turns(struct loop *l, u32 block)
{
	struct ir_fn *fn = l->fn;
	ir_ref values[MAX_PHIS];
	u32 index;

	for (u32 i = 0; i < l->nphis; i++)
		values[i] = l->front_phi[i];
	for (u32 i = 0; i < l->turns; i++)
		copy_turn(l, block, values);
	ir_jmp(fn, block, l->front);
	if (fn->failed)
		return;
	index = ir_pred_index(fn, l->front, block);
	for (u32 i = 0; i < l->nphis; i++)
		ir_at(fn, l->front_phi[i])->phi[index] = values[i];
}

static void unroll(struct loop *l)
{
	u32 block;

	make_front(l);
	if (l->fn->failed)
		return;
	set_now(l, l->front_phi);
	block = l->front;
	for (u32 i = 0; i < l->nout && !l->fn->failed; i++)
		block = ask(l, block, &l->out[i]);
	if (!l->fn->failed)
		make_turns(l, block);
	forget_copies(l);
}

bool pass_unroll(struct ir_fn *fn)
{
	ir_ref *copy = NULL;
	u32 nblocks = fn->nblocks, ninsns = fn->ninsns;
	bool changed = false;

	for (u32 b = 0; b < nblocks && !fn->failed; b++) {
		struct loop l = {.fn = fn, .block = {b}, .ninsns = ninsns};

		if (!ir_block(fn, b)->is_loop_header || ir_block(fn, b)->order == UINT32_MAX ||
		    !is_worth_it(&l))
			continue;
		if (!copy)
			copy = arena_zalloc_array(fn->arena, ninsns, sizeof(*copy));
		if (!copy) {
			fn->failed = true;
			break;
		}
		l.copy = copy;
		unroll(&l);
		changed = true;
	}
	return changed;
}
