/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sums and small shifts become parts of addresses: [base + (index << scale) +
 * disp] of loads and stores, and of lea, which adds three numbers at once.
 *
 * A value is taken apart only where all of its users can do so: else it has to
 * be computed anyway, and its operands would live longer for nothing.
 */
#include "jit/x86_64/x86_64.h"

/* More users than these share a sum of two registers better than a longer encoding. */
#define FEW_USERS 3

struct address {
	ir_ref base, index; /* 0: none */
	u8 scale;
	s64 disp;
};

struct folding {
	struct ir_fn *fn;
	u32 *takers; /* by value: users that may take it apart; more than .uses never */
};

/* ---- who is taken apart ---- */

static bool is_sum(const struct ir_insn *insn)
{
	return insn->op == IR_ADD && insn->width == 8;
}

static bool is_small_literal(const struct ir_fn *fn, ir_ref ref)
{
	return ir_is_const(fn, ref) && fits_s32(ir_at(fn, ref)->imm);
}

/* A shift by which an index can be scaled. */
static bool is_scaling(const struct ir_fn *fn, const struct ir_insn *insn)
{
	return insn->op == IR_SHL && insn->width == 8 && ir_is_const(fn, insn->arg[1]) &&
	       (u64)ir_at(fn, insn->arg[1])->imm - 1 < 3;
}

static void count_takers(struct folding *f)
{
	ir_each_block (f->fn, b) {
		ir_each (f->fn, b, ref) {
			const struct ir_insn *insn = ir_at(f->fn, ref);

			if (!is_sum(insn) && !(ir_flags(insn) & IR_OP_MEM))
				continue;
			f->takers[insn->arg[0]]++;
			f->takers[insn->arg[1]]++;
		}
	}
}

/* Whether @ref need not be computed once all who use it take it apart. */
static bool is_taken(const struct folding *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);

	return ref && insn->uses && f->takers[ref] == insn->uses;
}

/* ---- taking apart ---- */

static bool add_disp(struct address *a, s64 more)
{
	if (!fits_s32(a->disp + more))
		return false;
	a->disp += more;
	return true;
}

static void swap(struct address *a)
{
	ir_ref base = a->base;

	a->base = a->index;
	a->index = base;
}

/* x + literal, as the part @part. */
static bool take_literal(const struct folding *f, struct address *a, ir_ref *part)
{
	const struct ir_insn *sum = ir_at(f->fn, *part);

	if (!is_sum(sum) || !is_small_literal(f->fn, sum->arg[1]) ||
	    !add_disp(a, ir_at(f->fn, sum->arg[1])->imm))
		return false;
	*part = sum->arg[0];
	return true;
}

/* x + y as the base, where there is no index yet. */
static bool take_sum(const struct folding *f, struct address *a)
{
	const struct ir_insn *sum = ir_at(f->fn, a->base);

	if (a->index || !is_sum(sum) || ir_is_literal(f->fn, sum->arg[1]) || sum->uses > FEW_USERS)
		return false;
	a->base = sum->arg[0];
	a->index = sum->arg[1];
	return true;
}

static bool take_lea(const struct folding *f, struct address *a)
{
	const struct ir_insn *lea = ir_at(f->fn, a->base);

	if (a->index || lea->op != IR_LEA || lea->uses > FEW_USERS || !add_disp(a, lea->disp))
		return false;
	a->base = lea->arg[0];
	a->index = lea->arg[1];
	a->scale = lea->scale;
	return true;
}

static bool take_shift(const struct folding *f, struct address *a)
{
	const struct ir_insn *shift = ir_at(f->fn, a->index);

	if (!a->index || a->scale || !is_scaling(f->fn, shift))
		return false;
	a->scale = (u8)ir_at(f->fn, shift->arg[1])->imm;
	a->index = shift->arg[0];
	return true;
}

static bool take_base(const struct folding *f, struct address *a)
{
	if (!is_taken(f, a->base))
		return false;
	if (take_literal(f, a, &a->base) || take_sum(f, a) || take_lea(f, a))
		return true;
	/* A shift must be the index. */
	if (!a->index || a->scale || !is_scaling(f->fn, ir_at(f->fn, a->base)))
		return false;
	swap(a);
	return take_shift(f, a);
}

static bool take_index(const struct folding *f, struct address *a)
{
	if (!is_taken(f, a->index))
		return false;
	return (!a->scale && take_literal(f, a, &a->index)) || take_shift(f, a);
}

/* Every round takes away an operation that comes before, so that there is an end. */
static bool take_apart(const struct folding *f, struct address *a)
{
	bool any = false;

	while (take_base(f, a) || take_index(f, a))
		any = true;
	return any;
}

/* ---- the instructions ---- */

/*
 * How far from r10 an address may be made in one instruction that adds a
 * register: the frame's place from rsp, known only later, is added as well.
 */
#define FRAME_REACH (1 << 30)

static bool is_encodable(const struct folding *f, const struct address *a)
{
	const struct ir_insn *base = ir_at(f->fn, a->base);
	s64 at = base->imm + a->disp;

	return base->op != IR_FRAME || (at > -FRAME_REACH && at < FRAME_REACH);
}

static void fold_access(struct folding *f, struct ir_insn *insn)
{
	struct address a = {
		.base = insn->arg[0],
		.index = insn->arg[1],
		.scale = insn->scale,
		.disp = insn->disp,
	};

	if (!take_apart(f, &a))
		return;
	if (ir_at(f->fn, a.index)->op == IR_FRAME && a.index) { /* rsp cannot be an index */
		if (a.scale)
			return;
		swap(&a);
	}
	if (!is_encodable(f, &a))
		return;
	insn->arg[0] = a.base;
	insn->arg[1] = a.index;
	insn->scale = a.scale;
	insn->disp = (s32)a.disp;
}

/* A sum of more than two becomes lea. */
static void fold_sum(struct folding *f, struct ir_insn *insn)
{
	bool literal = is_small_literal(f->fn, insn->arg[1]);
	struct address a = {
		.base = insn->arg[0],
		.index = literal ? 0 : insn->arg[1],
		.disp = literal ? ir_at(f->fn, insn->arg[1])->imm : 0,
	};

	if ((!literal && ir_is_literal(f->fn, insn->arg[1])) || !take_apart(f, &a))
		return;
	if (!a.index) { /* x + literal + literal */
		insn->arg[0] = a.base;
		insn->arg[1] = ir_const(f->fn, (u64)a.disp);
		return;
	}
	if (ir_at(f->fn, a.index)->op == IR_FRAME || ir_is_literal(f->fn, a.base) ||
	    ir_is_literal(f->fn, a.index) || !is_encodable(f, &a))
		return;
	insn->op = IR_LEA;
	insn->arg[0] = a.base;
	insn->arg[1] = a.index;
	insn->scale = a.scale;
	insn->disp = (s32)a.disp;
}

void x86_fold_addresses(struct ir_fn *fn)
{
	struct folding f = {
		.fn = fn,
		.takers = arena_zalloc_array(fn->arena, fn->ninsns, sizeof(u32)),
	};

	if (!f.takers) {
		fn->failed = true;
		return;
	}
	ir_count_uses(fn);
	count_takers(&f);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct ir_insn *insn = ir_at(fn, ref);

			if (is_sum(insn))
				fold_sum(&f, insn);
			else if (ir_flags(insn) & IR_OP_MEM)
				fold_access(&f, insn);
		}
	}
}
