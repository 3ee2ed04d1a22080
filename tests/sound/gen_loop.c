/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generator's loops that may_goto ends: the verifier follows them until
 * nothing new comes of another round, so what it remembers of a state in the
 * middle must be all that any later round needs. Two ways lead in, with
 * different numbers, and only one of several ways through uses them.
 */
#include "sound/gen.h"

#define COUNTER (-72)

static void gen_two_values(struct gen *g, u32 reg, u32 by)
{
	u32 code = gen_any_jump(g, BPF_K);
	s32 a = (s32)gen_below(g, 70), b = (s32)gen_below(g, 70);

	gen_set(g, reg, a);
	gen_put(g, code, by, 0, 1, gen_imm(g));
	gen_set(g, reg, b);
}

/* Somewhere between 0 and 7, so that the rounds are not counted by the verifier. */
static void gen_counter(struct gen *g, u32 by)
{
	gen_mov(g, 0, by);
	gen_put(g, BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 7);
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, COUNTER, 0);
	gen_set_number(g, 0, 7);
}

/* As the offset of a pointer, or for its range alone. */
static void gen_use(struct gen *g, u32 reg)
{
	int ptr = gen_find(g, M_VALUE);
	u32 tmp = gen_below(g, 6);

	if (g->now.reg[reg].type != M_NUM || tmp == reg)
		return;
	if (ptr < 0 || gen_below(g, 3) == 0) {
		gen_mov(g, tmp, reg);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, tmp, 0, 0, 3);
		gen_set_number(g, tmp, UINT64_MAX);
		return;
	}
	gen_mov(g, tmp, (u32)ptr);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, tmp, reg, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_B, tmp, tmp, -g->now.reg[ptr].off, 0);
	gen_set_number(g, tmp, 255);
}

static void gen_sometimes(struct gen *g, u32 reg, u32 other)
{
	u32 by = gen_number(g), code = gen_any_jump(g, BPF_K), at = g->cnt;

	gen_put(g, code, by, 0, 0, gen_imm(g));
	if (gen_below(g, 3))
		gen_use(g, reg);
	else if (g->now.reg[other].type == M_NUM)
		gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, reg, other, 0, 0);
	g->insns[at].off = (s16)(g->cnt - at - 1);
}

void gen_may_goto(struct gen *g)
{
	u32 by = gen_number(g), reg = 6 + gen_below(g, 3), other = 6 + gen_below(g, 3), start, may,
	    out;

	if (g->plain || g->in_loop || g->in_callback || g->depth >= 2 || reg == by || other == by)
		return;
	g->in_loop = true;
	g->depth++;
	gen_counter(g, by);
	gen_two_values(g, reg, by);
	if (other != reg)
		gen_two_values(g, other, by);
	gen_widen(g);
	start = g->cnt;
	if (gen_below(g, 2))
		gen_local(g);
	may = g->cnt;
	gen_put(g, BPF_JMP | BPF_JCOND, 0, 0, 0, 0);
	gen_block(g, gen_below(g, 3));
	for (u32 n = 1 + gen_below(g, 3); n; n--)
		gen_sometimes(g, reg, other);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 0, 10, COUNTER, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1);
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, COUNTER, 0);
	gen_set_number(g, 0, UINT64_MAX);
	out = g->cnt;
	gen_put(g, BPF_JMP | BPF_JSGT | BPF_K, 0, 0, 1, 12);
	gen_put(g, BPF_JMP | BPF_JA, 0, 0, (s32)start - (s32)g->cnt - 1, 0);
	g->insns[may].off = (s16)(out - may + 1);
	g->now.reg[0].type = M_NONE;
	g->depth--;
	g->in_loop = false;
}
