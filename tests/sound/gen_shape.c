/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generator's shapes: what compilers look for, as clang leaves it in
 * programs, and now and then with something about it that is not quite so.
 * Memory that is touched byte by byte, rotations, byte swaps, bit counts,
 * divisions by constants, small branches, many numbers at once.
 */
#include "sound/gen.h"

/* A register of r0 to r8 that is not in the set, and then is. */
static u32 other(struct gen *g, u32 *used)
{
	u32 reg;

	do {
		reg = gen_below(g, 9);
	} while (*used & BIT(reg));
	*used |= BIT(reg);
	return reg;
}

static void alu(struct gen *g, bool wide, u8 op, u32 dst, u32 src)
{
	gen_put(g, (wide ? BPF_ALU64 : BPF_ALU) | op | BPF_X, dst, src, 0, 0);
}

static void alu_imm(struct gen *g, bool wide, u8 op, u32 dst, s32 imm)
{
	gen_put(g, (wide ? BPF_ALU64 : BPF_ALU) | op | BPF_K, dst, 0, 0, imm);
}

/* The width is drawn before the constant, whatever order compilers evaluate arguments in. */
static void alu_any(struct gen *g, u8 op, u32 dst, s32 imm)
{
	bool wide = gen_below(g, 2);

	alu_imm(g, wide, op, dst, imm);
}

static void number(struct gen *g, u32 reg)
{
	gen_set_number(g, reg, UINT64_MAX);
}

/* ---- memory in parts ---- */

/*
 * A pointer with so many bytes behind it and where they begin; or the stack's
 * slots, which are to be accessed as aligned as the unit is. -1: none.
 */
static int memory(struct gen *g, u32 bytes, u32 unit, bool write, s32 *off)
{
	static const u8 kinds[] = {M_VALUE, M_PACKET, M_VALUE};
	int ptr = gen_below(g, 3) ? gen_find(g, kinds[gen_below(g, 3)]) : -1;
	const struct gen_reg *reg = &g->now.reg[ptr < 0 ? 10 : ptr];
	u32 room;

	if (ptr < 0) {
		*off = gen_slot_off(GEN_SLOTS - 1) +
		       (s32)(gen_below(g, 8 * (GEN_SLOTS - GEN_POINTER_SLOTS) - bytes + 1) &
			     ~(unit - 1));
		return 10;
	}
	room = gen_room(reg) - reg->var;
	if (room < bytes || room > 512 || reg->off < 0 ||
	    (write && reg->type == M_VALUE && reg->map == GEN_RODATA))
		return -1;
	*off = (s32)gen_below(g, room - bytes + 1) - reg->off;
	return ptr;
}

/* What a shape may do instead of what it should; 0: nothing. */
static u32 slip(struct gen *g, u32 kinds)
{
	return gen_below(g, 4) ? 0 : 1 + gen_below(g, kinds);
}

/* A word from its bytes (or halves), in either order: loads, shifts, ors. */
static void gen_gather(struct gen *g)
{
	static const u8 counts[] = {2, 2, 3, 4, 4, 8, 8, 5};
	u32 n = counts[gen_below(g, 8)], unit = gen_below(g, 4) ? 1 : 2, used = 0, sum, part;
	bool big = gen_below(g, 2), wide = n * unit > 4 || gen_below(g, 2);
	u32 wrong = slip(g, 4), bad = gen_below(g, n);
	s32 off;
	int ptr;

	if (n * unit > 8)
		n = 8 / unit;
	ptr = memory(g, n * unit, unit, false, &off);
	if (ptr < 0)
		return;
	used = ptr < 10 ? BIT(ptr) : 0;
	sum = other(g, &used);
	part = other(g, &used);
	number(g, sum);
	number(g, part);
	for (u32 i = 0; i < n; i++) {
		u32 at = i, shift = 8 * unit * (big ? n - 1 - i : i);
		u32 reg = i ? part : sum;

		if (wrong == 1 && i == bad)
			at = gen_below(g, n);
		if (wrong == 2 && i == bad)
			shift = (shift + 8) % (wide ? 64 : 32);
		if (wrong == 3 && i == bad && ptr == 10)
			gen_put(g, BPF_ST | BPF_MEM | BPF_B, 10, 0, off + (s32)at, 77);
		gen_put(g,
			BPF_LDX | (wrong == 4 ? BPF_MEMSX : BPF_MEM) | (unit == 1 ? BPF_B : BPF_H),
			reg, (u32)ptr, off + (s32)(at * unit), 0);
		if (shift)
			alu_imm(g, wide, BPF_LSH, reg, (s32)(shift % (wide ? 64 : 32)));
		if (i)
			alu(g, wide, gen_below(g, 12) ? BPF_OR : BPF_ADD, sum, part);
	}
}

/* The same as clang has it for bytes: Horner's scheme. */
static void gen_horner(struct gen *g)
{
	u32 n = 2 + gen_below(g, 7), used, sum, part;
	bool wide = n > 4 || gen_below(g, 2), down = gen_below(g, 2);
	s32 off;
	int ptr = memory(g, n, 1, false, &off);

	if (ptr < 0)
		return;
	used = ptr < 10 ? BIT(ptr) : 0;
	sum = other(g, &used);
	part = other(g, &used);
	for (u32 i = 0; i < n; i++) {
		s32 at = off + (s32)(down ? n - 1 - i : i);

		if (i)
			alu_imm(g, wide, BPF_LSH, sum, 8);
		gen_put(g, BPF_LDX | BPF_MEM | BPF_B, i ? part : sum, (u32)ptr, at, 0);
		if (i)
			alu(g, wide, BPF_OR, sum, part);
	}
	number(g, sum);
	number(g, part);
}

/* A word into its bytes, or constants side by side. */
static void gen_scatter(struct gen *g)
{
	static const u8 counts[] = {2, 3, 4, 4, 8, 8, 6, 4};
	u32 n = counts[gen_below(g, 8)], used, from = gen_number(g), part;
	bool big = gen_below(g, 2), wide = gen_below(g, 2), constants = !gen_below(g, 3);
	u32 wrong = slip(g, 3), bad = gen_below(g, n);
	u8 size = constants && n == 4 && gen_below(g, 2) ? BPF_H : BPF_B;
	u32 unit = gen_size_of(size);
	s32 off;
	int ptr = memory(g, n * unit, unit, true, &off);

	if (ptr < 0)
		return;
	used = BIT(from) | (ptr < 10 ? BIT(ptr) : 0);
	part = other(g, &used);
	number(g, part);
	for (u32 i = 0; i < n; i++) {
		s32 at = off + (s32)(i * unit), shift = 8 * (s32)(big ? n - 1 - i : i);

		if (wrong == 1 && i == bad)
			at = off + (s32)(gen_below(g, n) * unit);
		if (wrong == 2 && i == bad)
			gen_put(g, BPF_LDX | BPF_MEM | BPF_B, part, (u32)ptr, off, 0);
		if (constants) {
			gen_put(g, BPF_ST | BPF_MEM | size, (u32)ptr, 0, at, gen_imm(g));
			continue;
		}
		alu(g, wide, BPF_MOV, part, from);
		if (shift)
			alu_imm(g, wide, wrong == 3 ? BPF_ARSH : BPF_RSH, part,
				shift % (wide ? 64 : 32));
		gen_put(g, BPF_STX | BPF_MEM | BPF_B, (u32)ptr, part, at, 0);
	}
}

/* A structure's copy: words of one memory to another, which may be the same. */
static void gen_copy(struct gen *g)
{
	u32 size_nr = gen_below(g, 4), unit = 1u << size_nr, n = 1 + gen_below(g, 4), used, part;
	static const u8 codes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	s32 from_off, to_off;
	int from = memory(g, n * unit, unit, false, &from_off),
	    to = memory(g, n * unit, unit, true, &to_off);
	bool at_once = gen_below(g, 2);
	u32 second;

	if (from < 0 || to < 0)
		return;
	used = (from < 10 ? BIT(from) : 0) | (to < 10 ? BIT(to) : 0);
	part = other(g, &used);
	second = at_once ? other(g, &used) : part;
	number(g, part);
	if (n > 1)
		number(g, second);
	for (u32 i = 0; i < n; i += at_once ? 2 : 1) {
		s32 at = (s32)(i * unit);

		gen_put(g, BPF_LDX | BPF_MEM | codes[size_nr], part, (u32)from, from_off + at, 0);
		if (at_once && i + 1 < n)
			gen_put(g, BPF_LDX | BPF_MEM | codes[size_nr], second, (u32)from,
				from_off + at + (s32)unit, 0);
		gen_put(g, BPF_STX | BPF_MEM | codes[size_nr], (u32)to, part, to_off + at, 0);
		if (at_once && i + 1 < n)
			gen_put(g, BPF_STX | BPF_MEM | codes[size_nr], (u32)to, second,
				to_off + at + (s32)unit, 0);
	}
}

/* Loads and stores of all sizes over the same few bytes of the stack. */
static void gen_overlap(struct gen *g)
{
	u32 n = 2 + gen_below(g, 6), used = 0, dst, src = gen_number(g);
	s32 base = gen_slot_off(GEN_SLOTS - 1) + 8 * (s32)gen_below(g, 4);

	used = BIT(src);
	for (u32 i = 0; i < n; i++) {
		u8 size = gen_sizes[gen_below(g, 4)];
		u32 bytes = gen_size_of(size);
		/* As likely as not aligned: privileged programs may do without on the stack. */
		s32 off = base + (s32)(gen_below(g, 16 / bytes) * bytes);

		switch (gen_below(g, 4)) {
		case 0:
			gen_put(g, BPF_ST | BPF_MEM | size, 10, 0, off, gen_imm(g));
			break;
		case 1:
			gen_put(g, BPF_STX | BPF_MEM | size, 10, src, off, 0);
			break;
		default:
			if (used == 0x1ff)
				return;
			dst = gen_below(g, 2) ? other(g, &used) : src;
			gen_put(g,
				BPF_LDX |
					(size != BPF_DW && !gen_below(g, 4) ? BPF_MEMSX : BPF_MEM) |
					size,
				dst, 10, off, 0);
			number(g, dst);
		}
	}
}

/* ---- idioms of arithmetic ---- */

/* x << k | x >> (w - k) */
static void gen_rotate(struct gen *g)
{
	bool wide = gen_below(g, 2);
	s32 bits = wide ? 64 : 32, left = 1 + (s32)gen_below(g, (u32)bits - 1);
	u32 used = 0, from = gen_number(g), part, wrong = slip(g, 3);
	static const u8 joins[] = {BPF_OR, BPF_OR, BPF_ADD, BPF_XOR};
	s32 right = bits - left;

	if (wrong == 1)
		right = (right + 1) % bits;
	if (!gen_below(g, 16))
		left = right = 0;
	used = BIT(from);
	part = other(g, &used);
	alu(g, wide || !gen_below(g, 3), BPF_MOV, part, from);
	if (gen_below(g, 3)) {
		alu_imm(g, wide, BPF_LSH, part, left);
		alu_imm(g, wide, wrong == 2 ? BPF_ARSH : BPF_RSH, from, right);
	} else { /* by a register, whose number may be known or not */
		u32 count = other(g, &used), back = other(g, &used);

		number(g, count);
		number(g, back);
		if (gen_below(g, 2)) {
			gen_set(g, count, left);
		} else {
			alu(g, true, BPF_MOV, count, gen_number(g));
			number(g, count);
		}
		gen_set(g, back, bits);
		alu(g, gen_below(g, 2), BPF_SUB, back, count);
		number(g, back);
		alu(g, wide, BPF_LSH, part, count);
		alu(g, wide, wrong == 2 ? BPF_ARSH : BPF_RSH, from, back);
	}
	alu(g, wide || wrong == 3, joins[gen_below(g, 4)], from, part);
	number(g, from);
	number(g, part);
}

/* Bytes exchanged by masks and shifts. */
static void gen_swap(struct gen *g)
{
	u32 used = 0, from = gen_number(g), sum, part, bytes = 2u << gen_below(g, 3);
	bool wide = bytes == 8;

	used = BIT(from);
	sum = other(g, &used);
	part = other(g, &used);
	gen_set(g, sum, 0);
	for (u32 i = 0; i < bytes; i++) {
		s32 move = 8 * ((s32)bytes - 1 - 2 * (s32)i);

		alu(g, wide, BPF_MOV, part, from);
		if (gen_below(g, 2)) {
			if (i)
				alu_imm(g, wide, BPF_RSH, part, 8 * (s32)i);
			alu_imm(g, wide, BPF_AND, part, 255);
			if (i + 1 < bytes)
				alu_imm(g, wide, BPF_LSH, part, 8 * (s32)(bytes - 1 - i));
		} else if (move > 0) {
			alu_imm(g, wide, BPF_AND, part, (s32)(255u << 8 * (i & 3)));
			alu_imm(g, wide, BPF_LSH, part, move);
		} else {
			alu_imm(g, wide, BPF_RSH, part, -move);
			alu_imm(g, wide, BPF_AND, part, (s32)(255u << (8 * (i + (u32)(move / 8)))));
		}
		alu(g, wide, BPF_OR, sum, part);
	}
	number(g, sum);
	number(g, part);
}

static void masked(struct gen *g, bool wide, u32 reg, u64 mask, u32 tmp)
{
	if (!wide) {
		alu_imm(g, false, BPF_AND, reg, (s32)(u32)mask);
		return;
	}
	gen_wide(g, tmp, 0, mask);
	alu(g, true, BPF_AND, reg, tmp);
}

/* Bits counted in parallel, clang's way; at times with a mask or a shift that is another. */
static void gen_popcount(struct gen *g)
{
	static const u64 masks[] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f};
	bool wide = gen_below(g, 2), swapped = gen_below(g, 2);
	u32 used = 0, x = gen_number(g), part, tmp, wrong = slip(g, 3);

	used = BIT(x);
	part = other(g, &used);
	tmp = other(g, &used);
	alu(g, wide, BPF_MOV, part, x);
	alu_imm(g, wide, BPF_RSH, part, wrong == 1 ? 2 : 1);
	masked(g, wide, part, masks[0], tmp);
	alu(g, wide, BPF_SUB, x, part);
	alu(g, wide, BPF_MOV, part, x);
	masked(g, wide, swapped ? x : part, masks[1], tmp);
	alu_imm(g, wide, BPF_RSH, swapped ? part : x, 2);
	masked(g, wide, swapped ? part : x, wrong == 2 ? masks[0] : masks[1], tmp);
	alu(g, wide, BPF_ADD, x, part);
	alu(g, wide, BPF_MOV, part, x);
	alu_imm(g, wide, BPF_RSH, part, 4);
	alu(g, wide, BPF_ADD, x, part);
	masked(g, wide, x, masks[2], tmp);
	if (wide) {
		gen_wide(g, tmp, 0, 0x0101010101010101);
		alu(g, true, BPF_MUL, x, tmp);
		alu_imm(g, true, BPF_RSH, x, 56);
	} else {
		alu_imm(g, false, BPF_MUL, x, 0x01010101);
		alu_imm(g, false, BPF_RSH, x, wrong == 3 ? 25 : 24);
	}
	number(g, x);
	number(g, part);
	number(g, tmp);
}

/* Extensions of zeros and signs by pairs of shifts, by masks, by moves. */
static void gen_extend(struct gen *g)
{
	u32 reg = gen_number(g), to = gen_dst(g), bits = 8u << gen_below(g, 3), by = 64 - bits;

	if (to == 9)
		to = reg;
	switch (gen_below(g, 5)) {
	case 0:
		alu_imm(g, true, BPF_LSH, reg, (s32)by);
		alu_imm(g, true, gen_below(g, 2) ? BPF_ARSH : BPF_RSH, reg, (s32)by);
		break;
	case 1:
		alu_imm(g, gen_below(g, 2), BPF_AND, reg, bits == 32 ? -1 : (s32)BIT(bits) - 1);
		break;
	case 2:
		alu(g, false, BPF_MOV, to, reg);
		alu(g, true, BPF_ADD, reg, to);
		number(g, to);
		break;
	case 3: /* a field of some bits */
		alu_any(g, BPF_RSH, reg, (s32)gen_below(g, 32));
		alu_any(g, BPF_AND, reg, (s32)BIT(1 + gen_below(g, 30)) - 1);
		break;
	default:
		gen_put(g, (gen_below(g, 2) ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_X, to, reg,
			bits == 32 ? 8 : (s32)bits, 0);
		number(g, to);
	}
	number(g, reg);
}

/* Division by what compilers multiply by. */
static void gen_divide(struct gen *g)
{
	static const s32 divisors[] = {3,	5,     7,   9,	 10,  11,  12,	 13,  25,
				       60,	62,    100, 125, 255, 257, 641,	 700, 1000,
				       1000000, 65535, -1,  -2,	 -3,  -10, -1000};
	u32 reg = gen_number(g), shift = gen_below(g, 31);
	s32 by = divisors[gen_below(g, ARRAY_SIZE(divisors))], off = (s32)gen_below(g, 2);
	bool wide = gen_below(g, 2);
	u8 op = gen_below(g, 2) ? BPF_DIV : BPF_MOD;

	switch (gen_below(g, 4)) {
	case 0:
		by = (s32)BIT(shift);
		break;
	case 1:
		by = (s32)(BIT(shift) + gen_below(g, 3) - 1);
		break;
	case 2:
		by = (s32)gen_random(&g->state);
		break;
	default:
		break;
	}
	if (!by)
		by = 1;
	if (!gen_below(g, 4)) { /* both of a number, as printing it does */
		u32 used = BIT(reg), rest = other(g, &used);

		alu(g, wide, BPF_MOV, rest, reg);
		gen_put(g, (wide ? BPF_ALU64 : BPF_ALU) | BPF_DIV | BPF_K, reg, 0, off, by);
		gen_put(g, (wide ? BPF_ALU64 : BPF_ALU) | BPF_MOD | BPF_K, rest, 0, off, by);
		number(g, rest);
	} else {
		gen_put(g, (wide ? BPF_ALU64 : BPF_ALU) | op | BPF_K, reg, 0, off, by);
	}
	number(g, reg);
}

/* ---- branches ---- */

/* x = condition ? a : b in its forms: minimum, maximum, absolute value, 0 or 1. */
static void gen_diamond(struct gen *g)
{
	u32 a = gen_number(g), used = BIT(a), b = gen_number(g), x, at, over;
	u8 op;

	used |= BIT(b);
	x = other(g, &used);
	switch (gen_below(g, 5)) {
	case 0: /* if it does not hold, another one */
		alu(g, gen_below(g, 4), BPF_MOV, x, a);
		number(g, x);
		gen_put(g, gen_any_jump(g, BPF_X), a, b, 1, 0);
		alu(g, gen_below(g, 4), BPF_MOV, x, b);
		break;
	case 1:
		gen_set(g, x, (s32)gen_below(g, 2));
		gen_condition(g, &at);
		op = gen_below(g, 3) ? BPF_MOV : BPF_XOR;
		alu_any(g, op, x, gen_imm(g));
		gen_land(g, at);
		break;
	case 2: /* absolute value */
		gen_put(g, (gen_below(g, 2) ? BPF_JMP : BPF_JMP32) | BPF_JSGE | BPF_K, a, 0, 1, 0);
		gen_put(g, (gen_below(g, 3) ? BPF_ALU64 : BPF_ALU) | BPF_NEG, a, 0, 0, 0);
		number(g, a);
		return;
	case 3: /* two arms */
		gen_condition(g, &at);
		alu(g, true, BPF_MOV, x, a);
		op = gen_below(g, 2) ? BPF_ADD : BPF_AND;
		alu_imm(g, true, op, x, gen_imm(g));
		over = g->cnt;
		gen_put(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		gen_land(g, at);
		alu(g, true, BPF_MOV, x, b);
		if (gen_below(g, 2))
			alu_any(g, BPF_RSH, x, 1 + (s32)gen_below(g, 31));
		gen_land(g, over);
		break;
	default: /* two numbers at once */
		gen_set(g, x, gen_imm(g));
		gen_condition(g, &at);
		alu(g, true, BPF_MOV, x, a);
		alu(g, gen_below(g, 2), BPF_ADD, a, b);
		gen_land(g, at);
		number(g, a);
	}
	number(g, x);
}

/* A switch: one number against several constants. */
static void gen_switch(struct gen *g)
{
	u32 by = gen_number(g), used = BIT(by), x = other(g, &used), n = 2 + gen_below(g, 6);
	u32 ends[8], first = gen_below(g, 40);
	u8 class = gen_below(g, 2) ? BPF_JMP : BPF_JMP32;

	if (gen_below(g, 2))
		alu_imm(g, gen_below(g, 2), BPF_AND, by, 15);
	for (u32 i = 0; i < n; i++) {
		s32 imm = gen_below(g, 5) ? (s32)(first + i) % 16 : gen_imm(g);

		gen_put(g, class | BPF_JNE | BPF_K, by, 0, gen_below(g, 3) ? 2 : 3, imm);
		gen_set(g, x, gen_imm(g));
		if (g->insns[g->cnt - 2].off == 3)
			alu(g, gen_below(g, 2), BPF_ADD, x, by);
		ends[i] = g->cnt;
		gen_put(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	gen_set(g, x, gen_imm(g));
	for (u32 i = 0; i < n; i++)
		gen_land(g, ends[i]);
	number(g, x);
	number(g, by);
}

/* The same number asked about again and again: what is known decides. */
static void gen_ladder(struct gen *g)
{
	u32 reg = gen_number(g), used = BIT(reg), x = other(g, &used), n = 2 + gen_below(g, 4);
	s32 limit = gen_imm(g);

	gen_set(g, x, 0);
	for (u32 i = 0; i < n; i++) {
		gen_put(g, gen_any_jump(g, BPF_K), reg, 0, 1, limit);
		alu_any(g, i & 1 ? BPF_ADD : BPF_XOR, x, 1 << i);
		if (gen_below(g, 2))
			limit = (s32)((u32)limit + gen_below(g, 9) - 4);
	}
	number(g, x);
}

/* Checks of the packet's length, each further than the one before, with loads in between. */
static void gen_packet_ladder(struct gen *g)
{
	for (u32 n = 2 + gen_below(g, 3); n; n--) {
		gen_packet_check(g);
		gen_gather(g);
	}
}

/* ---- many numbers at once ---- */

static void gen_pressure(struct gen *g)
{
	u32 n = 6 + gen_below(g, 12);

	for (u32 i = 0; i < 9; i++) {
		if (g->now.reg[i].type != M_NUM && gen_below(g, 2))
			gen_set(g, i, gen_imm(g));
	}
	for (u32 i = 0; i < n; i++) {
		u32 slot = GEN_POINTER_SLOTS + gen_below(g, GEN_SLOTS - GEN_POINTER_SLOTS);
		u32 reg = gen_number(g), dst = gen_number(g);

		switch (gen_below(g, 4)) {
		case 0:
			gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, reg, gen_slot_off(slot), 0);
			g->now.slot[slot] = g->now.reg[reg];
			break;
		case 1:
			if (g->now.slot[slot].type != M_NUM)
				break;
			gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, dst, 10, gen_slot_off(slot), 0);
			g->now.reg[dst] = g->now.slot[slot];
			break;
		default:
			gen_alu(g);
		}
	}
}

/* A chain in which the same is computed more than once. */
static void gen_common(struct gen *g)
{
	u32 a = gen_number(g), b = gen_number(g), used = BIT(a) | BIT(b), x, y;
	static const u8 ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_XOR,
				 BPF_AND, BPF_OR,  BPF_LSH, BPF_RSH};
	u8 op = ops[gen_below(g, 8)];
	bool wide = gen_below(g, 2);

	x = other(g, &used);
	y = other(g, &used);
	alu(g, gen_below(g, 3), BPF_MOV, x, a);
	alu(g, wide, op, x, b);
	if (!gen_below(g, 3))
		gen_alu(g);
	alu(g, gen_below(g, 3), BPF_MOV, y, a);
	alu(g, gen_below(g, 6) ? wide : !wide, op, y, b);
	alu(g, true, gen_below(g, 2) ? BPF_XOR : BPF_ADD, x, y);
	number(g, x);
	number(g, y);
}

void gen_shape(struct gen *g)
{
	static void (*const shapes[])(struct gen * g) = {
		gen_gather,	 gen_gather,	    gen_horner,	     gen_scatter,
		gen_scatter,	 gen_copy,	    gen_overlap,     gen_rotate,
		gen_swap,	 gen_popcount,	    gen_extend,	     gen_extend,
		gen_divide,	 gen_divide,	    gen_diamond,     gen_diamond,
		gen_diamond,	 gen_switch,	    gen_ladder,	     gen_pressure,
		gen_common,	 gen_packet_ladder, gen_copy_loop,   gen_sum_loop,
		gen_goto_loop,	 gen_budget_loop,   gen_tail_call,   gen_packet_walk,
		gen_packet_walk, gen_maybe_context, gen_share_frame, gen_share_frame,
		gen_far,
	};

	shapes[gen_below(g, ARRAY_SIZE(shapes))](g);
}
