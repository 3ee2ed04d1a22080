/* SPDX-License-Identifier: BSD-2-Clause */
/* Which literals instructions hold. */
#include "jit/arm64/arm64.h"

static bool is_logical(u64 value, u8 width)
{
	u32 bits;

	return a64_logical(value, width, &bits);
}

static bool fits_condition(const struct ir_insn *insn, u64 value)
{
	if (insn->cc == IR_TEST || insn->cc == IR_NTEST)
		return is_logical(value, insn->cmp_width);
	return a64_fits_compare(insn->cmp_width, value);
}

/* 0 is a register; 1 and -1 are what is made of it, instead of operand 3. */
static bool fits_select(const struct ir_fn *fn, const struct ir_insn *insn, u32 i, s64 value)
{
	if (!value)
		return true;
	return (value == 1 || value == -1) && (i == 3 || !ir_is_literal(fn, insn->arg[3]));
}

static bool const_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i, s64 value)
{
	switch (insn->op) {
	case IR_ADD:
		return i == 1 && a64_is_add(insn->width == 8 ? value : (s32)value);
	case IR_AND:
	case IR_OR:
	case IR_XOR:
		return i == 1 && (insn->target == A64_FIELD || is_logical((u64)value, insn->width));
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_ROL:
		return i == 1;
	case IR_SET:
	case IR_BR:
		return i == 1 && fits_condition(insn, (u64)value);
	case IR_SELECT:
		if (i < 2)
			return i == 1 && fits_condition(insn, (u64)value);
		return fits_select(fn, insn, i, value);
	case IR_STORE:
	case IR_ATOMIC:
		return i == 2 && !value;
	default:
		return false;
	}
}

bool a64_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	const struct ir_insn *literal = ir_at(fn, insn->arg[i]);

	if (insn->op == IR_CALL || insn->op == IR_CALL_SUB || insn->op == IR_RET)
		return true;
	if (insn->op == IR_TAIL_CALL)
		return i == 1 && literal->op == IR_ADDR && !fn->unit->aot;
	return literal->op == IR_CONST && const_encodable(fn, insn, i, literal->imm);
}

void a64_place_literals(struct ir_fn *fn)
{
	jit_place_literals(fn, a64_encodable);
}
