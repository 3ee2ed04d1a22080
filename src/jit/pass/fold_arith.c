/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules for addition, multiplication, division and addresses. Constants of 64
 * bits are moved outwards, (x + c) + y into (x + y) + c, where they end in the
 * displacements of loads and meet each other. In 32 bits there are no
 * addresses, and a hash would have them moved behind its latest operand, again
 * at every step.
 */
#include "jit/pass/fold.h"

/* ---- addition and subtraction ---- */

/* The address of the host that is @by further. */
static ir_ref moved_address(struct fold *f, ir_ref ref, u64 by)
{
	const struct ir_insn *insn = fold_def(f, ref);
	struct ir_sym sym = f->fn->syms[insn->sym];

	if (sym.kind != SYM_MAP && sym.kind != SYM_MAP_VALUE)
		return 0;
	return ir_addr(f->fn, sym.kind, sym.index, sym.addend + (s64)by, sym.addr + by);
}

/* A distance of more than 32 bits leads out of any frame, and machines add none so large. */
static ir_ref moved_frame(struct fold *f, ir_ref ref, u64 by)
{
	struct ir_insn frame = *fold_def(f, ref);
	s64 at = (s64)((u64)frame.imm + by);

	if (at != (s32)at)
		return 0;
	frame.imm = at;
	frame.uses = 0;
	frame.prev = frame.next = 0;
	return fold_make(f, frame);
}

/* x + c */
static ir_ref add_number(struct fold *f, struct ir_insn *insn, u64 c)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);
	u8 width = insn->width;
	u64 by;

	if (!c)
		return fold_low(f, insn->arg[0], width);
	if (width == 8 && a->op == IR_ADDR)
		return moved_address(f, insn->arg[0], c);
	if (width == 8 && a->op == IR_FRAME)
		return moved_frame(f, insn->arg[0], c);
	if ((a->op == IR_ADD || a->op == IR_SUB) && a->width < width)
		return 0;
	if (a->op == IR_ADD && fold_const(f, a->arg[1], &by))
		return fold_become_by(f, insn, IR_ADD, width, a->arg[0], by + c);
	if (a->op == IR_SUB && fold_const(f, a->arg[0], &by))
		return fold_become(f, insn, IR_SUB, width, fold_number(f, by + c), a->arg[1]);
	if (a->op == IR_NOT && a->width >= width && c == 1)
		return fold_become(f, insn, IR_NEG, width, a->arg[0], 0);
	return 0;
}

/* The sum may be part of an address, and @c can be added last. */
static bool adds_to_address(struct fold *f, ir_ref sum, u8 width, u64 *c)
{
	return width == 8 && fold_is_by(f, sum, IR_ADD, width, c);
}

/* One operand with the other one; called both ways round. */
static ir_ref add_pair(struct fold *f, struct ir_insn *insn, ir_ref left, ir_ref right)
{
	const struct ir_insn *a = fold_def(f, left);
	u8 width = insn->width;
	u64 c;

	if (a->width < width)
		return 0;
	if (a->op == IR_NEG)
		return fold_become(f, insn, IR_SUB, width, right, a->arg[0]);
	if (a->op == IR_SUB && a->arg[1] == right)
		return fold_low(f, a->arg[0], width);
	if (adds_to_address(f, left, width, &c)) {
		ir_ref sum = fold_binary(f, IR_ADD, width, a->arg[0], right);

		return fold_become_by(f, insn, IR_ADD, width, sum, c);
	}
	return 0;
}

static ir_ref fold_add(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1], value;
	u64 c;

	if (fold_const(f, b, &c))
		return add_number(f, insn, c);
	if (a == b)
		return fold_become_by(f, insn, IR_SHL, insn->width, a, 1);
	value = add_pair(f, insn, a, b);
	return value || f->again ? value : add_pair(f, insn, b, a);
}

/* What is common to both sides goes. */
static ir_ref sub_common(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]), *b = fold_def(f, insn->arg[1]);
	u8 width = insn->width;

	if (a->op == IR_ADD && a->width >= width) {
		if (a->arg[1] == insn->arg[1])
			return fold_low(f, a->arg[0], width);
		if (a->arg[0] == insn->arg[1])
			return fold_low(f, a->arg[1], width);
	}
	if (b->op == IR_ADD && b->width >= width) {
		if (b->arg[0] == insn->arg[0])
			return fold_become(f, insn, IR_NEG, width, b->arg[1], 0);
		if (b->arg[1] == insn->arg[0])
			return fold_become(f, insn, IR_NEG, width, b->arg[0], 0);
	}
	if (a->op == IR_SUB && a->width >= width && a->arg[0] == insn->arg[1])
		return fold_become(f, insn, IR_NEG, width, a->arg[1], 0);
	return 0;
}

static ir_ref fold_sub(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0], b = insn->arg[1], value;
	u8 width = insn->width;
	u64 c;

	if (a == b)
		return fold_number(f, 0);
	if (fold_const(f, b, &c))
		return fold_become_by(f, insn, IR_ADD, width, a, -c & width_mask(width));
	if (fold_const(f, a, &c) && !c)
		return fold_become(f, insn, IR_NEG, width, b, 0);
	if (fold_def(f, b)->op == IR_NEG && fold_def(f, b)->width >= width)
		return fold_become(f, insn, IR_ADD, width, a, fold_def(f, b)->arg[0]);
	value = sub_common(f, insn);
	if (value || f->again)
		return value;
	if (adds_to_address(f, a, width, &c)) {
		ir_ref rest = fold_binary(f, IR_SUB, width, fold_def(f, a)->arg[0], b);

		return fold_become_by(f, insn, IR_ADD, width, rest, c);
	}
	if (adds_to_address(f, b, width, &c)) {
		ir_ref rest = fold_binary(f, IR_SUB, width, a, fold_def(f, b)->arg[0]);

		return fold_become_by(f, insn, IR_ADD, width, rest, -c & width_mask(width));
	}
	return 0;
}

static ir_ref fold_neg(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *a = fold_def(f, insn->arg[0]);

	if (a->width < insn->width)
		return 0;
	if (a->op == IR_NEG)
		return fold_low(f, a->arg[0], insn->width);
	if (a->op == IR_SUB)
		return fold_become(f, insn, IR_SUB, insn->width, a->arg[1], a->arg[0]);
	return 0;
}

/* ---- multiplication ---- */

static ir_ref fold_mul(struct fold *f, struct ir_insn *insn)
{
	ir_ref a = insn->arg[0];
	u8 width = insn->width;
	u64 c, by;

	if (!fold_const(f, insn->arg[1], &c))
		return 0;
	if (!c)
		return fold_number(f, 0);
	if (c == 1)
		return fold_low(f, a, width);
	if (c == width_mask(width))
		return fold_become(f, insn, IR_NEG, width, a, 0);
	if (is_power_of_two(c))
		return fold_become_by(f, insn, IR_SHL, width, a, (u64)__builtin_ctzll(c));
	if (fold_is_by(f, a, IR_MUL, width, &by))
		return fold_become_by(f, insn, IR_MUL, width, fold_def(f, a)->arg[0], by * c);
	if (fold_is_by(f, a, IR_SHL, width, &by))
		return fold_become_by(f, insn, IR_MUL, width, fold_def(f, a)->arg[0],
				      c << (by & (width * 8u - 1)));
	if (fold_is(f, a, IR_NEG, width))
		return fold_become_by(f, insn, IR_MUL, width, fold_def(f, a)->arg[0], -c);
	return 0;
}

static ir_ref fold_umulh(struct fold *f, struct ir_insn *insn)
{
	u64 c;

	if (!fold_const(f, insn->arg[1], &c))
		return 0;
	if (c <= 1)
		return fold_number(f, 0);
	if (is_power_of_two(c))
		return fold_become_by(f, insn, IR_SHR, 8, insn->arg[0],
				      64 - (u64)__builtin_ctzll(c));
	return 0;
}

/* ---- division ---- */

/* By a power of two, and what ranges decide. */
static ir_ref fold_unsigned(struct fold *f, struct ir_insn *insn)
{
	bool mod = insn->op == IR_UMOD;
	u8 width = insn->width;
	struct range a = range_of_low(f->fn, insn->arg[0], width);
	struct range b = range_of_low(f->fn, insn->arg[1], width);
	u64 c;

	if (b.min && a.max < b.min)
		return mod ? fold_low(f, insn->arg[0], width) : fold_number(f, 0);
	if (b.min && !(insn->flags & IR_SAFE_DIV)) {
		insn->flags |= IR_SAFE_DIV;
		f->changed = true;
	}
	if (!fold_const(f, insn->arg[1], &c))
		return 0;
	if (!c)
		return mod ? fold_low(f, insn->arg[0], width) : fold_number(f, 0);
	if (is_power_of_two(c) && mod)
		return fold_become_by(f, insn, IR_AND, width, insn->arg[0], c - 1);
	if (is_power_of_two(c))
		return fold_become_by(f, insn, IR_SHR, width, insn->arg[0],
				      (u64)__builtin_ctzll(c));
	return 0;
}

static ir_ref fold_udiv(struct fold *f, struct ir_insn *insn)
{
	ir_ref value = fold_unsigned(f, insn);
	u64 c, by;

	if (value || f->again || !fold_const(f, insn->arg[1], &c))
		return value;
	if (fold_is_by(f, insn->arg[0], IR_UDIV, insn->width, &by) && by &&
	    c <= width_mask(insn->width) / by)
		return fold_become_by(f, insn, IR_UDIV, insn->width,
				      fold_def(f, insn->arg[0])->arg[0], c * by);
	return 0;
}

static ir_ref fold_signed(struct fold *f, struct ir_insn *insn)
{
	bool mod = insn->op == IR_SMOD;
	u8 width = insn->width;
	u64 c;

	if (range_of_low(f->fn, insn->arg[0], width).max <= width_smax(width) &&
	    range_of_low(f->fn, insn->arg[1], width).max <= width_smax(width))
		return fold_become(f, insn, mod ? IR_UMOD : IR_UDIV, width, insn->arg[0],
				   insn->arg[1]);
	if (!fold_const(f, insn->arg[1], &c))
		return 0;
	if (!c)
		return mod ? fold_low(f, insn->arg[0], width) : fold_number(f, 0);
	if (c == 1 || c == width_mask(width)) {
		if (mod)
			return fold_number(f, 0);
		return c == 1 ? fold_low(f, insn->arg[0], width)
			      : fold_become(f, insn, IR_NEG, width, insn->arg[0], 0);
	}
	insn->flags |= IR_SAFE_DIV;
	return 0;
}

/* ---- addresses ---- */

/* A number added to the base goes into the displacement. */
static ir_ref fold_address(struct fold *f, struct ir_insn *insn)
{
	u64 c;
	s64 disp;

	if (fold_is_by(f, insn->arg[0], IR_ADD, 8, &c)) {
		disp = (s64)((u64)insn->disp + c);
		if (disp == (s32)disp) {
			insn->disp = (s32)disp;
			insn->arg[0] = fold_def(f, insn->arg[0])->arg[0];
			return fold_again(f);
		}
	}
	if (insn->arg[1] && fold_is_by(f, insn->arg[1], IR_ADD, 8, &c)) {
		disp = (s64)((u64)insn->disp + (c << insn->scale));
		if (disp == (s32)disp) {
			insn->disp = (s32)disp;
			insn->arg[1] = fold_def(f, insn->arg[1])->arg[0];
			return fold_again(f);
		}
	}
	return 0;
}

/* Bits of a stored value above the bytes that are written do not matter. */
static ir_ref fold_store(struct fold *f, struct ir_insn *insn)
{
	const struct ir_insn *value = fold_def(f, insn->arg[2]);
	u64 c;

	if (insn->size < 8) {
		u64 mask = BIT_ULL(insn->size * 8) - 1;
		bool extends = (value->op == IR_ZEXT32 && insn->size <= 4) ||
			       (value->op == IR_SEXT32 && insn->size <= 4) ||
			       (value->op == IR_ZEXT16 && insn->size <= 2) ||
			       (value->op == IR_SEXT16 && insn->size <= 2) ||
			       (value->op == IR_ZEXT8 && insn->size == 1) ||
			       (value->op == IR_SEXT8 && insn->size == 1);
		bool masks = value->op == IR_AND && fold_const(f, value->arg[1], &c) &&
			     (c & mask) == mask;

		if (extends || masks) {
			insn->arg[2] = value->arg[0];
			return fold_again(f);
		}
		if (fold_const(f, insn->arg[2], &c) && c > mask)
			insn->arg[2] = fold_number(f, c & mask);
	}
	return fold_address(f, insn);
}

const fold_rule fold_arith_rules[IR_OP_CNT] = {
	[IR_ADD] = fold_add,	    [IR_SUB] = fold_sub,      [IR_NEG] = fold_neg,
	[IR_MUL] = fold_mul,	    [IR_UMULH] = fold_umulh,  [IR_UDIV] = fold_udiv,
	[IR_UMOD] = fold_unsigned,  [IR_SDIV] = fold_signed,  [IR_SMOD] = fold_signed,
	[IR_LEA] = fold_address,    [IR_LOAD] = fold_address, [IR_STORE] = fold_store,
	[IR_ATOMIC] = fold_address,
};
