/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64 instruction encoding. An instruction is one word: an opcode below, in
 * its 32-bit form, A64_X for 64 bits, registers, and immediates, some of which
 * have encodings of their own. What is encoded here knows no intermediate form.
 */
#ifndef ANYBPF_JIT_ARM64_ENCODE_H
#define ANYBPF_JIT_ARM64_ENCODE_H

#include "jit/code.h"

/* Registers x0 to x30 are their numbers; 31 is what the instruction makes of it. */
enum a64_reg {
	A64_FP = 29,
	A64_LR = 30,
	A64_ZR = 31,
	A64_SP = 31,
	A64_NO_REG = 0xff,
};

#define A64_X (1u << 31) /* 64-bit operands */

/* rd, rn, rm shifted by an immediate: 31 is the zero register */
#define A64_ADD	 0x0b000000
#define A64_SUB	 0x4b000000
#define A64_SUBS 0x6b000000
#define A64_AND	 0x0a000000
#define A64_BIC	 0x0a200000
#define A64_ORR	 0x2a000000
#define A64_ORN	 0x2a200000
#define A64_EOR	 0x4a000000
#define A64_ANDS 0x6a000000
/* rd, rn, rm extended, then shifted by 0 to 4: 31 is sp but for rm */
#define A64_ADD_EXT 0x0b200000
/* rd, rn, an immediate of arithmetic or of logic */
#define A64_ADD_IMM  0x11000000
#define A64_SUB_IMM  0x51000000
#define A64_ADDS_IMM 0x31000000
#define A64_SUBS_IMM 0x71000000
#define A64_AND_IMM  0x12000000
#define A64_ORR_IMM  0x32000000
#define A64_EOR_IMM  0x52000000
#define A64_ANDS_IMM 0x72000000
/* rd, 16 bits at one of four places */
#define A64_MOVN 0x12800000
#define A64_MOVZ 0x52800000
#define A64_MOVK 0x72800000
/* rd, rn, two positions */
#define A64_SBFM 0x13000000
#define A64_UBFM 0x53000000
#define A64_EXTR 0x13800000 /* and rm */
/* rd, rn, rm */
#define A64_UDIV  0x1ac00800
#define A64_SDIV  0x1ac00c00
#define A64_LSLV  0x1ac02000
#define A64_LSRV  0x1ac02400
#define A64_ASRV  0x1ac02800
#define A64_RORV  0x1ac02c00
#define A64_UMULH (0x1bc07c00 | A64_X)
/* rd, rn, rm, ra: ra + or - rn * rm */
#define A64_MADD 0x1b000000
#define A64_MSUB 0x1b008000
/* rd, rn */
#define A64_REV16 0x5ac00400
#define A64_REV32 0x5ac00800 /* of 32 bits */
#define A64_REV64 (0x5ac00c00 | A64_X)
/* rd, rn, rm, condition: rn when it holds, else rm as it is, + 1, inverted */
#define A64_CSEL  0x1a800000
#define A64_CSINC 0x1a800400
#define A64_CSINV 0x5a800000

/* Memory: rt at rn + an offset, in the forms of a64_mem(); .size is in the word. */
#define A64_STR	   0x00000000
#define A64_LDR	   0x00400000
#define A64_LDRS_X 0x00800000 /* sign-extended to 64 bits */
#define A64_LDRS_W 0x00c00000
/* rt, rt2 at rn: of 64 bits, offset, or rn is changed before or after */
#define A64_STP	     0xa9000000
#define A64_LDP	     0xa9400000
#define A64_STP_PRE  0xa9800000
#define A64_LDP_POST 0xa8c00000
#define A64_STR_PRE  0xf8000c00
#define A64_LDR_POST 0xf8400400
#define A64_LDR_PAGE 0xf9400000 /* rt, from rn and what is within a page */

/* rt at [rn]; with rs, what is stored or whether it worked */
#define A64_LDXR   0x885f7c00
#define A64_STXR   0x88007c00
#define A64_STLXR  0x8800fc00
#define A64_LDADD  0xb8200000
#define A64_LDCLR  0xb8201000
#define A64_LDEOR  0xb8202000
#define A64_LDSET  0xb8203000
#define A64_SWP	   0xb8208000
#define A64_ACQREL 0x00c00000 /* of those five */
#define A64_CASAL  0x88e0fc00
#define A64_SIZE_X 0x40000000 /* 64 bits, of all of these */

#define A64_B	    0x14000000
#define A64_BL	    0x94000000
#define A64_B_COND  0x54000000
#define A64_CBZ	    0x34000000
#define A64_CBNZ    0x35000000
#define A64_TBZ	    0x36000000
#define A64_TBNZ    0x37000000
#define A64_BR	    0xd61f0000
#define A64_BLR	    0xd63f0000
#define A64_RET	    0xd65f03c0
#define A64_UDF	    0x00000000
#define A64_ADRP    0x90000000 /* the page, 4 KiB, at a distance */
#define A64_DMB_ISH 0xd5033bbf
#define A64_DSB_NSH 0xd503379f
#define A64_ISB	    0xd5033fdf

#define A64_FMOV_TO   0x1e270000 /* s or d register from w or x */
#define A64_FMOV_TO_D 0x00400000 /* with A64_X */
#define A64_FMOV_FROM 0x1e260000
#define A64_CNT	      0x0e205800 /* bits of each of 8 bytes */
#define A64_ADDV      0x0e31b800 /* sum of 8 bytes */

/* Conditions; the lowest bit inverts. */
enum a64_cc {
	CC_EQ,
	CC_NE,
	CC_HS,
	CC_LO,
	CC_MI,
	CC_PL,
	CC_VS,
	CC_VC,
	CC_HI,
	CC_LS,
	CC_GE,
	CC_LT,
	CC_GT,
	CC_LE,
};

enum a64_shift {
	SHIFT_LSL,
	SHIFT_LSR,
	SHIFT_ASR,
};

/* How an index is made of its register. */
enum a64_extend {
	EXTEND_UXTW = 2,
	EXTEND_UXTX = 3,
	EXTEND_SXTW = 6,
};

/* ---- what can be encoded ---- */

/* 12 bits, or those shifted by 12. */
static inline bool a64_is_imm12(u64 v)
{
	return v < 4096 || (!(v & 4095) && v < 4096 << 12);
}

/* So that it can be added or subtracted; @v as of @width bytes. */
static inline bool a64_is_add(s64 v)
{
	return a64_is_imm12((u64)v) || a64_is_imm12(0 - (u64)v);
}

/* A run of ones, rotated, in elements of 2 to 64 bits that repeat; its 13 bits N:immr:imms. */
bool a64_logical(u64 v, u8 width, u32 *bits);

/* An access of @size bytes at a register + @offset. */
static inline bool a64_is_offset(u32 size, s64 offset)
{
	if (offset >= 0 && !(offset & (size - 1)) && offset / size < 4096)
		return true;
	return offset >= -256 && offset < 256;
}

/* ---- instructions ---- */

/* A64_X for 8 bytes. */
static inline u32 a64_w(u8 width)
{
	return width == 8 ? A64_X : 0;
}

void a64_put(struct jit_code *code, u32 word);

static inline void a64_rrr(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 rm)
{
	a64_put(code, op | (u32)rm << 16 | (u32)rn << 5 | rd);
}

static inline void a64_rr(struct jit_code *code, u32 op, u8 rd, u8 rn)
{
	a64_put(code, op | (u32)rn << 5 | rd);
}

static inline void a64_rrrr(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 rm, u8 ra)
{
	a64_rrr(code, op | (u32)ra << 10, rd, rn, rm);
}

static inline void a64_shifted(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 rm,
			       enum a64_shift shift, u8 by)
{
	a64_rrr(code, op | (u32)shift << 22 | (u32)by << 10, rd, rn, rm);
}

/* rd = rn + (rm extended << by), of sp as well. */
static inline void a64_add_extended(struct jit_code *code, u8 rd, u8 rn, u8 rm,
				    enum a64_extend extend, u8 by)
{
	a64_rrr(code, A64_ADD_EXT | A64_X | (u32)extend << 13 | (u32)by << 10, rd, rn, rm);
}

static inline void a64_csel(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 rm, enum a64_cc cc)
{
	a64_rrr(code, op | (u32)cc << 12, rd, rn, rm);
}

/* SBFM, UBFM with A64_X or not. */
void a64_bits(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 immr, u8 imms);
/* Bits of rn from @from on, @n of them, to the bottom. */
static inline void a64_extract(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 from, u8 n)
{
	a64_bits(code, op, rd, rn, from, (u8)(from + n - 1));
}

void a64_shift_imm(struct jit_code *code, u32 w, enum a64_shift shift, u8 rd, u8 rn, u8 by);
void a64_rotate_right(struct jit_code *code, u32 w, u8 rd, u8 rn, u8 by);
/* All 64 bits; nothing when both are the same. Not of sp. */
void a64_mov(struct jit_code *code, u8 rd, u8 rn);
void a64_mov_imm(struct jit_code *code, u8 rd, u64 value);
/* ADD_IMM, ADDS_IMM (or SUB...): an a64_is_add() number of either sign; the other one if need be.
 */
void a64_add_imm(struct jit_code *code, u32 op, u8 rd, u8 rn, s64 value);
/* AND_IMM, ...: one that a64_logical() takes. */
void a64_logical_imm(struct jit_code *code, u32 op, u8 rd, u8 rn, u64 value);
/* rd = rn + any number, both may be sp. Uses @scratch when it is large. */
void a64_add_any(struct jit_code *code, u8 rd, u8 rn, s64 value, u8 scratch);

/* @op: A64_STR, A64_LDR, ...; an a64_is_offset(). */
void a64_mem(struct jit_code *code, u32 op, u32 size, u8 rt, u8 rn, s64 offset);
/* rn + (rm extended << log2 of @size, if .scaled) */
void a64_mem_index(struct jit_code *code, u32 op, u32 size, u8 rt, u8 rn, u8 rm,
		   enum a64_extend extend, bool scaled);
/* A pair of 8 bytes each; @offset -512 to 504. */
static inline void a64_pair(struct jit_code *code, u32 op, u8 rt, u8 rt2, u8 rn, s32 offset)
{
	a64_put(code, op | ((u32)(offset / 8) & 0x7f) << 15 | (u32)rt2 << 10 | (u32)rn << 5 | rt);
}

/* STR_PRE, LDR_POST; @offset -256 to 255. */
static inline void a64_mem_step(struct jit_code *code, u32 op, u8 rt, u8 rn, s32 offset)
{
	a64_put(code, op | ((u32)offset & 0x1ff) << 12 | (u32)rn << 5 | rt);
}

#endif
