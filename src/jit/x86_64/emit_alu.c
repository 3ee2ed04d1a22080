/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic but division. 32-bit operations clear the upper half by themselves, as BPF wants it.
 */
#include "jit/x86_64/x86_64.h"

/* The flags are those of the result; of all conditions only when overflow and carry are 0. */
static void set_flags(struct x86 *e, const struct ir_insn *insn, u8 width, bool all)
{
	e->flags =
		(struct x86_flags){.reg = (u8)insn->loc, .width = width, .all = all, .fresh = true};
}

/* ---- sums ---- */

static void add_literal(struct x86 *e, const struct ir_insn *insn, s64 value)
{
	u8 dst = (u8)insn->loc;
	struct x86_rm a = x86_arg(e, insn, 0), result = x86_in_reg(dst);

	if (a.base != dst) {
		x86_op_mem(e->code, OP_LEA | x86_w(insn->width), dst, a.base, (s32)value);
		return;
	}
	if (value == 128) /* fits in a byte as a negative number alone */
		x86_alu_imm(e->code, x86_w(insn->width), ALU_SUB, &result, -128);
	else
		x86_alu_imm(e->code, x86_w(insn->width), ALU_ADD, &result, (s32)value);
	set_flags(e, insn, insn->width, false);
}

int x86_emit_add(struct x86 *e, const struct ir_insn *insn)
{
	u32 w = x86_w(insn->width);
	u8 dst = (u8)insn->loc;
	struct x86_rm a = x86_arg(e, insn, 0), b;
	s64 value;

	if (x86_literal(e, insn, 1, insn->width, &value)) {
		add_literal(e, insn, value);
		return 0;
	}
	b = x86_arg(e, insn, 1);
	if (!b.mem && b.base == dst)
		b = a;
	else if (!b.mem && a.base != dst) {
		/* rbp and r13 are longer as a base. */
		bool swap = (a.base & 7) == RBP;
		struct x86_rm sum = {
			.mem = true,
			.base = swap ? b.base : a.base,
			.index = swap ? a.base : b.base,
		};

		x86_op(e->code, OP_LEA | w, dst, &sum);
		return 0;
	} else {
		x86_mov(e->code, dst, a.base);
	}
	x86_alu(e->code, w, ALU_ADD, dst, &b);
	set_flags(e, insn, insn->width, false);
	return 0;
}

/* ---- sub, and, or, xor ---- */

static enum x86_alu alu_of(u8 op)
{
	switch (op) {
	case IR_SUB:
		return ALU_SUB;
	case IR_AND:
		return ALU_AND;
	case IR_OR:
		return ALU_OR;
	default:
		return ALU_XOR;
	}
}

/* A single bit, or all but one, that no immediate reaches. */
static bool emit_bit(struct x86 *e, const struct ir_insn *insn, s64 value)
{
	u64 bit = insn->op == IR_AND ? ~(u64)value : (u64)value;
	enum x86_bit op = insn->op == IR_AND ? BIT_RESET : insn->op == IR_OR ? BIT_SET : BIT_FLIP;

	if (fits_s32(value))
		return false;
	x86_bit_imm(e->code, OP_W, op, (u8)insn->loc, (u8)__builtin_ctzll(bit));
	return true;
}

int x86_emit_alu(struct x86 *e, const struct ir_insn *insn)
{
	enum x86_alu op = alu_of(insn->op);
	u32 w = x86_w(insn->width);
	u8 dst = (u8)insn->loc;
	struct x86_rm result = x86_in_reg(dst), b;
	s64 value;

	if (!x86_literal(e, insn, 1, insn->width, &value)) {
		b = x86_arg(e, insn, 1);
		x86_alu(e->code, w, op, dst, &b);
	} else if (op == ALU_AND && value >= 0 && value <= UINT32_MAX) {
		/* Leaves nothing in the upper half either way. */
		x86_alu_imm(e->code, 0, op, &result, (s32)value);
		if (value > INT32_MAX)
			return 0; /* the sign is that of the lower half */
	} else if (emit_bit(e, insn, value)) {
		return 0;
	} else {
		x86_alu_imm(e->code, w, op, &result, (s32)value);
	}
	set_flags(e, insn, insn->width, op != ALU_SUB);
	return 0;
}

int x86_emit_andn(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm a = x86_arg(e, insn, 0);

	x86_vex(e->code, VEX_ANDN | x86_w(insn->width), (u8)insn->loc, (u8)insn->aloc[1], &a);
	set_flags(e, insn, insn->width, true);
	return 0;
}

/* ---- products ---- */

static void mul_literal(struct x86 *e, const struct ir_insn *insn, s64 value)
{
	struct x86_rm a = x86_arg(e, insn, 0);
	u32 w = x86_w(insn->width);
	u8 scale = x86_lea_scale(e->fn, insn);

	if (scale) {
		struct x86_rm sum = {.mem = true, .base = a.base, .index = a.base, .scale = scale};

		x86_op(e->code, OP_LEA | w, (u8)insn->loc, &sum);
	} else if (fits_s8(value)) {
		x86_op(e->code, OP_IMUL_IMM8 | w, (u8)insn->loc, &a);
		x86_put(e->code, (u8)value, 1);
	} else {
		x86_op(e->code, OP_IMUL_IMM | w, (u8)insn->loc, &a);
		x86_put(e->code, (u32)value, 4);
	}
}

int x86_emit_mul(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm b;
	s64 value;

	if (x86_literal(e, insn, 1, insn->width, &value)) {
		mul_literal(e, insn, value);
		return 0;
	}
	b = x86_arg(e, insn, 1);
	x86_op(e->code, OP_IMUL | x86_w(insn->width), (u8)insn->loc, &b);
	return 0;
}

/* rdx * operand 1 without flags, or rax * operand 1 into rdx:rax. */
int x86_emit_umulh(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm b = x86_arg(e, insn, 1);

	if (x86_has(e->fn, X86_BMI2)) /* both halves to one register: the upper one stays */
		x86_vex(e->code, VEX_MULX | OP_W, (u8)insn->loc, (u8)insn->loc, &b);
	else
		x86_op(e->code, OP_UNARY | OP_W, 4, &b);
	return 0;
}

/* ---- shifts ---- */

static void shift_literal(struct x86 *e, const struct ir_insn *insn, enum x86_shift op, u8 count)
{
	u32 w = x86_w(insn->width);
	u8 dst = (u8)insn->loc;
	struct x86_rm a = x86_arg(e, insn, 0), result = x86_in_reg(dst);

	if (op == SHIFT_ROL && (a.mem || a.base != dst)) {
		x86_vex(e->code, VEX_RORX | w, dst, 0, &a);
		x86_put(e->code, (u8)(8 * insn->width - count), 1);
		return;
	}
	if (op == SHIFT_SHL && count == 1)
		x86_alu(e->code, w, ALU_ADD, dst, &result);
	else
		x86_shift_imm(e->code, w, op, &result, count);
	if (op != SHIFT_ROL && count)
		set_flags(e, insn, insn->width, false);
}

int x86_emit_shift(struct x86 *e, const struct ir_insn *insn)
{
	static const struct {
		u8 digit;
		u32 vex; /* the form of BMI2 */
	} forms[IR_OP_CNT] = {
		[IR_SHL] = {SHIFT_SHL, VEX_SHLX},
		[IR_SHR] = {SHIFT_SHR, VEX_SHRX},
		[IR_SAR] = {SHIFT_SAR, VEX_SARX},
		[IR_ROL] = {SHIFT_ROL, 0},
	};
	u32 w = x86_w(insn->width), vex = forms[insn->op].vex;
	u8 digit = forms[insn->op].digit;
	struct x86_rm a;
	s64 count;

	if (x86_literal(e, insn, 1, insn->width, &count)) {
		shift_literal(e, insn, digit, (u8)(count & (8 * insn->width - 1)));
	} else if (vex && x86_has(e->fn, X86_BMI2)) {
		a = x86_arg(e, insn, 0);
		x86_vex(e->code, vex | w, (u8)insn->loc, (u8)insn->aloc[1], &a);
	} else {
		x86_op_reg(e->code, OP_SHIFT_CL | w, digit, (u8)insn->loc);
	}
	return 0;
}

/* ---- one operand ---- */

int x86_emit_unary(struct x86 *e, const struct ir_insn *insn)
{
	x86_op_reg(e->code, OP_UNARY | x86_w(insn->width), insn->op == IR_NEG ? 3 : 2,
		   (u8)insn->loc);
	if (insn->op == IR_NEG)
		set_flags(e, insn, insn->width, false);
	return 0;
}

int x86_emit_extend(struct x86 *e, const struct ir_insn *insn)
{
	static const u32 ops[IR_OP_CNT] = {
		[IR_ZEXT8] = OP_MOVZX8, [IR_ZEXT16] = OP_MOVZX16, [IR_ZEXT32] = OP_MOV_LOAD,
		[IR_SEXT8] = OP_MOVSX8, [IR_SEXT16] = OP_MOVSX16, [IR_SEXT32] = OP_MOVSX32,
	};
	struct x86_rm a = x86_arg(e, insn, 0);
	bool sext = insn->op == IR_SEXT8 || insn->op == IR_SEXT16;

	if (insn->op == IR_SEXT32 && !a.mem && a.base == RAX && insn->loc == RAX)
		x86_put(e->code, 0x9848, 2); /* cdqe */
	else
		x86_op(e->code, ops[insn->op] | (sext ? x86_w(insn->width) : 0), (u8)insn->loc, &a);
	return 0;
}

int x86_emit_bswap(struct x86 *e, const struct ir_insn *insn)
{
	u8 dst = (u8)insn->loc;
	struct x86_rm result = x86_in_reg(dst);

	if (insn->op != IR_BSWAP16) {
		x86_bswap(e->code, insn->op == IR_BSWAP64 ? OP_W : 0, dst);
		return 0;
	}
	x86_shift_imm(e->code, OP_66, SHIFT_ROL, &result, 8);
	if (ir_at(e->fn, insn->arg[0])->umax > UINT16_MAX)
		x86_op_reg(e->code, OP_MOVZX16, dst, dst);
	return 0;
}

int x86_emit_popcnt(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm a = x86_arg(e, insn, 0);

	x86_op(e->code, OP_POPCNT | x86_w(insn->width), (u8)insn->loc, &a);
	return 0;
}
