/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Literals: which of them instructions hold, and where the others are put into
 * registers: in front of their first use in a block, or, for loops, before the
 * outermost one. Register allocation makes them again where registers are short.
 */
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

/* ---- the others ---- */

/* Where a literal was put last. */
struct placed {
	ir_ref imm;
	u32 block;
};

/* The block that @block is run no more often than, and outside of all loops. */
static u32 outside_loops(const struct ir_fn *fn, u32 block)
{
	while (ir_block(fn, block)->loop != IR_NO_LOOP)
		block = ir_block(fn, ir_block(fn, block)->loop)->idom;
	return block;
}

static ir_ref place(struct ir_fn *fn, struct placed *placed, ir_ref literal, ir_ref at)
{
	const struct ir_insn *value = ir_at(fn, literal);
	u32 use = ir_at(fn, at)->block, block = outside_loops(fn, use);
	struct ir_insn imm = {
		.op = IR_IMM,
		.width = 8,
		.imm = value->imm,
		.sym = value->sym,
		.umin = value->umin,
		.umax = value->umax,
		.pc = ir_at(fn, at)->pc,
	};

	if (placed[literal].imm && placed[literal].block == block)
		return placed[literal].imm;
	placed[literal].block = block;
	placed[literal].imm = ir_insert(fn, block == use ? at : ir_block(fn, block)->last, imm);
	return placed[literal].imm;
}

void x86_place_literals(struct ir_fn *fn)
{
	struct placed *placed = arena_zalloc_array(fn->arena, fn->ninsns, sizeof(*placed));

	if (!placed) {
		fn->failed = true;
		return;
	}
	ir_each_block(fn, b)
	{
		ir_each(fn, b, ref)
		{
			struct ir_insn *insn = ir_at(fn, ref);
			u32 n = insn->op == IR_PHI ? 0 : ir_nargs(fn, insn);

			for (u32 i = 0; i < n; i++) {
				ir_ref arg = insn->arg[i];

				if (arg && ir_is_literal(fn, arg) && !x86_encodable(fn, insn, i))
					insn->arg[i] = place(fn, placed, arg, ref);
			}
		}
	}
}
