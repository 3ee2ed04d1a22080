/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves out of loops what is the same in each round: to the block before the
 * outermost loop that does not change its operands. Not everything: what is
 * kept in a register for the whole loop is not there for others. Loads go when
 * nothing in the loop writes what they read, and when they would be executed
 * anyway or are of memory that is always there.
 */
#include "jit/pass/alias.h"
#include "jit/pass/pass.h"
#include "jit/pass/range.h"

#define CHEAP_MAX   4 /* of the operations that a loop loses, those that take one cycle */
#define OTHER_MAX   12
#define ENTRIES_MAX 64

struct loop {
	u32 before;	  /* block that the loop is entered from, UINT32_MAX: none yet */
	u8 writes;	  /* BIT(enum alias) */
	u8 cheap, others; /* moved out */
};

struct hoist {
	struct ir_fn *fn;
	struct loop *loops; /* by header */
	u32 nblocks;	    /* new ones are none of theirs */
	bool changed;
};

/* ---- the block before a loop ---- */

static bool is_entry(const struct ir_fn *fn, u32 header, u32 pred)
{
	return !ir_dominates(fn, header, pred);
}

static u32 entries(const struct ir_fn *fn, u32 header, u32 *one)
{
	const struct ir_block *h = ir_block(fn, header);
	u32 n = 0;

	for (u32 i = 0; i < h->npreds; i++) {
		if (is_entry(fn, header, h->preds[i])) {
			*one = h->preds[i];
			n++;
		}
	}
	return n;
}

static void take_operands(struct ir_fn *fn, u32 header, u32 index, ir_ref *values)
{
	u32 n = 0;

	ir_each (fn, header, ref) {
		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		values[n++] = ir_at(fn, ref)->phi[index];
	}
}

/* A phi in front of the loop for each one of the header, of what came in by the entries. */
static void join_phis(struct ir_fn *fn, u32 header, u32 before, const ir_ref *values, u32 nphis)
{
	u32 from = ir_pred_index(fn, header, before), n = 0;

	ir_each (fn, header, ref) {
		ir_ref join;

		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		join = ir_phi(fn, before);
		if (fn->failed)
			return;
		for (u32 i = 0; i < ir_block(fn, before)->npreds; i++)
			ir_at(fn, join)->phi[i] = values[i * nphis + n];
		range_update(fn, ir_at(fn, join));
		ir_at(fn, ref)->phi[from] = join;
		n++;
	}
}

static u32 count_phis(const struct ir_fn *fn, u32 block)
{
	u32 n = 0;

	ir_each (fn, block, ref) {
		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		n++;
	}
	return n;
}

/* Several edges into the loop meet in a new block. */
static u32 join_entries(struct ir_fn *fn, u32 header, u32 nentries)
{
	struct ir_block *h = ir_block(fn, header);
	u32 before = ir_new_block(fn), nphis = count_phis(fn, header), n = 0;
	ir_ref *values = arena_alloc(fn->arena, (nphis * nentries + 1) * sizeof(*values));

	if (fn->failed || !values) {
		fn->failed = true;
		return UINT32_MAX;
	}
	for (u32 i = 0; i < h->npreds;) {
		u32 pred = h->preds[i];

		if (!is_entry(fn, header, pred)) {
			i++;
			continue;
		}
		take_operands(fn, header, i, values + nphis * n++);
		ir_edge_redirect(fn, pred, ir_block(fn, pred)->succ[0] != header, before);
	}
	ir_jmp(fn, before, header);
	if (!fn->failed)
		join_phis(fn, header, before, values, nphis);
	return before;
}

/* The block on the only edge into the loop. */
static u32 make_before(struct hoist *h, u32 header)
{
	struct ir_fn *fn = h->fn;
	u32 pred = 0, n = entries(fn, header, &pred), before;

	if (n > ENTRIES_MAX)
		return UINT32_MAX;
	if (n == 1 && ir_block(fn, pred)->nsucc == 1)
		return pred;
	before = n == 1 ? ir_edge_split(fn, pred, ir_block(fn, pred)->succ[0] != header)
			: join_entries(fn, header, n);
	if (fn->failed)
		return UINT32_MAX;
	ir_block(fn, before)->loop = ir_block(fn, header)->loop_parent;
	ir_block(fn, before)->loop_parent = IR_NO_LOOP;
	return before;
}

/* ---- what may go ---- */

static bool is_cheap(const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_MUL:
	case IR_UMULH:
	case IR_UDIV:
	case IR_UMOD:
	case IR_SDIV:
	case IR_SMOD:
	case IR_LOAD:
	case IR_POPCNT:
		return false;
	default:
		return true;
	}
}

/* What addresses and operands of other instructions take in is for free where it is. */
static bool is_free(const struct ir_fn *fn, const struct ir_insn *insn)
{
	return insn->op == IR_FRAME || insn->op == IR_UNDEF ||
	       (insn->op == IR_ADD && ir_is_const(fn, insn->arg[1]));
}

static bool may_move(const struct ir_fn *fn, const struct ir_insn *insn)
{
	if (insn->op == IR_LOAD)
		return !(insn->flags & (IR_VOLATILE | IR_PROBE));
	return ir_flags(insn) & IR_OP_PURE && insn->op != IR_PHI && insn->op != IR_PARAM &&
	       !is_free(fn, insn);
}

static bool is_invariant(const struct ir_fn *fn, const struct ir_insn *insn, u32 header)
{
	u32 n = ir_nargs(fn, insn);

	for (u32 i = 0; i < n; i++) {
		const struct ir_insn *arg = ir_at(fn, insn->arg[i]);

		if (insn->arg[i] && !ir_is_literal(fn, insn->arg[i]) &&
		    ir_in_loop(fn, arg->block, header))
			return false;
	}
	return true;
}

/*
 * Memory that can be read at any time. What a function takes for the context
 * where it reads it may be something else, or nothing, for another caller.
 */
static bool is_always_there(const struct ir_fn *fn, const struct ir_insn *load)
{
	const struct ir_insn *base = ir_at(fn, load->arg[0]);

	if (load->arg[1])
		return false;
	if (base->op == IR_FRAME)
		return load->mem == MEM_STACK;
	if (base->op != IR_PARAM)
		return false;
	return (load->mem == MEM_CTX && !base->imm && !fn->subprog) ||
	       (load->flags & IR_UNALIASED && base->imm == 5);
}

/* Whether it is executed in every round. */
static bool is_regular(const struct ir_fn *fn, u32 block, u32 header)
{
	const struct ir_block *h = ir_block(fn, header);

	for (u32 i = 0; i < h->npreds; i++)
		if (!is_entry(fn, header, h->preds[i]) && !ir_dominates(fn, block, h->preds[i]))
			return false;
	return true;
}

static bool may_leave(struct hoist *h, const struct ir_insn *insn, u32 header)
{
	const struct ir_fn *fn = h->fn;
	struct loop *loop = &h->loops[header];
	bool cheap = is_cheap(insn);

	if (!is_invariant(fn, insn, header) || !is_regular(fn, insn->block, header))
		return false;
	if (cheap ? loop->cheap >= CHEAP_MAX : loop->others >= OTHER_MAX)
		return false;
	if (insn->op != IR_LOAD)
		return true;
	return !(loop->writes & BIT(alias_of(insn))) &&
	       (insn->block == header || is_always_there(fn, insn));
}

/* ---- moving ---- */

/* What is known of the value may have been known only there. */
static void forget(struct ir_fn *fn, struct ir_insn *insn)
{
	insn->flags &= (u8)~IR_SAFE_DIV;
	insn->umin = 0;
	insn->umax = UINT64_MAX;
	range_update(fn, insn);
}

static bool move_out(struct hoist *h, ir_ref ref, u32 header)
{
	struct loop *loop = &h->loops[header];
	struct ir_insn *insn = ir_at(h->fn, ref);

	if (loop->before == UINT32_MAX)
		loop->before = make_before(h, header);
	if (loop->before == UINT32_MAX)
		return false;
	if (is_cheap(insn))
		loop->cheap++;
	else
		loop->others++;
	ir_move_to_end(h->fn, ref, loop->before);
	forget(h->fn, insn);
	h->changed = true;
	return true;
}

/* One loop after the other, as long as it goes. */
static void hoist(struct hoist *h, ir_ref ref)
{
	struct ir_insn *insn = ir_at(h->fn, ref);
	u32 header = ir_block(h->fn, insn->block)->loop;

	while (header != IR_NO_LOOP && !h->fn->failed && may_leave(h, insn, header)) {
		u32 outer = ir_block(h->fn, header)->loop_parent;

		if (!move_out(h, ref, header) || insn->block >= h->nblocks)
			break; /* a new block is not known to anybody yet */
		header = ir_block(h->fn, insn->block)->loop == outer ? outer : IR_NO_LOOP;
	}
}

bool pass_loop(struct ir_fn *fn)
{
	struct hoist h = {.fn = fn, .nblocks = fn->nblocks};
	u8 *writes = arena_zalloc(fn->arena, fn->nblocks);

	h.loops = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*h.loops));
	if (!h.loops || !writes) {
		fn->failed = true;
		return false;
	}
	alias_loop_writes(fn, writes);
	for (u32 i = 0; i < fn->nblocks; i++)
		h.loops[i] = (struct loop){.before = UINT32_MAX, .writes = writes[i]};
	ir_each_block (fn, b) {
		if (ir_block(fn, b)->loop == IR_NO_LOOP || ir_block(fn, b)->cold)
			continue;
		ir_each (fn, b, ref)
			if (may_move(fn, ir_at(fn, ref)))
				hoist(&h, ref);
	}
	return h.changed;
}
