/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: what the machine has no instruction for becomes several
 * instructions, and what has a better form gets it.
 */
#include "jit/x86_64/x86_64.h"

/* ---- arithmetic ---- */

/* Subtracting a literal is adding another; from a literal: adding to the negative. */
static void expand_sub(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	ir_ref a = insn->arg[0], b = insn->arg[1];

	if (ir_is_const(fn, b)) {
		jit_rewrite(insn, IR_ADD, a, ir_const(fn, 0 - (u64)ir_at(fn, b)->imm));
	} else if (ir_is_const_of(fn, a, 0)) {
		jit_rewrite(insn, IR_NEG, b, 0);
	} else if (ir_is_const(fn, a)) {
		b = jit_before(fn, ref, ir_unary(IR_NEG, insn->width, b));
		jit_rewrite(insn, IR_ADD, b, a);
	}
}

/* An address in the frame is one with another offset. */
static void expand_add(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *a = ir_at(fn, insn->arg[0]), *b = ir_at(fn, insn->arg[1]);

	if (a->op != IR_FRAME || b->op != IR_CONST || insn->width != 8 || !fits_s32(b->imm) ||
	    !fits_s32(a->imm + b->imm))
		return;
	insn->imm = a->imm + b->imm;
	jit_rewrite(insn, IR_FRAME, 0, 0);
}

/* Masks of the low bytes have instructions of their own, which leave the operand alone. */
static void expand_and(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	ir_ref a = insn->arg[0], b = insn->arg[1];

	if (ir_is_const_of(fn, b, UINT8_MAX))
		jit_rewrite(insn, IR_ZEXT8, a, 0);
	else if (ir_is_const_of(fn, b, UINT16_MAX))
		jit_rewrite(insn, IR_ZEXT16, a, 0);
	else if (ir_is_const_of(fn, b, UINT32_MAX))
		jit_rewrite(insn, IR_ZEXT32, a, 0);
	else if (ir_upper_zero(fn, a) || ir_upper_zero(fn, b))
		insn->width = 4;
}

static void expand_andn(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	ir_ref inverted;

	if (x86_has(fn, X86_BMI1))
		return;
	inverted = jit_before(fn, ref, ir_unary(IR_NOT, insn->width, insn->arg[1]));
	jit_rewrite(insn, IR_AND, insn->arg[0], inverted);
}

/* ---- comparisons ---- */

/* Numbers of 32 bits compare so, without a sign. */
static void narrow_compare(struct ir_fn *fn, struct ir_insn *insn)
{
	static const u8 without_sign[IR_CC_CNT] = {
		[IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_ULT] = IR_ULT,   [IR_UGE] = IR_UGE,
		[IR_ULE] = IR_ULE, [IR_UGT] = IR_UGT, [IR_SLT] = IR_ULT,   [IR_SGE] = IR_UGE,
		[IR_SLE] = IR_ULE, [IR_SGT] = IR_UGT, [IR_TEST] = IR_TEST, [IR_NTEST] = IR_NTEST,
	};
	bool a = ir_upper_zero(fn, insn->arg[0]), b = ir_upper_zero(fn, insn->arg[1]);
	bool test = insn->cc == IR_TEST || insn->cc == IR_NTEST;

	if (insn->cmp_width == 8 && (test ? a || b : a && b)) {
		insn->cmp_width = 4;
		insn->cc = without_sign[insn->cc];
	}
}

static void expand_compare(struct ir_fn *fn, struct ir_insn *insn)
{
	if (ir_is_literal(fn, insn->arg[0]) && !ir_is_literal(fn, insn->arg[1])) {
		jit_swap_args(insn);
		insn->cc = (u8)ir_cc_swap(insn->cc);
	}
	narrow_compare(fn, insn);
}

/* ---- the rest ---- */

/* Literals come second, and what ends here comes first, because the result takes its place. */
static void order_operands(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *a = ir_at(fn, insn->arg[0]), *b = ir_at(fn, insn->arg[1]);

	if (ir_is_literal(fn, insn->arg[0]) ||
	    (!ir_is_literal(fn, insn->arg[1]) && a->uses > 1 && b->uses == 1))
		jit_swap_args(insn);
}

/* What nobody asks for need not be fetched. */
static void expand_atomic(struct ir_insn *insn)
{
	if (!insn->uses && insn->imm != BPF_XCHG && insn->imm != BPF_CMPXCHG)
		insn->imm &= ~BPF_FETCH;
}

static void expand_tail_call(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);

	if (!ir_upper_zero(fn, insn->arg[2]))
		insn->arg[2] = jit_before(fn, ref, ir_unary(IR_ZEXT32, 8, insn->arg[2]));
}

/* rsp cannot be an index. */
static void order_address(struct ir_fn *fn, struct ir_insn *insn)
{
	if (insn->arg[1] && !insn->scale && ir_at(fn, insn->arg[1])->op == IR_FRAME)
		jit_swap_args(insn);
}

static void expand(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	u16 flags = ir_flags(insn);

	if (flags & IR_OP_COMM)
		order_operands(fn, insn);
	if (flags & IR_OP_CC)
		expand_compare(fn, insn);
	if (flags & IR_OP_MEM)
		order_address(fn, insn);
	switch (insn->op) {
	case IR_ADD:
		expand_add(fn, insn);
		break;
	case IR_SUB:
		expand_sub(fn, ref);
		break;
	case IR_AND:
		expand_and(fn, ref);
		break;
	case IR_OR:
	case IR_XOR:
		if (ir_upper_zero(fn, insn->arg[0]) && ir_upper_zero(fn, insn->arg[1]))
			insn->width = 4;
		break;
	case IR_ANDN:
		expand_andn(fn, ref);
		break;
	case IR_UDIV:
	case IR_UMOD:
	case IR_SDIV:
	case IR_SMOD:
		jit_narrow_division(fn, insn);
		break;
	case IR_POPCNT:
		if (!x86_has(fn, X86_POPCNT))
			jit_expand_popcnt(fn, ref);
		break;
	case IR_ATOMIC:
		expand_atomic(insn);
		break;
	case IR_TAIL_CALL:
		expand_tail_call(fn, ref);
		break;
	default:
		break;
	}
}

void x86_expand(struct ir_fn *fn)
{
	ir_count_uses(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref)
			expand(fn, ref);
	}
}

/* What has no users any more goes, from the end on, so that its operands can follow. */
static void drop_unused(struct ir_fn *fn)
{
	ir_count_uses(fn);
	for (u32 i = fn->norder; i-- > 0;) {
		for (ir_ref ref = ir_block(fn, fn->order[i])->last, prev; ref; ref = prev) {
			const struct ir_insn *insn = ir_at(fn, ref);
			u32 n = ir_nargs(fn, insn);

			prev = insn->prev;
			if (insn->uses || insn->op == IR_PHI || !(ir_flags(insn) & IR_OP_PURE))
				continue;
			for (u32 k = 0; k < n; k++)
				ir_at(fn, insn->arg[k])->uses--;
			ir_remove(fn, ref);
		}
	}
}

void x86_lower(struct ir_fn *fn)
{
	x86_expand(fn);
	jit_blind(fn);
	if (unit_pass(fn->unit, JIT_PASS_ADDRESS)) {
		x86_fold_addresses(fn);
		drop_unused(fn);
		x86_fold_memory(fn);
	}
	x86_place_literals(fn);
}
