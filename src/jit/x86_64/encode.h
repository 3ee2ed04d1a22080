/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64 instruction encoding: prefixes, REX or VEX, opcode, ModRM, SIB and
 * displacement, each as short as it can be. What is encoded here knows no
 * intermediate form.
 */
#ifndef ANYBPF_JIT_X86_64_ENCODE_H
#define ANYBPF_JIT_X86_64_ENCODE_H

#include "jit/code.h"

enum x86_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	X86_NO_REG = 0xff,
};

/*
 * The operand that can be memory. A register: .base, .mem false. Else
 * [base + (index << scale) + disp], base and index X86_NO_REG when absent, or,
 * with .rip, the 4 bytes of displacement are left 0 for the caller to fill in.
 */
struct x86_rm {
	bool mem, rip;
	u8 base, index, scale;
	s32 disp;
};

static inline struct x86_rm x86_in_reg(u8 reg)
{
	return (struct x86_rm){.base = reg, .index = X86_NO_REG};
}

static inline struct x86_rm x86_at(u8 base, s32 disp)
{
	return (struct x86_rm){.mem = true, .base = base, .index = X86_NO_REG, .disp = disp};
}

static inline struct x86_rm x86_rip(void)
{
	return (struct x86_rm){.mem = true, .rip = true, .base = X86_NO_REG, .index = X86_NO_REG};
}

/* An opcode byte with what goes around it. */
#define OP_0F	   0x000100 /* map of the two-byte opcodes */
#define OP_0F38	   0x000200 /* and of three */
#define OP_0F3A	   0x000400
#define OP_W	   0x000800 /* 64-bit operands */
#define OP_66	   0x001000 /* mandatory prefix, or 16-bit operands */
#define OP_F3	   0x002000
#define OP_F2	   0x004000
#define OP_LOCK	   0x008000
#define OP_BYTE	   0x010000 /* the reg field names a byte register */
#define OP_RM_BYTE 0x020000 /* a register in the r/m field is a byte register */

#define OP_MOV_STORE   0x89 /* r/m <- reg */
#define OP_MOV_STORE8  (0x88 | OP_BYTE)
#define OP_MOV_LOAD    0x8b /* reg <- r/m */
#define OP_MOV_IMM     0xc7 /* /0 */
#define OP_MOV_IMM8    0xc6 /* /0 */
#define OP_MOVZX8      (0xb6 | OP_0F | OP_RM_BYTE)
#define OP_MOVZX16     (0xb7 | OP_0F)
#define OP_MOVSX8      (0xbe | OP_0F | OP_RM_BYTE)
#define OP_MOVSX16     (0xbf | OP_0F)
#define OP_MOVSX32     (0x63 | OP_W)
#define OP_LEA	       0x8d
#define OP_TEST	       0x85
#define OP_TEST8       (0x84 | OP_BYTE | OP_RM_BYTE)
#define OP_TEST_IMM    0xf7		   /* /0 */
#define OP_TEST_IMM8   (0xf6 | OP_RM_BYTE) /* /0 */
#define OP_UNARY       0xf7		   /* /2 not, /3 neg, /4 mul, /6 div, /7 idiv */
#define OP_IMUL	       (0xaf | OP_0F)
#define OP_IMUL_IMM    0x69
#define OP_IMUL_IMM8   0x6b
#define OP_SHIFT_1     0xd1 /* /digit: enum x86_shift, in all three */
#define OP_SHIFT_CL    0xd3
#define OP_SHIFT_IMM   0xc1
#define OP_XCHG	       0x87
#define OP_XADD	       (0xc1 | OP_0F | OP_LOCK)
#define OP_CMPXCHG     (0xb1 | OP_0F | OP_LOCK)
#define OP_INDIRECT    0xff			   /* /2 call, /4 jmp */
#define OP_CMOV	       (0x40 | OP_0F)		   /* | condition */
#define OP_SETCC       (0x90 | OP_0F | OP_RM_BYTE) /* | condition */
#define OP_BIT_IMM     (0xba | OP_0F)		   /* /4 bt, /5 bts, /6 btr, /7 btc */
#define OP_POPCNT      (0xb8 | OP_0F | OP_F3)
#define OP_MOVBE_LOAD  (0xf0 | OP_0F38)
#define OP_MOVBE_STORE (0xf1 | OP_0F38)

/* VEX encoded: reg, vvvv, r/m. */
#define VEX_ANDN (0xf2 | OP_0F38)	  /* reg = ~vvvv & r/m */
#define VEX_SHLX (0xf7 | OP_0F38 | OP_66) /* reg = r/m shifted by vvvv */
#define VEX_SHRX (0xf7 | OP_0F38 | OP_F2)
#define VEX_SARX (0xf7 | OP_0F38 | OP_F3)
#define VEX_MULX (0xf6 | OP_0F38 | OP_F2) /* reg:vvvv = rdx * r/m */
#define VEX_RORX (0xf0 | OP_0F3A | OP_F2) /* reg = r/m rotated, an immediate follows */

/* Operations that share one encoding: opcode * 8 + form, or /digit with an immediate. */
enum x86_alu {
	ALU_ADD = 0,
	ALU_OR = 1,
	ALU_AND = 4,
	ALU_SUB = 5,
	ALU_XOR = 6,
	ALU_CMP = 7,
};

enum x86_shift {
	SHIFT_ROL = 0,
	SHIFT_ROR = 1,
	SHIFT_SHL = 4,
	SHIFT_SHR = 5,
	SHIFT_SAR = 7,
};

enum x86_bit {
	BIT_TEST = 4,
	BIT_SET,
	BIT_RESET,
	BIT_FLIP,
};

/* Conditions; the lowest bit inverts. */
enum x86_cc {
	CC_B = 2,
	CC_AE,
	CC_E,
	CC_NE,
	CC_BE,
	CC_A,
	CC_S,
	CC_NS,
	CC_L = 12,
	CC_GE,
	CC_LE,
	CC_G,
};

/* The low @n bytes, 8 at most. */
void x86_put(struct jit_code *code, u64 bytes, u32 n);

/* An instruction with the register (or /digit) @reg and @rm; immediates are put behind it. */
void x86_op(struct jit_code *code, u32 op, u8 reg, const struct x86_rm *rm);
void x86_vex(struct jit_code *code, u32 op, u8 reg, u8 vvvv, const struct x86_rm *rm);
/* One whose register is in the low bits of its opcode. */
void x86_op_short(struct jit_code *code, u32 op, u8 reg);

/* @w: OP_W or 0 throughout. */
static inline void x86_op_reg(struct jit_code *code, u32 op, u8 reg, u8 rm)
{
	struct x86_rm operand = x86_in_reg(rm);

	x86_op(code, op, reg, &operand);
}

static inline void x86_op_mem(struct jit_code *code, u32 op, u8 reg, u8 base, s32 disp)
{
	struct x86_rm operand = x86_at(base, disp);

	x86_op(code, op, reg, &operand);
}

/* All 64 bits; nothing when both are the same. */
void x86_mov(struct jit_code *code, u8 dst, u8 src);
/* The shortest way to a constant that keeps the flags. */
void x86_mov_imm(struct jit_code *code, u8 dst, u64 value);
/* dst = 0; changes the flags. */
void x86_zero(struct jit_code *code, u8 dst);
/* dst <- dst op rm */
void x86_alu(struct jit_code *code, u32 w, enum x86_alu op, u8 dst, const struct x86_rm *rm);
/* rm <- rm op src */
void x86_alu_to(struct jit_code *code, u32 w, enum x86_alu op, const struct x86_rm *rm, u8 src);
void x86_alu_imm(struct jit_code *code, u32 w, enum x86_alu op, const struct x86_rm *rm, s32 imm);
void x86_shift_imm(struct jit_code *code, u32 w, enum x86_shift op, const struct x86_rm *rm,
		   u8 count);
void x86_bit_imm(struct jit_code *code, u32 w, enum x86_bit op, u8 dst, u8 bit);
void x86_push(struct jit_code *code, u8 reg);
void x86_pop(struct jit_code *code, u8 reg);
void x86_bswap(struct jit_code *code, u32 w, u8 reg);

#endif
