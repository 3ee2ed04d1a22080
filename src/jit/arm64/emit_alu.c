/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic. 32-bit operations clear the upper half by themselves, as BPF wants it. */
#include "jit/arm64/arm64.h"

/* Operands 0 and 1, of which the second may be shifted. */
static void emit_shifted(struct a64 *e, const struct ir_insn *insn, u32 op)
{
	static const u8 shifts[] = {
		[A64_PLAIN] = SHIFT_LSL,
		[A64_ARG1_LSL] = SHIFT_LSL,
		[A64_ARG1_LSR] = SHIFT_LSR,
		[A64_ARG1_ASR] = SHIFT_ASR,
	};

	a64_shifted(e->code, op | a64_w(insn->width), (u8)insn->loc, a64_reg(e, insn, 0),
		    a64_reg(e, insn, 1), shifts[insn->target], insn->target ? insn->scale : 0);
}

int a64_emit_add(struct a64 *e, const struct ir_insn *insn)
{
	s64 value;

	if (a64_literal(e, insn, 1, insn->width, &value))
		a64_add_imm(e->code, A64_ADD_IMM | a64_w(insn->width), (u8)insn->loc,
			    a64_reg(e, insn, 0), value);
	else
		emit_shifted(e, insn, insn->op == IR_ADD ? A64_ADD : A64_SUB);
	return 0;
}

/* ---- logic ---- */

static void emit_field(struct a64 *e, const struct ir_insn *insn)
{
	u64 mask = (u64)ir_at(e->fn, insn->arg[1])->imm;

	a64_extract(e->code, A64_UBFM | a64_w(insn->size), (u8)insn->loc, a64_reg(e, insn, 0),
		    insn->scale, (u8)__builtin_popcountll(mask));
}

int a64_emit_logic(struct a64 *e, const struct ir_insn *insn)
{
	static const struct {
		u32 op, imm;
	} ops[IR_OP_CNT] = {
		[IR_AND] = {A64_AND, A64_AND_IMM},
		[IR_OR] = {A64_ORR, A64_ORR_IMM},
		[IR_XOR] = {A64_EOR, A64_EOR_IMM},
		[IR_ANDN] = {A64_BIC, 0},
	};
	s64 value;

	if (insn->target == A64_FIELD)
		emit_field(e, insn);
	else if (a64_literal(e, insn, 1, insn->width, &value))
		a64_logical_imm(e->code, ops[insn->op].imm | a64_w(insn->width), (u8)insn->loc,
				a64_reg(e, insn, 0), (u64)value);
	else
		emit_shifted(e, insn, ops[insn->op].op);
	return 0;
}

/* ---- products and quotients ---- */

int a64_emit_mul(struct a64 *e, const struct ir_insn *insn)
{
	u32 op = insn->target == A64_MUL_SUB ? A64_MSUB : A64_MADD;
	u8 to = insn->target ? a64_reg(e, insn, 2) : A64_ZR;

	a64_rrrr(e->code, op | a64_w(insn->width), (u8)insn->loc, a64_reg(e, insn, 0),
		 a64_reg(e, insn, 1), to);
	return 0;
}

int a64_emit_umulh(struct a64 *e, const struct ir_insn *insn)
{
	a64_rrr(e->code, A64_UMULH, (u8)insn->loc, a64_reg(e, insn, 0), a64_reg(e, insn, 1));
	return 0;
}

/* By zero the machine gives 0, and of the smallest number by -1 itself, as BPF does. */
int a64_emit_division(struct a64 *e, const struct ir_insn *insn)
{
	bool is_signed = insn->op == IR_SDIV || insn->op == IR_SMOD;
	bool is_mod = insn->op == IR_UMOD || insn->op == IR_SMOD;
	u32 w = a64_w(insn->width);
	u8 a = a64_reg(e, insn, 0), b = a64_reg(e, insn, 1);

	a64_rrr(e->code, (is_signed ? A64_SDIV : A64_UDIV) | w,
		is_mod ? A64_SCRATCH : (u8)insn->loc, a, b);
	if (is_mod)
		a64_rrrr(e->code, A64_MSUB | w, (u8)insn->loc, A64_SCRATCH, b, a);
	return 0;
}

/* ---- shifts ---- */

/* Numbers in registers count modulo the width, as in BPF. */
int a64_emit_shift(struct a64 *e, const struct ir_insn *insn)
{
	static const struct {
		u32 op;
		u8 shift;
	} ops[IR_OP_CNT] = {
		[IR_SHL] = {A64_LSLV, SHIFT_LSL},
		[IR_SHR] = {A64_LSRV, SHIFT_LSR},
		[IR_SAR] = {A64_ASRV, SHIFT_ASR},
	};
	u32 w = a64_w(insn->width);
	s64 count;

	if (a64_literal(e, insn, 1, insn->width, &count))
		a64_shift_imm(e->code, w, ops[insn->op].shift, (u8)insn->loc, a64_reg(e, insn, 0),
			      (u8)(count & (8 * insn->width - 1)));
	else
		a64_rrr(e->code, ops[insn->op].op | w, (u8)insn->loc, a64_reg(e, insn, 0),
			a64_reg(e, insn, 1));
	return 0;
}

/* To the left is to the right by the negative. */
int a64_emit_rotate(struct a64 *e, const struct ir_insn *insn)
{
	u32 w = a64_w(insn->width);
	s64 count;

	if (a64_literal(e, insn, 1, insn->width, &count)) {
		a64_rotate_right(e->code, w, (u8)insn->loc, a64_reg(e, insn, 0),
				 (u8)(-count & (8 * insn->width - 1)));
		return 0;
	}
	a64_rrr(e->code, A64_SUB, A64_SCRATCH, A64_ZR, a64_reg(e, insn, 1));
	a64_rrr(e->code, A64_RORV | w, (u8)insn->loc, a64_reg(e, insn, 0), A64_SCRATCH);
	return 0;
}

/* ---- one operand ---- */

int a64_emit_unary(struct a64 *e, const struct ir_insn *insn)
{
	u32 op = insn->op == IR_NEG ? A64_SUB : A64_ORN;

	a64_rrr(e->code, op | a64_w(insn->width), (u8)insn->loc, A64_ZR, a64_reg(e, insn, 0));
	return 0;
}

int a64_emit_extend(struct a64 *e, const struct ir_insn *insn)
{
	u8 rd = (u8)insn->loc, rn = a64_reg(e, insn, 0);
	u32 w = a64_w(insn->width);

	switch (insn->op) {
	case IR_ZEXT8:
		a64_extract(e->code, A64_UBFM, rd, rn, 0, 8);
		break;
	case IR_ZEXT16:
		a64_extract(e->code, A64_UBFM, rd, rn, 0, 16);
		break;
	case IR_ZEXT32:
		a64_rrr(e->code, A64_ORR, rd, A64_ZR, rn);
		break;
	case IR_SEXT8:
		a64_extract(e->code, A64_SBFM | w, rd, rn, 0, 8);
		break;
	case IR_SEXT16:
		a64_extract(e->code, A64_SBFM | w, rd, rn, 0, 16);
		break;
	default:
		a64_extract(e->code, A64_SBFM | A64_X, rd, rn, 0, 32);
		break;
	}
	return 0;
}

int a64_emit_bswap(struct a64 *e, const struct ir_insn *insn)
{
	u8 rd = (u8)insn->loc, rn = a64_reg(e, insn, 0);

	switch (insn->op) {
	case IR_BSWAP16:
		a64_rr(e->code, A64_REV16, rd, rn);
		if (ir_at(e->fn, insn->arg[0])->umax > UINT16_MAX)
			a64_extract(e->code, A64_UBFM, rd, rd, 0, 16);
		break;
	case IR_BSWAP32:
		a64_rr(e->code, A64_REV32, rd, rn);
		break;
	default:
		a64_rr(e->code, A64_REV64, rd, rn);
		break;
	}
	return 0;
}

/* By a vector register, which nobody else uses. */
int a64_emit_popcnt(struct a64 *e, const struct ir_insn *insn)
{
	const u8 v = 31;
	u32 to = insn->width == 8 ? A64_FMOV_TO | A64_FMOV_TO_D | A64_X : A64_FMOV_TO;

	a64_rr(e->code, to, v, a64_reg(e, insn, 0));
	a64_rr(e->code, A64_CNT, v, v);
	a64_rr(e->code, A64_ADDV, v, v);
	a64_rr(e->code, A64_FMOV_FROM, (u8)insn->loc, v);
	return 0;
}
