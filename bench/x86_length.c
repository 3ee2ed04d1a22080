/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long an x86-64 instruction is and where its immediate stands: enough to
 * find the calls, jumps and addresses in code that comes from elsewhere. Facts:
 * Intel's Software Developer's Manual, volume 2, appendix A.
 */
#include "x86_length.h"

#include <string.h>

/* What follows an opcode. */
enum form {
	BAD,
	NONE,
	IMM8,
	IMM16,
	IMM32,
	MODRM,
	MODRM_IMM8,
	MODRM_IMM32,
	MOV_IMM, /* 32 bits, 64 with REX.W */
	TEST8,	 /* ModRM; an immediate with /0 and /1 */
	TEST32,
};

struct range {
	u8 first, last, form;
};

static const struct range one_byte[] = {
	{0x50, 0x5f, NONE},	   {0x63, 0x63, MODRM},	     {0x68, 0x68, IMM32},
	{0x69, 0x69, MODRM_IMM32}, {0x6a, 0x6a, IMM8},	     {0x6b, 0x6b, MODRM_IMM8},
	{0x70, 0x7f, IMM8},	   {0x80, 0x80, MODRM_IMM8}, {0x81, 0x81, MODRM_IMM32},
	{0x83, 0x83, MODRM_IMM8},  {0x84, 0x8f, MODRM},	     {0x90, 0x99, NONE},
	{0xa8, 0xa8, IMM8},	   {0xa9, 0xa9, IMM32},	     {0xb0, 0xb7, IMM8},
	{0xb8, 0xbf, MOV_IMM},	   {0xc0, 0xc1, MODRM_IMM8}, {0xc2, 0xc2, IMM16},
	{0xc3, 0xc3, NONE},	   {0xc6, 0xc6, MODRM_IMM8}, {0xc7, 0xc7, MODRM_IMM32},
	{0xc9, 0xc9, NONE},	   {0xcc, 0xcc, NONE},	     {0xd0, 0xd3, MODRM},
	{0xe8, 0xe9, IMM32},	   {0xeb, 0xeb, IMM8},	     {0xf6, 0xf6, TEST8},
	{0xf7, 0xf7, TEST32},	   {0xfe, 0xff, MODRM},
};

static const struct range two_byte[] = {
	{0x05, 0x05, NONE},	  {0x0b, 0x0b, NONE},  {0x10, 0x2f, MODRM},
	{0x31, 0x31, NONE},	  {0x40, 0x6f, MODRM}, {0x80, 0x8f, IMM32},
	{0x90, 0x9f, MODRM},	  {0xa2, 0xa2, NONE},  {0xa3, 0xa3, MODRM},
	{0xa4, 0xa4, MODRM_IMM8}, {0xa5, 0xa5, MODRM}, {0xab, 0xab, MODRM},
	{0xac, 0xac, MODRM_IMM8}, {0xad, 0xb9, MODRM}, {0xba, 0xba, MODRM_IMM8},
	{0xbb, 0xc1, MODRM},	  {0xc7, 0xc7, MODRM}, {0xc8, 0xcf, NONE},
};

static enum form find(const struct range *ranges, u32 n, u8 opcode)
{
	for (u32 i = 0; i < n; i++) {
		if (opcode >= ranges[i].first && opcode <= ranges[i].last)
			return ranges[i].form;
	}
	return BAD;
}

/* add, or, adc, sbb, and, sub, xor, cmp all look alike. */
static enum form form_of(u8 opcode)
{
	static const u8 arithmetic[8] = {MODRM, MODRM, MODRM, MODRM, IMM8, IMM32, BAD, BAD};

	if (opcode < 0x40)
		return arithmetic[opcode & 7];
	return find(one_byte, ARRAY_SIZE(one_byte), opcode);
}

/* ModRM, SIB and displacement. */
static u32 operand_length(const u8 *at)
{
	u8 mod = at[0] >> 6, rm = at[0] & 7;
	u32 length = 1;

	if (mod == 3)
		return length;
	if (rm == 4) {
		length++;
		if (mod == 0 && (at[1] & 7) == 5)
			length += 4;
	} else if (mod == 0 && rm == 5) {
		length += 4;
	}
	if (mod == 1)
		length++;
	if (mod == 2)
		length += 4;
	return length;
}

/* The prefixes before REX; their length. */
static u32 skip_prefixes(const u8 *at, struct x86_insn *insn, bool *is_short)
{
	u32 n = 0;

	for (;; n++) {
		if (at[n] == 0x66)
			*is_short = true;
		else if (at[n] == 0x64 || at[n] == 0x65)
			insn->segment = true;
		else if (at[n] != 0xf0 && at[n] != 0xf2 && at[n] != 0xf3 && at[n] != 0x2e &&
			 at[n] != 0x3e)
			return n;
	}
}

/* The opcode, whichever map it is in; what follows it. */
static enum form read_opcode(const u8 *at, u32 *length, struct x86_insn *insn)
{
	if (at[0] == 0xc4) { /* VEX with three bytes */
		*length += 4;
		return (at[1] & 31) == 3 ? MODRM_IMM8 : MODRM;
	}
	if (at[0] == 0xc5) {
		*length += 3;
		return MODRM;
	}
	if (at[0] != 0x0f) {
		insn->opcode = at[0];
		*length += 1;
		return form_of(at[0]);
	}
	if (at[1] == 0x38 || at[1] == 0x3a) {
		*length += 3;
		return at[1] == 0x38 ? MODRM : MODRM_IMM8;
	}
	insn->opcode = 0x0f00u | at[1];
	*length += 2;
	return find(two_byte, ARRAY_SIZE(two_byte), at[1]);
}

static u32 immediate_size(enum form form, const struct x86_insn *insn, bool is_short)
{
	bool has = (insn->modrm >> 3 & 7) < 2;

	switch (form) {
	case IMM8:
	case MODRM_IMM8:
		return 1;
	case IMM16:
		return 2;
	case IMM32:
	case MODRM_IMM32:
		return is_short ? 2 : 4;
	case MOV_IMM:
		return insn->wide ? 8 : is_short ? 2 : 4;
	case TEST8:
		return has ? 1 : 0;
	case TEST32:
		return has ? (is_short ? 2 : 4) : 0;
	default:
		return 0;
	}
}

int x86_decode(const u8 *code, u32 size, struct x86_insn *insn)
{
	u8 at[32] = {0}; /* so that nothing is read beyond the end */
	bool is_short = false;
	enum form form;
	u32 length;

	memset(insn, 0, sizeof(*insn));
	memcpy(at, code, size < 16 ? size : 16);
	length = skip_prefixes(at, insn, &is_short);
	if (length > 8)
		return -1;
	if ((at[length] & 0xf0) == 0x40) {
		insn->wide = at[length] & 8;
		length++;
	}
	form = read_opcode(at + length, &length, insn);
	if (form == BAD)
		return -1;
	if (form >= MODRM && form != MOV_IMM) {
		insn->modrm = at[length];
		length += operand_length(at + length);
	}
	insn->imm_offset = length;
	insn->imm_size = immediate_size(form, insn, is_short);
	insn->length = length + insn->imm_size;
	return insn->length <= size ? 0 : -1;
}
