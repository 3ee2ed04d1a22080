/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division: rdx:rax by operand 1, the quotient in rax, the remainder in rdx.
 * BPF gives division by zero and of the smallest number by -1 a meaning; the
 * machine raises an exception.
 */
#include "jit/x86_64/x86_64.h"

static void divide(struct x86 *e, u32 w, bool is_signed, const struct x86_rm *by)
{
	if (!is_signed)
		x86_zero(e->code, RDX);
	else if (w)
		x86_put(e->code, 0x9948, 2); /* cqo */
	else
		x86_put(e->code, 0x99, 1); /* cdq */
	x86_op(e->code, OP_UNARY | w, is_signed ? 7 : 6, by);
}

static void test_zero(struct x86 *e, u32 w, const struct x86_rm *rm)
{
	if (rm->mem)
		x86_alu_imm(e->code, w, ALU_CMP, rm, 0);
	else
		x86_op(e->code, OP_TEST | w, rm->base, rm);
}

static void divide_unsigned(struct x86 *e, u32 w, bool is_mod, const struct x86_rm *by)
{
	u32 usual = sites_label(&e->sites), done = sites_label(&e->sites);

	if (is_mod) /* what is left when dividing by zero */
		x86_op_reg(e->code, OP_MOV_STORE | w, RAX, RDX);
	test_zero(e, w, by);
	if (is_mod) {
		x86_jump(e, CC_E, done);
	} else {
		x86_jump(e, CC_NE, usual);
		x86_zero(e->code, RAX);
		x86_jump(e, CC_ALWAYS, done);
	}
	x86_bind(e, usual);
	divide(e, w, false, by);
	x86_bind(e, done);
}

/*
 * 0 and -1 take another way: the quotient is then the product of both, and
 * the remainder that of the dividend and the divisor + 1.
 */
static void divide_signed(struct x86 *e, u32 w, bool is_mod, const struct x86_rm *by)
{
	u32 usual = sites_label(&e->sites), done = sites_label(&e->sites);
	struct x86_rm rdx = x86_in_reg(RDX), rax = x86_in_reg(RAX);

	x86_op(e->code, OP_MOV_LOAD | w, RDX, by);
	x86_alu_imm(e->code, w, ALU_ADD, &rdx, 1);
	x86_alu_imm(e->code, w, ALU_CMP, &rdx, 1);
	x86_jump(e, CC_A, usual);
	if (is_mod)
		x86_op(e->code, OP_IMUL | w, RDX, &rax);
	else
		x86_op(e->code, OP_IMUL | w, RAX, by);
	x86_jump(e, CC_ALWAYS, done);
	x86_bind(e, usual);
	divide(e, w, true, by);
	x86_bind(e, done);
}

int x86_emit_division(struct x86 *e, const struct ir_insn *insn)
{
	bool is_signed = insn->op == IR_SDIV || insn->op == IR_SMOD;
	bool is_mod = insn->op == IR_UMOD || insn->op == IR_SMOD;
	struct x86_rm by = x86_arg(e, insn, 1);
	u32 w = x86_w(insn->width);

	if (insn->flags & IR_SAFE_DIV)
		divide(e, w, is_signed, &by);
	else if (is_signed)
		divide_signed(e, w, is_mod, &by);
	else
		divide_unsigned(e, w, is_mod, &by);
	return 0;
}
