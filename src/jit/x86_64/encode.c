/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/x86_64/encode.h"

/* Longer than any instruction, and than what x86_put() writes beyond its end. */
#define ROOM 16

void x86_put(struct jit_code *code, u64 bytes, u32 n)
{
	struct buf *buf = &code->buf;

	if (buf->cap - buf->len < ROOM) {
		/* Makes room as the buffer sees fit, and takes it back. */
		size_t len = buf->len;

		buf_add_zero(buf, ROOM);
		if (buf->failed) {
			code->failed = true;
			return;
		}
		buf->len = len;
	}
	/* Byte by byte, so that hosts of any order write the same; compilers make one store. */
	for (u32 i = 0; i < 8; i++)
		buf->data[buf->len + i] = (u8)(bytes >> (8 * i));
	buf->len += n;
}

/* sil, dil, spl and bpl exist only with a REX prefix. */
static bool byte_needs_rex(u8 reg)
{
	return reg >= RSP && reg <= RDI;
}

static bool high(u8 reg)
{
	return reg != X86_NO_REG && reg >= R8;
}

/* The R, X and B bits as REX has them. */
static u8 high_bits(u8 reg, const struct x86_rm *rm)
{
	return (u8)(high(reg) << 2 | high(rm->index) << 1 | high(rm->base));
}

static void put_rex(struct jit_code *code, u32 op, u8 reg, const struct x86_rm *rm)
{
	u8 bits = (u8)(((op & OP_W) ? 8 : 0) | high_bits(reg, rm));
	bool needed = bits || ((op & OP_BYTE) && byte_needs_rex(reg)) ||
		      ((op & OP_RM_BYTE) && !rm->mem && byte_needs_rex(rm->base));

	if (needed)
		x86_put(code, 0x40u | bits, 1);
}

static void put_prefixes(struct jit_code *code, u32 op)
{
	if (op & OP_LOCK)
		x86_put(code, 0xf0, 1);
	if (op & OP_66)
		x86_put(code, 0x66, 1);
	if (op & OP_F3)
		x86_put(code, 0xf3, 1);
	if (op & OP_F2)
		x86_put(code, 0xf2, 1);
}

static void put_opcode(struct jit_code *code, u32 op)
{
	if (op & OP_0F)
		x86_put(code, 0x0f | (op & 0xff) << 8, 2);
	else if (op & OP_0F38)
		x86_put(code, 0x380f | (op & 0xff) << 16, 3);
	else if (op & OP_0F3A)
		x86_put(code, 0x3a0f | (op & 0xff) << 16, 3);
	else
		x86_put(code, op & 0xff, 1);
}

static u8 modrm(u32 mod, u8 reg, u8 rm)
{
	return (u8)(mod << 6 | (reg & 7u) << 3 | (rm & 7u));
}

/* [disp32], or [index << scale + disp32] */
static void put_no_base(struct jit_code *code, u8 reg, const struct x86_rm *rm)
{
	u8 index = rm->index == X86_NO_REG ? RSP : rm->index;

	x86_put(code, modrm(0, reg, RSP), 1);
	x86_put(code, (u8)(rm->scale << 6 | (index & 7) << 3 | RBP), 1);
	x86_put(code, (u32)rm->disp, 4);
}

/* ModRM, SIB and displacement. */
static void put_rm(struct jit_code *code, u8 reg, const struct x86_rm *rm)
{
	u32 mod;

	if (!rm->mem) {
		x86_put(code, modrm(3, reg, rm->base), 1);
		return;
	}
	if (rm->rip) {
		x86_put(code, modrm(0, reg, RBP), 5);
		return;
	}
	if (rm->base == X86_NO_REG) {
		put_no_base(code, reg, rm);
		return;
	}
	/* rbp and r13 have no form without a displacement, rsp and r12 none without SIB. */
	mod = !rm->disp && (rm->base & 7) != RBP ? 0 : fits_s8(rm->disp) ? 1 : 2;
	if (rm->index != X86_NO_REG) {
		x86_put(code, modrm(mod, reg, RSP), 1);
		x86_put(code, (u8)(rm->scale << 6 | (rm->index & 7) << 3 | (rm->base & 7)), 1);
	} else {
		x86_put(code, modrm(mod, reg, rm->base), 1);
		if ((rm->base & 7) == RSP)
			x86_put(code, 0x24, 1);
	}
	if (mod)
		x86_put(code, (u32)rm->disp, mod == 1 ? 1 : 4);
}

void x86_op(struct jit_code *code, u32 op, u8 reg, const struct x86_rm *rm)
{
	put_prefixes(code, op);
	put_rex(code, op, reg, rm);
	put_opcode(code, op);
	put_rm(code, reg, rm);
}

void x86_vex(struct jit_code *code, u32 op, u8 reg, u8 vvvv, const struct x86_rm *rm)
{
	u8 inverted = (u8)(~high_bits(reg, rm) & 7);
	u8 map = op & OP_0F38 ? 2 : op & OP_0F3A ? 3 : 1;
	u8 prefix = op & OP_66 ? 1 : op & OP_F3 ? 2 : op & OP_F2 ? 3 : 0;
	u8 third = (u8)(((op & OP_W) ? 0x80 : 0) | (~vvvv & 15) << 3 | prefix);

	/* The two-byte form knows the first map alone, which nothing here is in. */
	x86_put(code, 0xc4u | (u32)(inverted << 5 | map) << 8 | (u32)third << 16 | op << 24, 4);
	put_rm(code, reg, rm);
}

void x86_op_short(struct jit_code *code, u32 op, u8 reg)
{
	struct x86_rm rm = x86_in_reg(reg);

	put_rex(code, op, 0, &rm);
	put_opcode(code, op | (reg & 7u));
}

void x86_mov(struct jit_code *code, u8 dst, u8 src)
{
	if (dst != src)
		x86_op_reg(code, OP_MOV_STORE | OP_W, src, dst);
}

void x86_zero(struct jit_code *code, u8 dst)
{
	x86_op_reg(code, 0x31, dst, dst);
}

void x86_mov_imm(struct jit_code *code, u8 dst, u64 value)
{
	if (value <= UINT32_MAX) {
		x86_op_short(code, 0xb8, dst);
		x86_put(code, value, 4);
	} else if (fits_s32((s64)value)) {
		x86_op_reg(code, OP_MOV_IMM | OP_W, 0, dst);
		x86_put(code, value, 4);
	} else {
		x86_op_short(code, 0xb8 | OP_W, dst);
		x86_put(code, value, 8);
	}
}

void x86_alu(struct jit_code *code, u32 w, enum x86_alu op, u8 dst, const struct x86_rm *rm)
{
	x86_op(code, ((u32)op << 3 | 3) | w, dst, rm);
}

void x86_alu_to(struct jit_code *code, u32 w, enum x86_alu op, const struct x86_rm *rm, u8 src)
{
	x86_op(code, ((u32)op << 3 | 1) | w, src, rm);
}

void x86_alu_imm(struct jit_code *code, u32 w, enum x86_alu op, const struct x86_rm *rm, s32 imm)
{
	if (fits_s8(imm)) {
		x86_op(code, 0x83 | w, (u8)op, rm);
		x86_put(code, (u8)imm, 1);
		return;
	}
	if (!rm->mem && rm->base == RAX) {
		struct x86_rm none = x86_in_reg(0);

		put_rex(code, w, 0, &none);
		x86_put(code, (u32)op << 3 | 5, 1);
	} else {
		x86_op(code, 0x81 | w, (u8)op, rm);
	}
	x86_put(code, (u32)imm, 4);
}

void x86_shift_imm(struct jit_code *code, u32 w, enum x86_shift op, const struct x86_rm *rm,
		   u8 count)
{
	if (count == 1) {
		x86_op(code, OP_SHIFT_1 | w, (u8)op, rm);
		return;
	}
	x86_op(code, OP_SHIFT_IMM | w, (u8)op, rm);
	x86_put(code, count, 1);
}

void x86_bit_imm(struct jit_code *code, u32 w, enum x86_bit op, u8 dst, u8 bit)
{
	x86_op_reg(code, OP_BIT_IMM | w, (u8)op, dst);
	x86_put(code, bit, 1);
}

void x86_push(struct jit_code *code, u8 reg)
{
	x86_op_short(code, 0x50, reg);
}

void x86_pop(struct jit_code *code, u8 reg)
{
	x86_op_short(code, 0x58, reg);
}

void x86_bswap(struct jit_code *code, u32 w, u8 reg)
{
	x86_op_short(code, 0xc8 | OP_0F | w, reg);
}
