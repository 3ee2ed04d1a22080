/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator's numbers: arithmetic, bounds, and choices that must be remembered. */
#include "sound/gen.h"

/* One draw a statement: compilers choose the order within an expression as they like. */
u32 gen_any_jump(struct gen *g, u32 operand)
{
	u32 class = gen_below(g, 3) ? BPF_JMP : BPF_JMP32;

	return class | gen_jumps[gen_below(g, GEN_JUMPS)] | operand;
}

static u32 any_alu_class(struct gen *g)
{
	return gen_below(g, 2) ? BPF_ALU64 : BPF_ALU;
}

static u64 alu_max(u8 op, u64 a, u64 b, bool is64)
{
	u64 max = is64 ? UINT64_MAX : UINT32_MAX;

	switch (op) {
	case BPF_AND:
		return u64_min(u64_min(a, b), max);
	case BPF_MOV:
		return u64_min(b, max);
	case BPF_ADD:
		return a < 1u << 20 && b < 1u << 20 ? a + b : max;
	case BPF_RSH:
	case BPF_DIV:
	case BPF_MOD:
		return u64_min(a, max);
	case BPF_LSH:
		return a < 1u << 20 && b < 16 ? a << b : max;
	default:
		return max;
	}
}

void gen_alu(struct gen *g)
{
	static const u8 ops[] = {BPF_ADD, BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR,  BPF_AND,
				 BPF_AND, BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR, BPF_MOV, BPF_ARSH};
	static const u8 edges[] = {0, 1, 2, 8, 16, 24, 31, 32, 48, 56, 63};
	u8 op = ops[gen_below(g, ARRAY_SIZE(ops))];
	bool is64 = gen_below(g, 3), reg = gen_below(g, 2);
	bool shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	bool divides = op == BPF_DIV || op == BPF_MOD;
	u32 src = reg ? gen_number(g) : 0, dst = op == BPF_MOV ? gen_dst(g) : gen_number(g);
	s32 imm = shift ? (s32)gen_below(g, is64 ? 64 : 32) : gen_imm(g), off = 0;
	u64 b;

	if (g->shapes && shift && gen_below(g, 2))
		imm = edges[gen_below(g, ARRAY_SIZE(edges))] & (is64 ? 63 : 31);
	if (divides && !imm)
		imm = 3;
	if (divides)
		off = !gen_below(g, 4);
	if (op == BPF_MOV && reg && gen_below(g, 2))
		off = 8 << gen_below(g, is64 ? 3 : 2);
	b = reg ? g->now.reg[src].max : is64 ? (u64)(s64)imm : (u32)imm;
	gen_put(g, (is64 ? BPF_ALU64 : BPF_ALU) | op | (reg ? BPF_X : BPF_K), dst, src, off,
		reg ? 0 : imm);
	gen_set_number(g, dst, off ? UINT64_MAX : alu_max(op, g->now.reg[dst].max, b, is64));
}

void gen_unary(struct gen *g)
{
	static const u8 codes[] = {BPF_ALU | BPF_END | BPF_TO_LE, BPF_ALU | BPF_END | BPF_TO_BE,
				   BPF_ALU64 | BPF_END};
	u32 dst = gen_number(g);
	u32 code = codes[gen_below(g, 3)];

	if (gen_below(g, 2))
		gen_put(g, code, dst, 0, 0, 16 << gen_below(g, 3));
	else
		gen_put(g, any_alu_class(g) | BPF_NEG, dst, 0, 0, 0);
	gen_set_number(g, dst, UINT64_MAX);
}

/* One of two constants, or more: what has to be known precisely where it is used later. */
void gen_choice(struct gen *g)
{
	u32 dst = gen_dst(g), by = gen_number(g);
	s32 a = (s32)gen_below(g, 70), b = (s32)gen_below(g, 70);
	u32 code;

	if (dst == by || dst == 9)
		return;
	gen_set(g, dst, a);
	code = gen_any_jump(g, BPF_K);
	gen_put(g, code, by, 0, 1, gen_imm(g));
	gen_set(g, dst, b);
	gen_set_number(g, dst, (u64)(a > b ? a : b));
}

void gen_constant(struct gen *g)
{
	u32 dst = gen_dst(g);

	if (gen_below(g, 3)) {
		gen_set(g, dst, gen_imm(g));
	} else {
		u64 v = gen_random(&g->state);

		v >>= gen_below(g, 64);
		gen_wide(g, dst, 0, v);
		gen_set_number(g, dst, v);
	}
}

/* Bounds a copy, so that what is linked with it is bounded as well; or is not. */
static void bound_copy(struct gen *g, u32 reg, u32 with, u32 limit)
{
	static const u8 sizes[] = {BPF_DW, BPF_DW, BPF_W, BPF_H, BPF_B};
	u32 size = sizes[gen_below(g, ARRAY_SIZE(sizes))], class = any_alu_class(g);
	s32 add = 0;

	switch (gen_below(g, 4)) {
	case 0: /* by the stack, in part perhaps */
		if (gen_below(g, 2))
			gen_put(g, class | BPF_AND | BPF_K, reg, 0, 0, 255);
		gen_put(g, BPF_STX | BPF_MEM | size, 10, reg, GEN_SCRATCH, 0);
		gen_put(g,
			BPF_LDX | size | (size != BPF_DW && !gen_below(g, 3) ? BPF_MEMSX : BPF_MEM),
			with, 10, GEN_SCRATCH, 0);
		break;
	case 1: /* with its sign, or not */
		gen_put(g, class | BPF_MOV | BPF_X, with, reg,
			8 << gen_below(g, class == BPF_ALU64 ? 3 : 2), 0);
		break;
	case 2: /* at a distance */
		gen_put(g, class | BPF_MOV | BPF_X, with, reg, 0, 0);
		add = (s32)gen_below(g, 20) - 4;
		gen_put(g, any_alu_class(g) | BPF_ADD | BPF_K, with, 0, 0, add);
		break;
	default:
		gen_put(g, class | BPF_MOV | BPF_X, with, reg, 0, 0);
	}
	gen_set_number(g, with, limit);
	if (gen_below(g, 2)) {
		class = gen_below(g, 2) ? BPF_JMP : BPF_JMP32;
		gen_out(g, class | BPF_JGT | BPF_K, with, 0, (s32)limit + add);
	} else {
		class = gen_below(g, 2) ? BPF_JMP : BPF_JMP32;
		gen_out(g, class | BPF_JSGT | BPF_K, with, 0, (s32)limit + add);
		/* What is below 0 is one of the two, or both. */
		gen_out(g, class | BPF_JSLT | BPF_K, gen_below(g, 2) ? with : reg, 0, add);
	}
}

/* Leaves the program, or stays below the limit; in one of many ways. */
void gen_bound(struct gen *g, u32 reg, u32 limit)
{
	u32 with = gen_dst(g), mask = 1;

	while (mask * 2 <= limit + 1)
		mask *= 2;
	switch (g->no_out ? gen_below(g, 3) : gen_below(g, 11)) {
	case 0:
		gen_put(g, BPF_ALU64 | BPF_AND | BPF_K, reg, 0, 0, (s32)(mask - 1));
		break;
	case 1:
		gen_put(g, any_alu_class(g) | BPF_MOD | BPF_K, reg, 0, 0, (s32)limit + 1);
		break;
	case 2:
		gen_put(g, BPF_ALU | BPF_AND | BPF_K, reg, 0, 0, (s32)limit);
		break;
	case 3:
		gen_out(g, BPF_JMP | BPF_JGT | BPF_K, reg, 0, (s32)limit);
		break;
	case 4:
		gen_out(g, BPF_JMP | BPF_JGE | BPF_K, reg, 0, (s32)limit + 1);
		break;
	case 5:
		gen_out(g, BPF_JMP | BPF_JSGT | BPF_K, reg, 0, (s32)limit);
		gen_out(g, BPF_JMP | BPF_JSLT | BPF_K, reg, 0, 0);
		break;
	case 6:
		gen_put(g, BPF_ALU | BPF_MOV | BPF_X, reg, reg, 0, 0);
		gen_out(g, BPF_JMP32 | BPF_JGT | BPF_K, reg, 0, (s32)limit);
		break;
	case 7:
		if (with == reg || with == 9)
			return;
		gen_set(g, with, (s32)limit);
		gen_out(g, BPF_JMP | (gen_below(g, 2) ? BPF_JGT : BPF_JGE) | BPF_X, reg, with, 0);
		break;
	case 8:
		gen_out(g, BPF_JMP | BPF_JSET | BPF_K, reg, 0, (s32) ~(mask - 1));
		break;
	case 9:
		if (with != reg && with != 9)
			bound_copy(g, reg, with, limit);
		break;
	default:
		gen_put(g, BPF_ALU64 | BPF_RSH | BPF_K, reg, 0, 0,
			(s32)(64 - (u32)__builtin_ctz(mask)) & 63);
	}
	gen_set_number(g, reg, limit);
}

/* ---- what the verifier has to remember ---- */

/* From one register to another in a roundabout way; the register that has it then. */
static u32 carry(struct gen *g, u32 reg)
{
	u32 to = gen_below(g, 9), class = any_alu_class(g);
	s32 slot = -8 * (s32)(1 + gen_below(g, GEN_SLOTS));
	struct gen_reg was = g->now.reg[reg];

	switch (gen_below(g, 6)) {
	case 0:
		gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, reg, slot, 0);
		gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, to, 10, slot, 0);
		g->now.slot[-slot / 8 - 1] = was;
		break;
	case 1:
		gen_put(g, BPF_STX | BPF_MEM | BPF_W, 10, reg, slot, 0);
		gen_block(g, gen_below(g, 2));
		gen_put(g, BPF_LDX | BPF_MEM | BPF_W, to, 10, slot, 0);
		g->now.slot[-slot / 8 - 1].type = M_NONE;
		break;
	case 2:
		gen_put(g, class | BPF_MOV | BPF_X, to, reg, 0, 0);
		break;
	case 3: /* zeros, in part, and the number over them */
		gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, slot, 0);
		gen_put(g, BPF_STX | BPF_MEM | BPF_B, 10, reg, slot, 0);
		gen_put(g, BPF_LDX | BPF_MEM | (gen_below(g, 2) ? BPF_B : BPF_DW), to, 10, slot, 0);
		g->now.slot[-slot / 8 - 1] = was;
		break;
	case 4: /* a detour that changes nothing */
		gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, to, reg, 0, 0);
		gen_put(g, class | BPF_ADD | BPF_K, to, 0, 0, 77);
		gen_put(g, class | BPF_SUB | BPF_K, to, 0, 0, 77);
		break;
	default:
		to = reg;
	}
	g->now.reg[to] = was;
	return to;
}

/*
 * One of two numbers, which have to be told apart when one of them is added
 * to a pointer later: the second path must not be taken for the first one.
 * Now and then only the number of the first path fits.
 */
void gen_precise(struct gen *g)
{
	u32 by = gen_number(g), reg = gen_below(g, 9), code = gen_any_jump(g, BPF_K), tmp;
	s32 a = (s32)gen_below(g, 60), b = (s32)gen_below(g, 60), room, fits;
	int ptr = gen_find(g, M_VALUE);

	if (ptr < 0 || by == reg || reg == (u32)ptr || g->now.reg[ptr].var)
		return;
	room = (s32)gen_maps[g->now.reg[ptr].map].value_size - g->now.reg[ptr].off;
	fits = gen_below(g, 3) ? (a > b ? a : b) : b;
	gen_set(g, reg, a);
	gen_put(g, code, by, 0, 1, gen_imm(g));
	gen_set(g, reg, b);
	reg = carry(g, reg);
	gen_block(g, gen_below(g, 3));
	if (g->now.reg[reg].type != M_NUM)
		return;
	reg = carry(g, reg);
	ptr = gen_find(g, M_VALUE);
	tmp = gen_below(g, 9);
	if (ptr < 0 || tmp == reg || fits >= room)
		return;
	gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, tmp, (u32)ptr, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, tmp, reg, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_B, tmp, tmp, room - 1 - fits, 0);
	gen_set_number(g, tmp, 255);
}
