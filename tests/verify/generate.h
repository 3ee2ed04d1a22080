/* SPDX-License-Identifier: BSD-2-Clause */
/* Random programs that are likely to be legal, the same ones for the same seed. */
#ifndef ANYBPF_TESTS_VERIFY_GENERATE_H
#define ANYBPF_TESTS_VERIFY_GENERATE_H

#include "verify/oracle.h"


#define MAX_INSNS 96

struct gen {
	u64 seed;
	struct bpf_insn insns[MAX_INSNS + 16];
	u32 cnt;
	bool xdp, has_map;
};

static u32 rnd(struct gen *g, u32 n)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return (u32)(g->seed >> 33) % n;
}

static void emit(struct gen *g, u32 code, u32 dst, u32 src, s32 off, s32 imm)
{
	g->insns[g->cnt++] = (struct bpf_insn){
		.code = (u8)code,
		.dst_reg = (u8)(dst & 15),
		.src_reg = (u8)(src & 15),
		.off = (s16)off,
		.imm = imm,
	};
}

static s32 rnd_imm(struct gen *g)
{
	static const s32 nice[] = {0,  1,   -1,	 2,   4,   7,	8,	   16,	      31,
				   32, 47,  48,	 63,  64,  255, 256,	   4095,      0x7fff,
				   -8, -16, -48, 511, 512, -2,	INT32_MAX, INT32_MIN, 0xffff};

	return rnd(g, 4) ? nice[rnd(g, ARRAY_SIZE(nice))] : (s32)rnd(g, UINT32_MAX);
}

static u32 rnd_reg(struct gen *g)
{
	/* r6 to r9 hold pointers in most programs. */
	return rnd(g, 24) ? rnd(g, 6) : rnd(g, 10);
}

static void gen_alu(struct gen *g)
{
	static const u8 ops[] = {BPF_ADD, BPF_ADD, BPF_SUB,  BPF_MUL, BPF_DIV,
				 BPF_OR,  BPF_AND, BPF_AND,  BPF_LSH, BPF_RSH,
				 BPF_MOD, BPF_XOR, BPF_ARSH, BPF_MOV, BPF_MOV};
	u8 op = ops[rnd(g, ARRAY_SIZE(ops))];
	u32 class = rnd(g, 3) ? BPF_ALU64 : BPF_ALU;
	u32 dst = rnd_reg(g), src = rnd_reg(g);
	bool reg = rnd(g, 2), shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	s32 imm = shift ? (s32)rnd(g, class == BPF_ALU ? 32 : 64) : rnd_imm(g), off = 0;

	if ((op == BPF_DIV || op == BPF_MOD) && !imm)
		imm = 3;
	if (op == BPF_MOV && reg && !rnd(g, 4))
		off = rnd(g, 2) ? 8 : 16;
	emit(g, class | op | (reg ? BPF_X : BPF_K), dst, reg ? src : 0, off, reg ? 0 : imm);
}

static void gen_stack(struct gen *g)
{
	static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW, BPF_DW};
	u8 size = sizes[rnd(g, ARRAY_SIZE(sizes))];
	s32 off = -8 * (s32)(1 + rnd(g, 3)) + (rnd(g, 3) ? 0 : (s32)rnd(g, 2) * 4);

	switch (rnd(g, 3)) {
	case 0:
		emit(g, BPF_STX | BPF_MEM | size, 10, rnd_reg(g), off, 0);
		break;
	case 1:
		emit(g, BPF_ST | BPF_MEM | size, 10, 0, off, rnd_imm(g));
		break;
	default:
		emit(g, BPF_LDX | BPF_MEM | size, rnd_reg(g), 10, off, 0);
	}
}

/* A forward jump over the next few instructions. */
static void gen_jump(struct gen *g)
{
	static const u8 ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,	 BPF_JLT, BPF_JLE,
				 BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	bool reg = !rnd(g, 3);
	u32 class = rnd(g, 3) ? BPF_JMP : BPF_JMP32;
	u32 op = ops[rnd(g, ARRAY_SIZE(ops))], dst = rnd_reg(g), src = rnd_reg(g);
	s32 off = (s32)rnd(g, 4), imm = rnd_imm(g);

	emit(g, class | op | (reg ? BPF_X : BPF_K), dst, reg ? src : 0, off, reg ? 0 : imm);
}

static void gen_map(struct gen *g, u32 to)
{
	emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -32, 0);
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, FAKE_FD + 1);
	emit(g, 0, 0, 0, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -32);
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	if (rnd(g, 20)) {
		emit(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, to, 0, 0, 0);
	for (u32 r = 1; r < 6; r++)
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, r, 0, 0, rnd_imm(g));
}

static void gen_access(struct gen *g)
{
	static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	u8 size = sizes[rnd(g, ARRAY_SIZE(sizes))];
	u32 ptr = g->has_map && (!g->xdp || rnd(g, 2)) ? 6 : 7;
	s32 off = rnd(g, 16) ? (s32)rnd(g, 20) : (s32)rnd(g, 56) - 4;

	if (ptr == 7 && !g->xdp)
		return;

	if (rnd(g, 3))
		emit(g, BPF_LDX | BPF_MEM | size, rnd_reg(g), ptr, off, 0);
	else
		emit(g, BPF_STX | BPF_MEM | size, ptr, rnd_reg(g), off, 0);
}

/* r7 = packet, r8 = end; a check of some length in one of its forms. */
static void gen_packet(struct gen *g)
{
	static const u8 ops[] = {BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE};
	bool swap = rnd(g, 2);

	emit(g, BPF_LDX | BPF_MEM | BPF_W, 7, 9, offsetof(struct xdp_md, data), 0);
	emit(g, BPF_LDX | BPF_MEM | BPF_W, 8, 9, offsetof(struct xdp_md, data_end), 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, (s32)(20 + rnd(g, 20)));
	if (rnd(g, 2)) {
		emit(g, BPF_JMP | BPF_JLE | BPF_X, 2, 8, 2, 0);
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	} else {
		u32 op = ops[rnd(g, ARRAY_SIZE(ops))];

		emit(g, BPF_JMP | op | BPF_X, swap ? 8 : 2, swap ? 2 : 8, 1 + (s32)rnd(g, 3), 0);
	}
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, rnd_imm(g));
}

/* A pointer moved by a number that was bounded first. */
static void gen_offset(struct gen *g)
{
	u32 ptr = g->has_map ? 6 : 10, by = rnd(g, 5), size, to;

	if (rnd(g, 2))
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, by, 0, 0, (s32)rnd(g, 48));
	else
		emit(g, BPF_JMP | BPF_JGT | BPF_K, by, 0, 3, (s32)rnd(g, 60));
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 5, ptr, 0, 0);
	emit(g, BPF_ALU64 | (rnd(g, 5) ? BPF_ADD : BPF_SUB) | BPF_X, 5, by, 0, 0);
	size = rnd(g, 2) ? BPF_B : BPF_W;
	to = rnd(g, 5);
	emit(g, BPF_LDX | BPF_MEM | size, to, 5, ptr == 10 ? -64 : (s32)rnd(g, 4), 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 5, 0, 0, 1);
}

static void gen_loop(struct gen *g)
{
	u32 counter = 5;
	u32 start;

	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, counter, 0, 0, 0);
	start = g->cnt;
	gen_alu(g);
	gen_stack(g);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, counter, 0, 0, 1);
	emit(g, BPF_JMP | BPF_JLT | BPF_K, counter, 0, (s32)start - (s32)g->cnt - 1,
	     (s32)rnd(g, 20));
}

static void generate(struct gen *g, u64 seed)
{
	u32 parts;

	memset(g, 0, sizeof(*g));
	g->seed = seed * 0x9e3779b97f4a7c15ull + 1;
	rnd(g, 1);
	g->xdp = rnd(g, 2);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 9, 1, 0, 0);
	for (u32 r = 0; r < 9; r++)
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, r, 0, 0, rnd_imm(g));
	if (g->xdp)
		gen_packet(g);
	g->has_map = rnd(g, 2);
	if (g->has_map)
		gen_map(g, 6);
	if (rnd(g, 2)) {
		/* An unknown number. */
		emit(g, BPF_LDX | BPF_MEM | BPF_W, rnd(g, 6), 9,
		     g->xdp ? (s32)offsetof(struct xdp_md, rx_queue_index) : 0, 0);
	}
	parts = 4 + rnd(g, 16);
	for (u32 i = 0; i < parts && g->cnt < MAX_INSNS - 8; i++) {
		switch (rnd(g, 10)) {
		case 0:
		case 1:
		case 2:
			gen_alu(g);
			break;
		case 3:
		case 4:
			gen_stack(g);
			break;
		case 5:
		case 6:
			gen_jump(g);
			break;
		case 7:
			gen_access(g);
			break;
		case 8:
			gen_offset(g);
			break;
		default:
			if (!rnd(g, 3))
				gen_loop(g);
		}
	}
	for (u32 i = 0; i < 4; i++)
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

#endif
