/* SPDX-License-Identifier: BSD-2-Clause */
/* Which literals instructions hold. */
#include "jit/x86_64/x86_64.h"

static bool is_power_of_2(u64 v)
{
	return v && !(v & (v - 1));
}

static bool fits_u32(s64 v)
{
	return v == (u32)v;
}

/* Of an address: small enough to stand in it. */
static bool fits_disp(const struct ir_insn *literal, s32 disp)
{
	return literal->op == IR_CONST && fits_s32(literal->imm) && fits_s32(literal->imm + disp);
}

/* Of a second operand of arithmetic. */
static bool fits_alu(const struct ir_insn *insn, u64 value)
{
	s64 v = insn->width == 8 ? (s64)value : (s32)value;

	if (fits_s32(v))
		return true;
	switch (insn->op) {
	case IR_AND:
		return fits_u32(v) || is_power_of_2(~value);
	case IR_OR:
	case IR_XOR:
		return is_power_of_2(value);
	default:
		return false;
	}
}

static bool fits_compare(const struct ir_insn *insn, u64 value)
{
	s64 v = insn->cmp_width == 8 ? (s64)value : (s32)value;

	if (fits_s32(v))
		return true;
	return (insn->cc == IR_TEST || insn->cc == IR_NTEST) &&
	       (fits_u32(v) || is_power_of_2(value));
}

static bool fits_store(const struct ir_insn *insn, s64 value)
{
	if (insn->target == X86_SWAPPED)
		return false;
	return insn->size < 8 || fits_s32(value);
}

static bool fits_atomic(const struct ir_insn *insn, s64 value)
{
	bool plain = insn->imm == BPF_ADD || insn->imm == BPF_AND || insn->imm == BPF_OR ||
		     insn->imm == BPF_XOR;

	return plain && (insn->size == 4 || fits_s32(value));
}

static bool const_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i, s64 value)
{
	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
	case IR_MUL:
		return i == 1 && fits_alu(insn, (u64)value);
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_ROL:
		return i == 1;
	case IR_SET:
	case IR_BR:
		return i == 1 && fits_compare(insn, (u64)value);
	case IR_SELECT:
		if (i < 2)
			return i == 1 && fits_compare(insn, (u64)value);
		return i == 3 || (i == 2 && !ir_is_literal(fn, insn->arg[3]));
	case IR_STORE:
		return i == 2 && fits_store(insn, value);
	case IR_ATOMIC:
		return i == 2 && fits_atomic(insn, value);
	default:
		return false;
	}
}

bool x86_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	const struct ir_insn *literal = ir_at(fn, insn->arg[i]);
	bool is_base = ir_flags(insn) & IR_OP_MEM ? i == 0
						  : x86_is_folded(insn) && i == x86_folded_at(insn);

	if (insn->op == IR_CALL || insn->op == IR_CALL_SUB || insn->op == IR_RET)
		return true;
	if (insn->op == IR_TAIL_CALL)
		return x86_tail_call_encodable(fn, insn, i);
	if (is_base)
		return fits_disp(literal, insn->disp);
	return literal->op == IR_CONST && const_encodable(fn, insn, i, literal->imm);
}

u8 x86_lea_scale(const struct ir_fn *fn, const struct ir_insn *insn)
{
	s64 by = ir_at(fn, insn->arg[1])->imm;

	if (insn->op != IR_MUL || !ir_is_const(fn, insn->arg[1]) || insn->target)
		return 0;
	return by == 3 ? 1 : by == 5 ? 2 : by == 9 ? 3 : 0;
}

void x86_place_literals(struct ir_fn *fn)
{
	jit_place_literals(fn, x86_encodable);
}
