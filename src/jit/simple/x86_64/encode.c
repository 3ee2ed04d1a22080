/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>

#include "jit/simple/x86_64/encode.h"

static void put8(struct jit *jit, u32 v)
{
	jit_put(jit, v & 0xff, 1);
}

static void put32(struct jit *jit, u32 v)
{
	jit_put(jit, v, 4);
}

/* sil, dil, spl and bpl exist only with a REX prefix. */
static bool byte_needs_rex(u8 reg)
{
	return reg >= RSP && reg <= RDI;
}

/* Everything up to the opcode. */
static void put_op(struct jit *jit, u32 op, u8 reg, u8 index, u8 base, bool rex)
{
	u8 bits = (u8)(((op & OP_W) ? 8 : 0) | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3);

	if (op & OP_LOCK)
		put8(jit, 0xf0);
	if (op & OP_16)
		put8(jit, 0x66);
	if (bits || rex || ((op & OP_BYTE) && byte_needs_rex(reg)))
		put8(jit, 0x40u | bits);
	if (op & OP_0F)
		put8(jit, 0x0f);
	put8(jit, op);
}

static u8 modrm(u32 mod, u8 reg, u8 rm)
{
	return (u8)(mod << 6 | (reg & 7u) << 3 | (rm & 7u));
}

void simple_reg(struct jit *jit, u32 op, u8 reg, u8 rm)
{
	put_op(jit, op, reg, 0, rm, (op & OP_RM_BYTE) && byte_needs_rex(rm));
	put8(jit, modrm(3, reg, rm));
}

void simple_mem(struct jit *jit, u32 op, u8 reg, u8 base, s32 disp)
{
	/* rbp and r13 have no form without a displacement, rsp and r12 none without SIB. */
	u32 mod = !disp && (base & 7) != RBP ? 0 : fits_s8(disp) ? 1 : 2;

	put_op(jit, op, reg, 0, base, false);
	put8(jit, modrm(mod, reg, base));
	if ((base & 7) == RSP)
		put8(jit, 0x24);
	if (mod)
		jit_put(jit, (u32)disp, mod == 1 ? 1 : 4);
}

void simple_mem_index8(struct jit *jit, u32 op, u8 reg, u8 base, u8 index)
{
	bool disp8 = (base & 7) == RBP;

	put_op(jit, op, reg, index, base, false);
	put8(jit, modrm(disp8, reg, RSP));
	put8(jit, 3u << 6 | (index & 7u) << 3 | (base & 7u));
	if (disp8)
		put8(jit, 0);
}

void simple_mov(struct jit *jit, u32 w, u8 dst, u8 src)
{
	if (dst != src || !w)
		simple_reg(jit, OP_MOV_STORE | w, src, dst);
}

void simple_mov_imm(struct jit *jit, u8 dst, u64 value)
{
	if (!value) {
		simple_alu(jit, 0, ALU_XOR, dst, dst);
	} else if (value <= UINT32_MAX) {
		put_op(jit, 0xb8u | (dst & 7u), 0, 0, dst, false);
		put32(jit, (u32)value);
	} else if (fits_s32((s64)value)) {
		simple_reg(jit, OP_MOV_IMM | OP_W, 0, dst);
		put32(jit, (u32)value);
	} else {
		put_op(jit, 0xb8u | (dst & 7u) | OP_W, 0, 0, dst, false);
		jit_put(jit, value, 8);
	}
}

void simple_alu(struct jit *jit, u32 w, enum simple_alu op, u8 dst, u8 src)
{
	simple_reg(jit, ((u32)op << 3 | 1) | w, src, dst);
}

void simple_alu_imm(struct jit *jit, u32 w, enum simple_alu op, u8 dst, s32 imm)
{
	if (fits_s8(imm)) {
		simple_reg(jit, 0x83 | w, (u8)op, dst);
		put8(jit, (u32)imm);
		return;
	}
	if (dst == RAX)
		put_op(jit, ((u32)op << 3 | 5) | w, 0, 0, 0, false);
	else
		simple_reg(jit, 0x81 | w, (u8)op, dst);
	put32(jit, (u32)imm);
}

void simple_shift_imm(struct jit *jit, u32 w, enum simple_shift op, u8 dst, u8 count)
{
	if (count == 1) {
		simple_reg(jit, OP_SHIFT_1 | w, (u8)op, dst);
		return;
	}
	simple_reg(jit, OP_SHIFT_IMM | w, (u8)op, dst);
	put8(jit, count);
}

void simple_test(struct jit *jit, u32 w, u8 a, u8 b)
{
	simple_reg(jit, OP_TEST | w, b, a);
}

void simple_push(struct jit *jit, u8 reg)
{
	put_op(jit, 0x50u | (reg & 7u), 0, 0, reg, false);
}

void simple_pop(struct jit *jit, u8 reg)
{
	put_op(jit, 0x58u | (reg & 7u), 0, 0, reg, false);
}

void simple_call(struct jit *jit, const void *fn)
{
	s64 from_base = (s64)((uintptr_t)fn - (uintptr_t)jit->base);
	const s64 reach = INT32_MAX / 2;

	/* The code itself is less than that, so the answer is the same all over it. */
	if (jit->base && from_base > -reach && from_base < reach) {
		put8(jit, 0xe8);
		put32(jit, (u32)(from_base - jit->at - 4));
		return;
	}
	simple_mov_imm(jit, RAX, (uintptr_t)fn);
	simple_reg(jit, OP_INDIRECT, 2, RAX);
}

u32 simple_jcc8(struct jit *jit, enum simple_cc cc)
{
	jit_put(jit, 0x70u | (u32)cc, 2);
	return jit->at;
}

u32 simple_jmp8(struct jit *jit)
{
	jit_put(jit, 0xeb, 2);
	return jit->at;
}

void simple_land(struct jit *jit, u32 jump)
{
	assert(jit->at - jump <= INT8_MAX);
	if (jit->code)
		jit->code[jump - 1] = (u8)(jit->at - jump);
}
