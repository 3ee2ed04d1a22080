/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic. 32-bit operations clear the upper half by themselves, as BPF wants it. */
#include <errno.h>

#include "jit/simple/x86_64/x86_64.h"

static bool is_reg_form(const struct bpf_insn *insn)
{
	return BPF_SRC(insn->code) == BPF_X;
}

static void emit_simple(struct jit *jit, const struct bpf_insn *insn, enum simple_alu op)
{
	u32 w = width_of(insn);

	if (is_reg_form(insn)) {
		simple_alu(jit, w, op, dst_of(insn), src_of(insn));
		return;
	}
	/* A mask without the upper half leaves nothing there either way. */
	if (op == ALU_AND && insn->imm >= 0)
		w = 0;
	simple_alu_imm(jit, w, op, dst_of(insn), insn->imm);
}

static void emit_mul(struct jit *jit, const struct bpf_insn *insn)
{
	u32 w = width_of(insn);
	u8 dst = dst_of(insn);

	if (is_reg_form(insn)) {
		simple_reg(jit, OP_IMUL | w, dst, src_of(insn));
	} else if (fits_s8(insn->imm)) {
		simple_reg(jit, OP_IMUL_IMM8 | w, dst, dst);
		jit_put(jit, (u8)insn->imm, 1);
	} else {
		simple_reg(jit, OP_IMUL_IMM | w, dst, dst);
		jit_put(jit, (u32)insn->imm, 4);
	}
}

/* ---- shifts: a count in a register has to be in cl ---- */

static void emit_shift(struct jit *jit, const struct bpf_insn *insn, enum simple_shift op)
{
	u32 w = width_of(insn);
	u8 dst = dst_of(insn), src = src_of(insn);

	if (!is_reg_form(insn)) {
		simple_shift_imm(jit, w, op, dst, (u8)insn->imm & (w ? 63 : 31));
	} else if (src == RCX) {
		simple_reg(jit, OP_SHIFT_CL | w, (u8)op, dst);
	} else {
		simple_mov(jit, OP_W, R11, RCX);
		simple_mov(jit, 0, RCX, src);
		simple_reg(jit, OP_SHIFT_CL | w, (u8)op, dst == RCX ? R11 : dst);
		simple_mov(jit, OP_W, RCX, R11);
	}
}

/* ---- division: rdx:rax by r11, quotient in rax, remainder in rdx ---- */

struct division {
	u32 w;
	bool is_signed, is_mod;
	bool safe; /* the divisor is known to be neither 0 nor -1 */
};

static void divide_unsigned(struct jit *jit, const struct division *d)
{
	u32 nonzero = 0, done = 0;

	if (!d->safe) {
		if (d->is_mod)
			simple_mov(jit, d->w, RDX, RAX); /* what is left when dividing by zero */
		simple_test(jit, d->w, R11, R11);
		if (d->is_mod) {
			done = simple_jcc8(jit, CC_E);
		} else {
			nonzero = simple_jcc8(jit, CC_NE);
			simple_alu(jit, 0, ALU_XOR, RAX, RAX);
			done = simple_jmp8(jit);
			simple_land(jit, nonzero);
		}
	}
	simple_alu(jit, 0, ALU_XOR, RDX, RDX);
	simple_reg(jit, OP_UNARY | d->w, 6, R11);
	if (!d->safe)
		simple_land(jit, done);
}

/*
 * 0 and -1 take another way: the quotient is then the product of both, and
 * the remainder that of the dividend and the divisor + 1.
 */
static void divide_signed(struct jit *jit, const struct division *d)
{
	u32 usual = 0, done = 0;

	if (!d->safe) {
		simple_mem(jit, OP_LEA | d->w, RDX, R11, 1);
		simple_alu_imm(jit, d->w, ALU_CMP, RDX, 1);
		usual = simple_jcc8(jit, CC_A);
		if (d->is_mod)
			simple_reg(jit, OP_IMUL | d->w, RDX, RAX);
		else
			simple_reg(jit, OP_IMUL | d->w, RAX, R11);
		done = simple_jmp8(jit);
		simple_land(jit, usual);
	}
	if (d->w)
		jit_put(jit, 0x9948, 2); /* cqo */
	else
		jit_put(jit, 0x99, 1); /* cdq */
	simple_reg(jit, OP_UNARY | d->w, 7, R11);
	if (!d->safe)
		simple_land(jit, done);
}

/* An unsigned division by a power of two is a shift or a mask. */
static bool divide_by_power(struct jit *jit, const struct bpf_insn *insn, const struct division *d)
{
	u64 by = d->w ? (u64)(s64)insn->imm : (u32)insn->imm;
	u8 dst = dst_of(insn);

	if (is_reg_form(insn) || d->is_signed || !by || (by & (by - 1)) || by > INT32_MAX)
		return false;
	if (d->is_mod)
		simple_alu_imm(jit, 0, ALU_AND, dst, (s32)by - 1);
	else
		simple_shift_imm(jit, d->w, SHIFT_SHR, dst, (u8)__builtin_ctzll(by));
	return true;
}

static void emit_division(struct jit *jit, const struct bpf_insn *insn)
{
	struct division d = {
		.w = width_of(insn),
		.is_signed = insn->off == 1,
		.is_mod = BPF_OP(insn->code) == BPF_MOD,
		.safe = !is_reg_form(insn) && insn->imm && insn->imm != -1,
	};
	u8 dst = dst_of(insn), result = d.is_mod ? RDX : RAX;

	if (divide_by_power(jit, insn, &d))
		return;
	if (is_reg_form(insn))
		simple_mov(jit, OP_W, R11, src_of(insn));
	else
		simple_mov_imm(jit, R11, d.w ? (u64)(s64)insn->imm : (u32)insn->imm);
	if (dst != RAX) {
		simple_mov(jit, OP_W, R10, RAX);
		simple_mov(jit, OP_W, RAX, dst);
	}
	if (dst != RDX)
		simple_mov(jit, OP_W, R9, RDX);
	if (d.is_signed)
		divide_signed(jit, &d);
	else
		divide_unsigned(jit, &d);
	simple_mov(jit, OP_W, dst, result);
	if (dst != RAX)
		simple_mov(jit, OP_W, RAX, R10);
	if (dst != RDX)
		simple_mov(jit, OP_W, RDX, R9);
}

/* ---- moves and byte order ---- */

static int emit_mov(struct jit *jit, const struct bpf_insn *insn)
{
	u32 w = width_of(insn);
	u8 dst = dst_of(insn), src = src_of(insn);

	if (!is_reg_form(insn)) {
		simple_mov_imm(jit, dst, w ? (u64)(s64)insn->imm : (u32)insn->imm);
		return 0;
	}
	switch (insn->off) {
	case 0:
		simple_mov(jit, w, dst, src);
		return 0;
	case 8:
		simple_reg(jit, OP_MOVSX8 | OP_RM_BYTE | w, dst, src);
		return 0;
	case 16:
		simple_reg(jit, OP_MOVSX16 | w, dst, src);
		return 0;
	case 32:
		simple_reg(jit, OP_MOVSX32, dst, src);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static void emit_truncate(struct jit *jit, u8 dst, s32 bits)
{
	if (bits == 16)
		simple_reg(jit, OP_MOVZX16, dst, dst);
	else if (bits == 32)
		simple_mov(jit, 0, dst, dst);
}

static void emit_bswap(struct jit *jit, u8 dst, s32 bits)
{
	if (bits == 16) {
		simple_shift_imm(jit, OP_16, SHIFT_ROR, dst, 8);
		emit_truncate(jit, dst, 16);
		return;
	}
	/* 0f c8+r, with REX for the upper registers and for 64 bits */
	if (bits == 64 || dst >= R8)
		jit_put(jit, 0x40u | (bits == 64 ? 8 : 0) | dst >> 3, 1);
	jit_put(jit, 0xc80fu | (dst & 7u) << 8, 2);
}

static void emit_end(struct jit *jit, const struct bpf_insn *insn)
{
	bool to_le = BPF_CLASS(insn->code) == BPF_ALU && BPF_SRC(insn->code) == BPF_TO_LE;

	if (to_le)
		emit_truncate(jit, dst_of(insn), insn->imm);
	else
		emit_bswap(jit, dst_of(insn), insn->imm);
}

int simple_emit_alu(struct jit *jit, const struct bpf_insn *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		emit_simple(jit, insn, ALU_ADD);
		return 0;
	case BPF_SUB:
		emit_simple(jit, insn, ALU_SUB);
		return 0;
	case BPF_AND:
		emit_simple(jit, insn, ALU_AND);
		return 0;
	case BPF_OR:
		emit_simple(jit, insn, ALU_OR);
		return 0;
	case BPF_XOR:
		emit_simple(jit, insn, ALU_XOR);
		return 0;
	case BPF_MUL:
		emit_mul(jit, insn);
		return 0;
	case BPF_DIV:
	case BPF_MOD:
		emit_division(jit, insn);
		return 0;
	case BPF_LSH:
		emit_shift(jit, insn, SHIFT_SHL);
		return 0;
	case BPF_RSH:
		emit_shift(jit, insn, SHIFT_SHR);
		return 0;
	case BPF_ARSH:
		emit_shift(jit, insn, SHIFT_SAR);
		return 0;
	case BPF_NEG:
		simple_reg(jit, OP_UNARY | width_of(insn), 3, dst_of(insn));
		return 0;
	case BPF_MOV:
		return emit_mov(jit, insn);
	case BPF_END:
		emit_end(jit, insn);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
