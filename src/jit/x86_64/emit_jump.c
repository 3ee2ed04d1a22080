/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparisons and what follows from them: jumps, conditional moves, truth values; ends of blocks.
 */
#include "jit/x86_64/x86_64.h"

/* ---- comparisons ---- */

static const u8 cc_of[IR_CC_CNT] = {
	[IR_EQ] = CC_E,	  [IR_NE] = CC_NE, [IR_ULT] = CC_B,   [IR_UGE] = CC_AE,
	[IR_ULE] = CC_BE, [IR_UGT] = CC_A, [IR_SLT] = CC_L,   [IR_SGE] = CC_GE,
	[IR_SLE] = CC_LE, [IR_SGT] = CC_G, [IR_TEST] = CC_NE, [IR_NTEST] = CC_E,
};

static bool is_test(const struct ir_insn *insn)
{
	return insn->cc == IR_TEST || insn->cc == IR_NTEST;
}

/*
 * The condition that the flags already tell of a comparison with 0, or
 * CC_ALWAYS when they do not.
 */
static u8 cc_of_flags(const struct x86 *e, const struct ir_insn *insn)
{
	s64 value;

	if (is_test(insn) || !x86_literal(e, insn, 1, insn->cmp_width, &value) || value ||
	    x86_is_folded(insn))
		return CC_ALWAYS;
	if (insn->aloc[0] != e->flags.reg || insn->cmp_width != e->flags.width)
		return CC_ALWAYS;
	switch (insn->cc) {
	case IR_EQ:
	case IR_NE:
		return cc_of[insn->cc];
	case IR_SLT:
		return CC_S;
	case IR_SGE:
		return CC_NS;
	default:
		return e->flags.all ? cc_of[insn->cc] : CC_ALWAYS;
	}
}

bool x86_flags_wanted(const struct x86 *e, const struct ir_insn *insn)
{
	if (e->flags.reg == X86_NO_REG)
		return false;
	do
		insn = ir_at(e->fn, insn->next);
	while (insn->op == IR_MOVE || insn->op == IR_IMM);
	return ir_flags(insn) & IR_OP_CC && cc_of_flags(e, insn) != CC_ALWAYS;
}

/* Tests bits that are known now; the condition of their not all being 0. */
static u8 test_literal(struct x86 *e, const struct ir_insn *insn, s64 value)
{
	struct x86_rm a = x86_arg(e, insn, 0);
	u64 bits = (u64)value;
	u32 shift = bits ? (u32)__builtin_ctzll(bits) / 8 : 0;

	if (insn->cmp_width == 4)
		bits = (u32)bits;
	if (a.mem && bits >> (8 * shift) <= UINT8_MAX) { /* one byte of memory */
		a.disp += (s32)shift;
		x86_op(e->code, OP_TEST_IMM8, 0, &a);
		x86_put(e->code, bits >> (8 * shift), 1);
	} else if (bits <= UINT8_MAX) {
		x86_op(e->code, OP_TEST_IMM8, 0, &a);
		x86_put(e->code, bits, 1);
	} else if (bits <= UINT32_MAX) {
		x86_op(e->code, OP_TEST_IMM, 0, &a);
		x86_put(e->code, bits, 4);
	} else if (fits_s32(value)) {
		x86_op(e->code, OP_TEST_IMM | OP_W, 0, &a);
		x86_put(e->code, bits, 4);
	} else { /* a single one */
		x86_bit_imm(e->code, OP_W, BIT_TEST, a.base, (u8)__builtin_ctzll(bits));
		return CC_B;
	}
	return CC_NE;
}

static void compare_literal(struct x86 *e, const struct ir_insn *insn, s64 value)
{
	struct x86_rm a = x86_arg(e, insn, 0);
	u32 w = x86_w(insn->cmp_width);

	if (insn->cmp_width == 1) {
		x86_op(e->code, 0x80 | OP_RM_BYTE, ALU_CMP, &a);
		x86_put(e->code, (u8)value, 1);
	} else if (insn->cmp_width == 2) { /* lowering made it of small numbers alone */
		x86_alu_imm(e->code, OP_66, ALU_CMP, &a, (s32)value);
	} else if (!value && !a.mem) {
		x86_op(e->code, OP_TEST | w, a.base, &a);
	} else {
		x86_alu_imm(e->code, w, ALU_CMP, &a, (s32)value);
	}
}

/* Sets the flags; the condition. */
static u8 compare(struct x86 *e, const struct ir_insn *insn)
{
	u8 cc = cc_of_flags(e, insn);
	u32 w = x86_w(insn->cmp_width);
	struct x86_rm a, b;
	s64 value;

	if (cc != CC_ALWAYS)
		return cc;
	cc = cc_of[insn->cc];
	if (x86_literal(e, insn, 1, insn->cmp_width, &value)) {
		if (is_test(insn))
			return test_literal(e, insn, value) ^ (insn->cc == IR_NTEST);
		compare_literal(e, insn, value);
		return cc;
	}
	a = x86_arg(e, insn, 0);
	b = x86_arg(e, insn, 1);
	if (is_test(insn)) /* whose operands may be swapped */
		x86_op(e->code, OP_TEST | w, a.mem ? b.base : a.base, a.mem ? &a : &b);
	else if (b.mem)
		x86_alu(e->code, w, ALU_CMP, a.base, &b);
	else
		x86_alu_to(e->code, w, ALU_CMP, &a, b.base);
	return cc;
}

/* ---- values of comparisons ---- */

static bool uses_reg(const struct x86 *e, const struct ir_insn *insn, u16 reg)
{
	u32 n = ir_nargs(e->fn, insn);

	for (u32 i = 0; i < n; i++) {
		if (insn->arg[i] && insn->aloc[i] == reg)
			return true;
	}
	return false;
}

int x86_emit_set(struct x86 *e, const struct ir_insn *insn)
{
	u8 dst = (u8)insn->loc, cc;
	bool first = cc_of_flags(e, insn) == CC_ALWAYS && !uses_reg(e, insn, insn->loc);

	if (first)
		x86_zero(e->code, dst);
	cc = compare(e, insn);
	x86_op_reg(e->code, OP_SETCC | cc, 0, dst);
	if (!first)
		x86_op_reg(e->code, OP_MOVZX8, dst, dst);
	return 0;
}

int x86_emit_select(struct x86 *e, const struct ir_insn *insn)
{
	u8 dst = (u8)insn->loc, cc = compare(e, insn);
	bool narrow = ir_upper_zero(e->fn, insn->arg[2]) && ir_upper_zero(e->fn, insn->arg[3]);
	const struct ir_insn *yes = ir_at(e->fn, insn->arg[2]), *no = ir_at(e->fn, insn->arg[3]);
	struct x86_rm move = x86_arg(e, insn, 2), stay = x86_arg(e, insn, 3);

	/* dst is to hold what stays when the condition of the move does not hold. */
	if (ir_is_literal(e->fn, insn->arg[2]) || (!move.mem && move.base == dst)) {
		struct x86_rm swap = move;

		move = stay;
		stay = swap;
		no = yes;
		cc ^= 1;
	}
	if (no->op == IR_CONST || no->op == IR_ADDR)
		x86_materialise(e, dst, no, true);
	else if (stay.mem)
		x86_op(e->code, OP_MOV_LOAD | OP_W, dst, &stay);
	else
		x86_mov(e->code, dst, stay.base);
	x86_op(e->code, OP_CMOV | (narrow ? 0 : OP_W) | cc, dst, &move);
	return 0;
}

/* ---- ends of blocks ---- */

static void jump_unless_next(struct x86 *e, u32 label)
{
	if (label != e->next)
		x86_jump(e, CC_ALWAYS, label);
}

int x86_emit_br(struct x86 *e, const struct ir_insn *insn)
{
	const struct ir_block *block = ir_block(e->fn, insn->block);
	u32 yes = e->landing[block->succ[0]], no = e->landing[block->succ[1]];
	u8 cc;

	if (yes != no) {
		cc = compare(e, insn);
		if (yes == e->next) {
			x86_jump(e, cc ^ 1, no);
			return 0;
		}
		x86_jump(e, cc, yes);
	}
	jump_unless_next(e, no);
	return 0;
}

int x86_emit_jmp(struct x86 *e, const struct ir_insn *insn)
{
	jump_unless_next(e, e->landing[ir_block(e->fn, insn->block)->succ[0]]);
	return 0;
}

int x86_emit_ret(struct x86 *e, const struct ir_insn *insn)
{
	const struct ir_insn *value = ir_at(e->fn, insn->arg[0]);

	if (ir_is_literal(e->fn, insn->arg[0]))
		x86_materialise(e, RAX, value, false);
	x86_return(e);
	return 0;
}

int x86_emit_trap(struct x86 *e, const struct ir_insn *insn __unused)
{
	x86_put(e->code, 0x0b0f, 2); /* ud2 */
	return 0;
}
