/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator's walks over memory, loops with two entries, loops with a budget, tail calls. */
#include "sound/gen.h"

static bool may_loop(const struct gen *g)
{
	return !g->in_loop && g->depth < 2 && !g->in_callback;
}

/* All numbers may be others when a loop comes round. */
static void forget(struct gen *g)
{
	for (u32 i = 0; i < 9; i++) {
		if (g->now.reg[i].type == M_NUM)
			gen_set_number(g, i, UINT64_MAX);
	}
}

void gen_loop_head(struct gen *g)
{
	if (!g->shapes)
		return;
	g->no_call = gen_below(g, 2);
	for (u32 i = 0; i < (g->no_call ? 1 : 6); i++)
		g->now.reg[i].type = M_NONE;
	/* Numbers stay numbers only by luck; what is spilled may be something else. */
	for (u32 i = 0; i < GEN_POINTER_SLOTS; i++)
		g->now.slot[i].type = M_NONE;
}

/*
 * A place to walk along: the array's or the global value, or the stack from
 * its lowest slot on. Leaves its address in @reg; the bytes that are there.
 */
static u32 place(struct gen *g, u32 reg, bool write)
{
	enum gen_map map = write || gen_below(g, 3) ? GEN_GLOBAL : GEN_RODATA;

	if (gen_below(g, 2)) {
		gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, reg, 10, 0, 0);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, gen_slot_off(GEN_SLOTS - 1));
		g->now.reg[reg].type = M_NONE;
		return 8 * (GEN_SLOTS - GEN_POINTER_SLOTS);
	}
	gen_wide(g, reg, BPF_PSEUDO_MAP_VALUE, map);
	g->now.reg[reg].type = M_NONE;
	return gen_maps[map].value_size;
}

/* The head of a loop of so many rounds, a constant or what a number is bounded to. */
static u32 rounds(struct gen *g, u32 limit, u32 reg)
{
	u32 by;

	if (gen_below(g, 2)) {
		gen_set(g, reg, 1 + (s32)gen_below(g, limit));
		return 0;
	}
	by = gen_number(g);
	if (by != reg)
		gen_mov(g, reg, by);
	gen_put(g, BPF_ALU | BPF_AND | BPF_K, reg, 0, 0, 15);
	if (limit < 16)
		gen_put(g, BPF_ALU64 | BPF_MOD | BPF_K, reg, 0, 0, (s32)limit + 1);
	return 1;
}

/* for (i = 0; i < n; i++) to[i] = from[i], or something of it; r1 to, r2 from, r3 i, r4 n. */
void gen_copy_loop(struct gen *g)
{
	u32 size_nr = gen_below(g, 3) ? 0 : gen_below(g, 4), unit = 1u << size_nr, room, start;
	static const u8 codes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	u8 size = codes[size_nr], class = gen_below(g, 2) ? BPF_ALU64 : BPF_ALU;
	bool maybe_none;

	if (!may_loop(g))
		return;
	room = place(g, 1, true);
	start = place(g, 2, false);
	room = room < start ? room : start;
	g->now.reg[0].type = g->now.reg[5].type = M_NONE;
	maybe_none = rounds(g, room / unit, 4);
	gen_set(g, 3, 0);
	start = g->cnt;
	if (maybe_none)
		gen_put(g, BPF_JMP | BPF_JGE | BPF_X, 3, 4, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | size, 5, 2, 0, 0);
	if (gen_below(g, 2))
		gen_put(g, class | BPF_XOR | BPF_K, 5, 0, 0, gen_imm(g));
	gen_put(g, BPF_STX | BPF_MEM | size, 1, 5, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, (s32)unit);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, (s32)unit);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, 1);
	if (maybe_none) {
		gen_put(g, BPF_JMP | BPF_JA, 0, 0, (s32)start - (s32)g->cnt - 1, 0);
		gen_land(g, start);
	} else {
		gen_put(g, BPF_JMP | BPF_JLT | BPF_X, 3, 4, (s32)start - (s32)g->cnt - 1, 0);
	}
	for (u32 i = 1; i < 6; i++)
		g->now.reg[i].type = M_NONE;
	for (u32 i = GEN_POINTER_SLOTS; i < GEN_SLOTS; i++)
		g->now.slot[i] = (struct gen_reg){.type = M_NUM, .max = UINT64_MAX};
	forget(g);
}

/* A sum over memory by index: r1 its start, r2 the element's address, r3 i, r0 the sum. */
void gen_sum_loop(struct gen *g)
{
	static const u8 codes[] = {BPF_B, BPF_H, BPF_W, BPF_DW}, ops[] = {BPF_ADD, BPF_XOR, BPF_OR};
	u32 size_nr = gen_below(g, 3), unit = 1u << size_nr, room, start;
	u8 class = gen_below(g, 2) ? BPF_ALU64 : BPF_ALU;
	bool hash = gen_below(g, 2);

	if (!may_loop(g))
		return;
	room = place(g, 1, false);
	gen_set(g, 0, gen_below(g, 2) ? 0 : gen_imm(g));
	gen_set(g, 3, 0);
	start = g->cnt;
	gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 1, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, 2, 3, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | codes[size_nr], 4, 2, 0, 0);
	gen_put(g, class | ops[gen_below(g, 3)] | BPF_X, 0, 4, 0, 0);
	if (hash)
		gen_put(g, class | BPF_MUL | BPF_K, 0, 0, 0, 0x01000193);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, (s32)unit);
	room = unit * (1 + gen_below(g, room / unit));
	gen_put(g, (gen_below(g, 2) ? BPF_JMP : BPF_JMP32) | BPF_JLT | BPF_K, 3, 0,
		(s32)start - (s32)g->cnt - 1, (s32)room);
	for (u32 i = 1; i < 5; i++)
		g->now.reg[i].type = M_NONE;
	forget(g);
	gen_set_number(g, 0, UINT64_MAX);
}

/* A loop that is also entered in its middle; the counter stands in a slot. */
void gen_goto_loop(struct gen *g)
{
	struct gen_model before;
	u32 enter, head;

	if (!may_loop(g))
		return;
	g->in_loop = true;
	g->depth++;
	forget(g);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->now.slot[i].max = UINT64_MAX;
	gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, GEN_COUNTER, 0);
	gen_loop_head(g);
	before = g->now;
	gen_condition(g, &enter);
	head = g->cnt;
	gen_block(g, 1 + gen_below(g, 3));
	gen_land(g, enter);
	gen_meet(&g->now, &before);
	gen_block(g, 1 + gen_below(g, 3));
	g->no_call = false;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 0, 10, GEN_COUNTER, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1);
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, GEN_COUNTER, 0);
	gen_set_number(g, 0, UINT64_MAX);
	gen_put(g, BPF_JMP | BPF_JLT | BPF_K, 0, 0, (s32)head - (s32)g->cnt - 1,
		2 + (s32)gen_below(g, 6));
	gen_meet(&g->now, &before);
	g->depth--;
	g->in_loop = false;
}

/* may_goto, which never comes to an end here: a counter does first. */
void gen_budget_loop(struct gen *g)
{
	struct gen_model before;
	u32 head, done;

	if (!may_loop(g) || g->in_subprog)
		return;
	g->in_loop = true;
	g->depth++;
	forget(g);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->now.slot[i].max = UINT64_MAX;
	gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, GEN_COUNTER, 0);
	gen_loop_head(g);
	g->no_call = true; /* helpers write memory, perhaps the counter */
	before = g->now;
	head = g->cnt;
	gen_put(g, BPF_JMP | BPF_JCOND, 0, BPF_MAY_GOTO, 0, 0);
	gen_block(g, 1 + gen_below(g, 3));
	g->no_call = false;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 0, 10, GEN_COUNTER, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1);
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, GEN_COUNTER, 0);
	done = g->cnt;
	gen_put(g, BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1, (s32)gen_below(g, 12));
	gen_put(g, BPF_JMP | BPF_JA, 0, 0, (s32)head - (s32)g->cnt - 1, 0);
	gen_land(g, head);
	gen_land(g, done);
	g->now.reg[0].type = M_NONE;
	gen_meet(&g->now, &before);
	g->depth--;
	g->in_loop = false;
}

/* On to one of the programs in the array, or not: of index 2 on there is none. */
void gen_tail_call(struct gen *g)
{
	int ctx = gen_find(g, M_CTX);
	u32 by = gen_number(g);

	if (ctx < 6 || g->in_loop || g->in_callback || g->in_subprog || gen_below(g, 3))
		return;
	if (gen_below(g, 2)) {
		gen_set(g, 3, (s32)gen_below(g, 4));
	} else {
		gen_mov(g, 3, by);
		gen_put(g, BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 7);
	}
	gen_mov(g, 1, (u32)ctx);
	gen_wide(g, 2, BPF_PSEUDO_MAP_FD, GEN_PROGS);
	gen_put(g, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call);
	for (u32 i = 0; i < 6; i++)
		g->now.reg[i] = (struct gen_reg){.type = M_NONE};
	gen_forget_packets(g);
}
