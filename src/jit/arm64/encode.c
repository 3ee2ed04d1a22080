/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/arm64/encode.h"

void a64_put(struct jit_code *code, u32 word)
{
	struct buf *buf = &code->buf;

	buf_add_zero(buf, 4);
	if (buf->failed) {
		code->failed = true;
		return;
	}
	for (u32 i = 0; i < 4; i++)
		buf->data[buf->len - 4 + i] = (u8)(word >> (8 * i));
}

/* ---- immediates of logic ---- */

static bool is_run(u64 v)
{
	return v && !((v + (v & -v)) & v);
}

/* The shortest element that @v repeats. */
static u32 element_of(u64 v)
{
	u32 size = 64;

	while (size > 2) {
		u32 half = size / 2;
		u64 mask = BIT_ULL(half) - 1;

		if ((v & mask) != (v >> half & mask))
			break;
		size = half;
	}
	return size;
}

bool a64_logical(u64 v, u8 width, u32 *bits)
{
	u64 mask, element;
	u32 size, ones, rotate;

	if (width == 4)
		v = (v & UINT32_MAX) | v << 32;
	if (!v || v == UINT64_MAX)
		return false;
	size = element_of(v);
	mask = size == 64 ? UINT64_MAX : BIT_ULL(size) - 1;
	element = v & mask;
	ones = (u32)__builtin_popcountll(element);
	if (is_run(element))
		rotate = size - (u32)__builtin_ctzll(element);
	else if (is_run(~element & mask)) /* around the upper end */
		rotate = ones - (u32)__builtin_ctzll(~element & mask);
	else
		return false;
	rotate &= size - 1;
	*bits = (size == 64 ? 1u << 12 : 0) | rotate << 6 |
		((~(size - 1) << 1 & 0x3f) | (ones - 1));
	return true;
}

void a64_logical_imm(struct jit_code *code, u32 op, u8 rd, u8 rn, u64 value)
{
	u32 bits = 0;

	a64_logical(value, op & A64_X ? 8 : 4, &bits);
	a64_rr(code, op | bits << 10, rd, rn);
}

/* ---- arithmetic ---- */

void a64_add_imm(struct jit_code *code, u32 op, u8 rd, u8 rn, s64 value)
{
	u64 v = (u64)value;

	if (!a64_is_imm12(v)) {
		op ^= A64_ADD_IMM ^ A64_SUB_IMM;
		v = 0 - v;
	}
	if (v >= 4096)
		op |= 1u << 22 | (u32)(v >> 12) << 10;
	else
		op |= (u32)v << 10;
	a64_rr(code, op, rd, rn);
}

void a64_add_any(struct jit_code *code, u8 rd, u8 rn, s64 value, u8 scratch)
{
	u64 size = value < 0 ? 0 - (u64)value : (u64)value;
	s64 low = (s64)(size & 4095);

	if (a64_is_add(value)) {
		a64_add_imm(code, A64_ADD_IMM | A64_X, rd, rn, value);
	} else if (size < 4096 << 12) {
		a64_add_imm(code, A64_ADD_IMM | A64_X, rd, rn,
			    value < 0 ? value + low : value - low);
		a64_add_imm(code, A64_ADD_IMM | A64_X, rd, rd, value < 0 ? -low : low);
	} else {
		a64_mov_imm(code, scratch, (u64)value);
		a64_add_extended(code, rd, rn, scratch, EXTEND_UXTX, 0);
	}
}

void a64_bits(struct jit_code *code, u32 op, u8 rd, u8 rn, u8 immr, u8 imms)
{
	u32 n = op & A64_X ? 1u << 22 : 0;

	a64_rr(code, op | n | (u32)immr << 16 | (u32)imms << 10, rd, rn);
}

void a64_shift_imm(struct jit_code *code, u32 w, enum a64_shift shift, u8 rd, u8 rn, u8 by)
{
	u8 top = w ? 63 : 31;

	if (shift == SHIFT_LSL)
		a64_bits(code, A64_UBFM | w, rd, rn, (u8)(-by & top), (u8)(top - by));
	else
		a64_bits(code, (shift == SHIFT_LSR ? A64_UBFM : A64_SBFM) | w, rd, rn, by, top);
}

void a64_rotate_right(struct jit_code *code, u32 w, u8 rd, u8 rn, u8 by)
{
	a64_rrr(code, A64_EXTR | w | (w ? 1u << 22 : 0) | (u32)by << 10, rd, rn, rn);
}

/* ---- constants ---- */

void a64_mov(struct jit_code *code, u8 rd, u8 rn)
{
	if (rd != rn)
		a64_rrr(code, A64_ORR | A64_X, rd, A64_ZR, rn);
}

static u16 part(u64 value, u32 i)
{
	return (u16)(value >> (16 * i));
}

/* How many of the parts are not @rest. */
static u32 count_parts(u64 value, u16 rest)
{
	u32 n = 0;

	for (u32 i = 0; i < 4; i++)
		n += part(value, i) != rest;
	return n;
}

/* All parts that are not @rest, the first of them by MOVZ or MOVN, which sets the others. */
static void mov_parts(struct jit_code *code, u8 rd, u64 value, u16 rest)
{
	u32 first = 0;

	while (first < 3 && part(value, first) == rest)
		first++;
	if (part(value, first) == rest)
		first = 0;
	a64_put(code, (rest ? A64_MOVN : A64_MOVZ) | A64_X | first << 21 |
			      (u32)(part(value, first) ^ rest) << 5 | rd);
	for (u32 i = first + 1; i < 4; i++) {
		if (part(value, i) != rest)
			a64_put(code, A64_MOVK | A64_X | i << 21 | (u32)part(value, i) << 5 | rd);
	}
}

/* A number that repeats itself but for one part, in two instructions. */
static bool mov_patched(struct jit_code *code, u8 rd, u64 value)
{
	for (u32 i = 0; i < 4; i++) {
		u64 hole = (u64)UINT16_MAX << (16 * i);
		u64 other = (u64)part(value, i ^ 2) << (16 * i); /* as 32 bits repeat */
		u64 near = (u64)part(value, i ^ 1) << (16 * i);	 /* as 16 bits do */
		u64 with[2] = {(value & ~hole) | other, (value & ~hole) | near};
		u32 bits;

		for (u32 k = 0; k < 2; k++) {
			if (!a64_logical(with[k], 8, &bits))
				continue;
			a64_logical_imm(code, A64_ORR_IMM | A64_X, rd, A64_ZR, with[k]);
			a64_put(code, A64_MOVK | A64_X | i << 21 | (u32)part(value, i) << 5 | rd);
			return true;
		}
	}
	return false;
}

static u32 parts_cost(u64 value)
{
	u32 zeros = count_parts(value, 0), ones = count_parts(value, UINT16_MAX);
	u32 n = zeros < ones ? zeros : ones;

	return n ? n : 1;
}

void a64_mov_imm(struct jit_code *code, u8 rd, u64 value)
{
	bool more_ones = count_parts(value, UINT16_MAX) < count_parts(value, 0);
	u16 rest = more_ones ? UINT16_MAX : 0;
	u32 bits;

	if (parts_cost(value) == 1) {
		mov_parts(code, rd, value, rest);
	} else if (value <= UINT32_MAX && part(value, 1) == UINT16_MAX) {
		a64_put(code, A64_MOVN | (u32)(u16)~value << 5 | rd); /* clears the upper half */
	} else if (a64_logical(value, 8, &bits)) {
		a64_logical_imm(code, A64_ORR_IMM | A64_X, rd, A64_ZR, value);
	} else if (value <= UINT32_MAX && a64_logical(value, 4, &bits)) {
		a64_logical_imm(code, A64_ORR_IMM, rd, A64_ZR, value);
	} else if (parts_cost(value) < 3 || !mov_patched(code, rd, value)) {
		mov_parts(code, rd, value, rest);
	}
}

/* ---- memory ---- */

static u32 mem_size(u32 size)
{
	return (u32)__builtin_ctz(size) << 30;
}

void a64_mem(struct jit_code *code, u32 op, u32 size, u8 rt, u8 rn, s64 offset)
{
	op |= mem_size(size);
	if (offset >= 0 && !(offset & (size - 1)))
		op |= 0x39000000 | (u32)(offset / size) << 10;
	else
		op |= 0x38000000 | ((u32)offset & 0x1ff) << 12;
	a64_rr(code, op, rt, rn);
}

void a64_mem_index(struct jit_code *code, u32 op, u32 size, u8 rt, u8 rn, u8 rm,
		   enum a64_extend extend, bool scaled)
{
	op |= mem_size(size) | 0x38200800 | (u32)extend << 13 | (scaled ? 1u << 12 : 0);
	a64_rrr(code, op, rt, rn, rm);
}
