/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64 instruction encoding: prefixes, REX, opcode, ModRM, SIB and
 * displacement, each as short as it can be.
 */
#ifndef ANYBPF_JIT_X86_64_ENCODE_H
#define ANYBPF_JIT_X86_64_ENCODE_H

#include "jit/simple/target.h"

enum simple_reg {
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
};

/* An opcode byte with what goes around it. */
#define OP_0F	   0x0100 /* after the two-byte escape */
#define OP_W	   0x0200 /* 64-bit operands */
#define OP_16	   0x0400 /* 16-bit operands */
#define OP_LOCK	   0x0800
#define OP_BYTE	   0x1000 /* the reg field names a byte register */
#define OP_RM_BYTE 0x2000 /* a register in the r/m field is a byte register */

#define OP_MOV_STORE  0x89 /* r/m <- reg */
#define OP_MOV_STORE8 (0x88 | OP_BYTE)
#define OP_MOV_LOAD   0x8b /* reg <- r/m */
#define OP_MOV_IMM    0xc7 /* /0 */
#define OP_MOV_IMM8   0xc6 /* /0 */
#define OP_MOVZX8     (0xb6 | OP_0F)
#define OP_MOVZX16    (0xb7 | OP_0F)
#define OP_MOVSX8     (0xbe | OP_0F)
#define OP_MOVSX16    (0xbf | OP_0F)
#define OP_MOVSX32    (0x63 | OP_W)
#define OP_LEA	      0x8d
#define OP_TEST	      0x85
#define OP_TEST_IMM   0xf7		  /* /0 */
#define OP_TEST_IMM8  (0xf6 | OP_RM_BYTE) /* /0 */
#define OP_UNARY      0xf7		  /* /3 neg, /6 div, /7 idiv */
#define OP_IMUL	      (0xaf | OP_0F)
#define OP_IMUL_IMM   0x69
#define OP_IMUL_IMM8  0x6b
#define OP_SHIFT_1    0xd1
#define OP_SHIFT_CL   0xd3
#define OP_SHIFT_IMM  0xc1
#define OP_XCHG	      0x87
#define OP_XADD	      (0xc1 | OP_0F | OP_LOCK)
#define OP_CMPXCHG    (0xb1 | OP_0F | OP_LOCK)
#define OP_INDIRECT   0xff /* /0 inc, /2 call, /4 jmp */

/* Operations that share one encoding: opcode * 8 + form, or /digit with an immediate. */
enum simple_alu {
	ALU_ADD = 0,
	ALU_OR = 1,
	ALU_AND = 4,
	ALU_SUB = 5,
	ALU_XOR = 6,
	ALU_CMP = 7,
};

enum simple_shift {
	SHIFT_ROR = 1,
	SHIFT_SHL = 4,
	SHIFT_SHR = 5,
	SHIFT_SAR = 7,
};

enum simple_cc {
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

static inline bool fits_s8(s64 v)
{
	return v == (s8)v;
}

static inline bool fits_s32(s64 v)
{
	return v == (s32)v;
}

/* @w: OP_W or 0 throughout. */
void simple_reg(struct jit *jit, u32 op, u8 reg, u8 rm);
void simple_mem(struct jit *jit, u32 op, u8 reg, u8 base, s32 disp);
/* [base + index * 8] */
void simple_mem_index8(struct jit *jit, u32 op, u8 reg, u8 base, u8 index);

/* dst <- src; nothing when they are the same and @w is set. */
void simple_mov(struct jit *jit, u32 w, u8 dst, u8 src);
/* The shortest way to a constant; changes flags. */
void simple_mov_imm(struct jit *jit, u8 dst, u64 value);
void simple_alu(struct jit *jit, u32 w, enum simple_alu op, u8 dst, u8 src);
void simple_alu_imm(struct jit *jit, u32 w, enum simple_alu op, u8 dst, s32 imm);
void simple_shift_imm(struct jit *jit, u32 w, enum simple_shift op, u8 dst, u8 count);
void simple_test(struct jit *jit, u32 w, u8 a, u8 b);
void simple_push(struct jit *jit, u8 reg);
void simple_pop(struct jit *jit, u8 reg);
/* Of a C function or anything else outside; r0's register is free to be used. */
void simple_call(struct jit *jit, const void *fn);

/* A short forward jump within one instruction's code, landed once its target is reached. */
u32 simple_jcc8(struct jit *jit, enum simple_cc cc);
u32 simple_jmp8(struct jit *jit);
void simple_land(struct jit *jit, u32 jump);

#endif
