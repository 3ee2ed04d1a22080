/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator's fragments: memory, pointers, jumps, loops; and what is changed at last. */
#include "sound/gen.h"

#include <stdio.h>
#include <string.h>

#include "isa/disasm.h"

const struct gen_map_def gen_maps[GEN_MAPS] = {
	[GEN_ARRAY] = {"array", BPF_MAP_TYPE_ARRAY, 4, 48, 4, 0},
	[GEN_HASH] = {"hash", BPF_MAP_TYPE_HASH, 8, 40, 8, 0},
	[GEN_GLOBAL] = {"global", BPF_MAP_TYPE_ARRAY, 4, 64, 1, 0},
	[GEN_RODATA] = {"rodata", BPF_MAP_TYPE_ARRAY, 4, 16, 1, BPF_F_RDONLY_PROG},
	[GEN_PERCPU] = {"percpu", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 2, 0},
	[GEN_RING] = {"ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0},
	[GEN_PROGS] = {"progs", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0},
};

const u8 gen_sizes[4] = {BPF_B, BPF_H, BPF_W, BPF_DW};
const u8 gen_jumps[GEN_JUMPS] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,	 BPF_JLT, BPF_JLE,
				 BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};

u64 gen_random(u64 *state)
{
	u64 v = *state += 0x9e3779b97f4a7c15;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

u32 gen_below(struct gen *g, u32 n)
{
	return (u32)(gen_random(&g->state) >> 32) % n;
}

void gen_put(struct gen *g, u32 code, u32 dst, u32 src, s32 off, s32 imm)
{
	if (g->cnt >= ARRAY_SIZE(g->insns))
		return;
	g->insns[g->cnt++] = (struct bpf_insn){
		.code = (u8)code,
		.dst_reg = (u8)(dst & 15),
		.src_reg = (u8)(src & 15),
		.off = (s16)off,
		.imm = imm,
	};
}

void gen_wide(struct gen *g, u32 dst, u32 src, u64 imm)
{
	gen_put(g, BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, (s32)(u32)imm);
	gen_put(g, 0, 0, 0, 0, (s32)(u32)(imm >> 32));
}

void gen_set_number(struct gen *g, u32 reg, u64 max)
{
	g->now.reg[reg] = (struct gen_reg){.type = M_NUM, .max = max};
}

void gen_mov(struct gen *g, u32 dst, u32 src)
{
	gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
	g->now.reg[dst] = g->now.reg[src];
}

void gen_set(struct gen *g, u32 dst, s32 imm)
{
	gen_put(g, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
	gen_set_number(g, dst, (u64)(s64)imm);
}

s32 gen_imm(struct gen *g)
{
	static const s32 nice[] = {0,	      1,      2,  3,  4,   7,	 8,   16,  31,
				   32,	      47,     48, 63, 64,  127,	 128, 255, 256,
				   0x7fff,    0x8000, -1, -2, -8,  -16,	 -48, 511, INT32_MAX,
				   INT32_MIN, 0xffff, 40, 15, -64, 0xff0};

	switch (gen_below(g, 6)) {
	case 0:
		return (s32)gen_random(&g->state);
	case 1:
		return (s32)gen_below(g, 64);
	default:
		return nice[gen_below(g, ARRAY_SIZE(nice))];
	}
}

/* r9 has the context, which stays in most programs. */
u32 gen_dst(struct gen *g)
{
	u32 n = gen_below(g, 3) ? 6 : 9;

	return gen_below(g, 40) ? gen_below(g, n) : 9;
}

int gen_find(struct gen *g, enum gen_type type)
{
	u32 from = gen_below(g, 10);

	for (u32 i = 0; i < 10; i++) {
		u32 reg = (from + i) % 10;

		if (g->now.reg[reg].type == type)
			return (int)reg;
	}
	return -1;
}

u32 gen_number(struct gen *g)
{
	int reg = gen_find(g, M_NUM);

	if (reg >= 0)
		return (u32)reg;
	gen_set(g, 0, gen_imm(g));
	return 0;
}

void gen_out(struct gen *g, u32 code, u32 dst, u32 src, s32 imm)
{
	if (g->out_cnt < GEN_OUTS)
		g->outs[g->out_cnt++] = g->cnt;
	gen_put(g, code, dst, src, 0, imm);
}

/* ---- numbers ---- */

/* ---- memory ---- */

u32 gen_size_of(u8 size)
{
	return size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8;
}

/* Bytes behind a pointer's origin that may be touched. */
u32 gen_room(const struct gen_reg *ptr)
{
	switch (ptr->type) {
	case M_VALUE:
		return gen_maps[ptr->map].value_size;
	case M_PACKET:
	case M_META:
		return ptr->range;
	case M_RECORD:
		return ptr->map;
	default:
		return 0;
	}
}

void gen_load(struct gen *g, u32 ptr, u8 size, s32 off)
{
	u32 dst = gen_dst(g);
	bool sx = size != BPF_DW && !gen_below(g, 5);

	gen_put(g, BPF_LDX | (sx ? BPF_MEMSX : BPF_MEM) | size, dst, ptr, off, 0);
	gen_set_number(g, dst,
		       sx || size == BPF_DW ? UINT64_MAX
					    : (u64)UINT64_MAX >> (64 - 8 * gen_size_of(size)));
}

static void gen_atomic(struct gen *g, u32 ptr, s32 off, bool wide)
{
	static const s32 ops[] = {BPF_ADD,
				  BPF_AND,
				  BPF_OR,
				  BPF_XOR,
				  BPF_ADD | BPF_FETCH,
				  BPF_AND | BPF_FETCH,
				  BPF_OR | BPF_FETCH,
				  BPF_XOR | BPF_FETCH,
				  BPF_XCHG,
				  BPF_CMPXCHG};
	s32 op = ops[gen_below(g, ARRAY_SIZE(ops))];
	u32 src = gen_number(g);

	if (op == BPF_CMPXCHG && (ptr == 0 || g->now.reg[0].type != M_NUM))
		return;
	gen_put(g, BPF_STX | BPF_ATOMIC | (wide ? BPF_DW : BPF_W), ptr, src, off, op);
	if (op == BPF_CMPXCHG)
		gen_set_number(g, 0, UINT64_MAX);
	else if (op & BPF_FETCH)
		gen_set_number(g, src, UINT64_MAX);
}

void gen_touch(struct gen *g, u32 ptr, u8 size, s32 off)
{
	bool rdonly = g->now.reg[ptr].type == M_VALUE && g->now.reg[ptr].map == GEN_RODATA;
	bool packet = g->now.reg[ptr].type == M_PACKET || g->now.reg[ptr].type == M_META;

	switch (rdonly ? 0 : gen_below(g, 6)) {
	case 0:
	case 1:
	case 2:
		gen_load(g, ptr, size, off);
		break;
	case 3:
		gen_put(g, BPF_ST | BPF_MEM | size, ptr, 0, off, gen_imm(g));
		break;
	case 4:
		gen_put(g, BPF_STX | BPF_MEM | size, ptr, gen_number(g), off, 0);
		break;
	default:
		if (!packet && (size == BPF_W || size == BPF_DW) && !(off & 7))
			gen_atomic(g, ptr, off, size == BPF_DW);
	}
}

/* Mostly inside, sometimes at the border, rarely beyond. */
static void gen_access(struct gen *g)
{
	static const u8 kinds[] = {M_VALUE, M_VALUE, M_PACKET, M_META};
	int ptr = gen_find(g, kinds[gen_below(g, ARRAY_SIZE(kinds))]);
	u8 size = gen_sizes[gen_below(g, 4)];
	u32 bytes = gen_size_of(size), room;
	s32 last, off;

	if (ptr < 0)
		return;
	room = gen_room(&g->now.reg[ptr]);
	last = (s32)room - (s32)bytes - (s32)g->now.reg[ptr].var;
	if (last < 0)
		return;
	off = gen_below(g, 3) ? (s32)gen_below(g, (u32)last + 1) : last;
	if (!gen_below(g, 20))
		off = last + 1 + (gen_below(g, 2) ? 0 : (s32)gen_below(g, 3));
	gen_touch(g, (u32)ptr, size, off - g->now.reg[ptr].off);
}

static void gen_context(struct gen *g)
{
	static const u16 xdp[] = {offsetof(struct xdp_md, ingress_ifindex),
				  offsetof(struct xdp_md, rx_queue_index)};
	static const u16 skb[] = {offsetof(struct __sk_buff, len), offsetof(struct __sk_buff, mark),
				  offsetof(struct __sk_buff, cb),
				  offsetof(struct __sk_buff, cb) + 4,
				  offsetof(struct __sk_buff, priority)};
	int ctx = gen_find(g, M_CTX);
	bool is_xdp = g->type == BPF_PROG_TYPE_XDP, wide = gen_below(g, 3);
	u32 by = gen_number(g);

	if (ctx < 0)
		return;
	if (is_xdp)
		gen_load(g, (u32)ctx, BPF_W, xdp[gen_below(g, ARRAY_SIZE(xdp))]);
	else if (gen_below(g, 4))
		gen_load(g, (u32)ctx, wide ? BPF_W : BPF_B, skb[gen_below(g, ARRAY_SIZE(skb))]);
	else
		gen_put(g, BPF_STX | BPF_MEM | BPF_W, (u32)ctx, by,
			(s32)offsetof(struct __sk_buff, cb) + 4 * (s32)gen_below(g, 5), 0);
}

s32 gen_slot_off(u32 slot)
{
	return -8 * (s32)(slot + 1);
}

static void gen_spill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), reg = gen_below(g, 10);

	if (g->now.reg[reg].type == M_NONE)
		return;
	if (g->shapes && g->now.reg[reg].type != M_NUM)
		slot %= GEN_POINTER_SLOTS;
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, reg, gen_slot_off(slot), 0);
	g->now.slot[slot] = g->now.reg[reg];
}

static void gen_fill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), dst = gen_dst(g);

	if (g->now.slot[slot].type == M_NONE || (dst == 9 && g->now.slot[slot].type != M_CTX))
		return;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, dst, 10, gen_slot_off(slot), 0);
	g->now.reg[dst] = g->now.slot[slot];
}

/* Of any width and in any part of a slot. */
static void gen_stack(struct gen *g)
{
	u8 size = gen_sizes[gen_below(g, 4)];
	u32 bytes = gen_size_of(size), slot = gen_below(g, GEN_SLOTS);
	s32 off = gen_slot_off(slot) + (s32)(gen_below(g, 8 / bytes) * bytes);

	switch (gen_below(g, 3)) {
	case 0:
		gen_put(g, BPF_ST | BPF_MEM | size, 10, 0, off, gen_below(g, 3) ? gen_imm(g) : 0);
		break;
	case 1:
		gen_put(g, BPF_STX | BPF_MEM | size, 10, gen_number(g), off, 0);
		break;
	default:
		if (g->now.slot[slot].type == M_NUM)
			gen_load(g, 10, size, off);
		return;
	}
	if (g->now.slot[slot].type != M_NUM && size != BPF_DW)
		g->now.slot[slot] = (struct gen_reg){.type = M_NONE};
	else
		g->now.slot[slot] = (struct gen_reg){.type = M_NUM, .max = UINT64_MAX};
}

/* The stack by a variable offset: what is there is unknown afterwards. */
static void gen_stack_var(struct gen *g)
{
	u32 by = gen_number(g), ptr = gen_below(g, 6);

	if (ptr == by)
		return;
	gen_bound(g, by, 7 + gen_below(g, 50));
	if (g->now.reg[by].max > 63)
		return;
	gen_mov(g, ptr, 10);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, ptr, by, 0, 0);
	g->now.reg[ptr].type = M_NONE;
	if (gen_below(g, 3)) {
		u32 dst = gen_dst(g);

		gen_put(g, BPF_LDX | BPF_MEM | BPF_B, dst, ptr, -64, 0);
		gen_set_number(g, dst, 255);
		return;
	}
	by = gen_number(g);
	gen_put(g, BPF_STX | BPF_MEM | gen_sizes[gen_below(g, 2)], ptr, by, -64, 0);
	if (!gen_below(g, 4))
		return; /* as if nothing had been overwritten */
	for (u32 i = 0; i < GEN_SLOTS; i++) {
		if (g->now.slot[i].type != M_NUM)
			g->now.slot[i].type = M_NONE;
		g->now.slot[i].max = UINT64_MAX;
	}
}

/* ---- pointers ---- */

static void gen_move_pointer(struct gen *g)
{
	static const u8 kinds[] = {M_VALUE, M_VALUE, M_PACKET};
	int from = gen_find(g, kinds[gen_below(g, 3)]);
	u32 to = gen_dst(g), by = gen_number(g), room;
	struct gen_reg *ptr;

	if (from < 0 || to == by || to == 9 || by == (u32)from)
		return;
	if (to != (u32)from)
		gen_mov(g, to, (u32)from);
	ptr = &g->now.reg[to];
	if (!gen_below(g, 3)) {
		s32 k = (s32)gen_below(g, 24);

		gen_put(g, BPF_ALU64 | (gen_below(g, 4) ? BPF_ADD : BPF_SUB) | BPF_K, to, 0, 0, k);
		ptr->off += BPF_OP(g->insns[g->cnt - 1].code) == BPF_ADD ? k : -k;
		return;
	}
	room = ptr->type == M_PACKET ? 80 : gen_room(ptr);
	if (room <= ptr->var + 1)
		return;
	if (g->now.reg[by].max > room - ptr->var)
		gen_bound(g, by, gen_below(g, room - ptr->var));
	if (g->now.reg[by].type != M_NUM || g->now.reg[by].max > 4096)
		return;
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, to, by, 0, 0);
	ptr->var += (u32)g->now.reg[by].max;
	if (ptr->type == M_PACKET) {
		ptr->id = ++g->ids;
		ptr->range = 0;
		ptr->off = 0;
		ptr->var = 0;
	}
}

/* A value at a bounded offset, up to its last byte: now and then a few too far. */
static void gen_var_access(struct gen *g)
{
	u32 num, tmp = gen_below(g, 9), bytes, limit;
	u8 size = gen_sizes[gen_below(g, 4)];
	s32 room, off;
	int ptr;

	if (gen_below(g, 2))
		gen_context(g);
	ptr = gen_find(g, M_VALUE);
	if (ptr < 0)
		gen_direct(g);
	ptr = gen_find(g, M_VALUE);
	num = gen_number(g);
	if (ptr < 0 || g->now.reg[ptr].type != M_VALUE || g->now.reg[ptr].var || tmp == num)
		return;
	bytes = gen_size_of(size);
	room = (s32)gen_room(&g->now.reg[ptr]) - g->now.reg[ptr].off - (s32)bytes;
	if (room < 1)
		return;
	limit = gen_below(g, (u32)room);
	gen_bound(g, num, limit);
	/* What bounds it may have taken the pointer's register. */
	if (g->now.reg[ptr].type != M_VALUE || g->now.reg[num].max > limit)
		return;
	off = room - (s32)limit;
	if (!gen_below(g, 8))
		off += 1 + (s32)gen_below(g, 3);
	gen_mov(g, tmp, (u32)ptr);
	if (gen_below(g, 4)) {
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, tmp, num, 0, 0);
	} else {
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, tmp, 0, 0, (s32)limit);
		gen_put(g, BPF_ALU64 | BPF_SUB | BPF_X, tmp, num, 0, 0);
	}
	g->now.reg[tmp].var = limit;
	gen_touch(g, tmp, size, off);
}

/* The same in the packet: the offset first, then the comparison with the end. */
static void gen_var_packet(struct gen *g)
{
	u32 num = gen_number(g), tmp = gen_below(g, 6), limit = gen_below(g, 60), n;
	int ptr = gen_find(g, M_PACKET), end = gen_find(g, M_END);
	u8 size = gen_sizes[gen_below(g, 4)];
	u32 at = 6 + gen_below(g, 3);

	if (ptr < 0 || end < 0 || g->no_out || tmp == num || tmp == (u32)end || at == num ||
	    at == (u32)end || at == (u32)ptr || num == (u32)end)
		return;
	gen_bound(g, num, limit);
	if (g->now.reg[num].max > limit || g->now.reg[ptr].type != M_PACKET ||
	    g->now.reg[end].type != M_END)
		return;
	n = gen_size_of(size) + gen_below(g, 20);
	gen_mov(g, at, (u32)ptr);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, at, num, 0, 0);
	g->now.reg[at] = (struct gen_reg){.type = M_PACKET, .id = ++g->ids, .range = n};
	gen_mov(g, tmp, at);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, tmp, 0, 0, (s32)n);
	g->now.reg[tmp].off = (s32)n;
	gen_out(g, BPF_JMP | BPF_JGT | BPF_X, tmp, (u32)end, 0);
	n -= gen_size_of(size);
	gen_touch(g, at, size, (s32)(gen_below(g, 10) ? n : n + 1 + gen_below(g, 2)));
}

void gen_forget_packets(struct gen *g)
{
	for (u32 i = 0; i < MAX_BPF_REG + GEN_SLOTS; i++) {
		struct gen_reg *reg =
			i < MAX_BPF_REG ? &g->now.reg[i] : &g->now.slot[i - MAX_BPF_REG];

		if (reg->type == M_PACKET || reg->type == M_META || reg->type == M_END)
			reg->type = M_NONE;
	}
}

static void gen_packet_load(struct gen *g)
{
	int ctx = gen_find(g, M_CTX);
	bool xdp = g->type == BPF_PROG_TYPE_XDP;
	u32 a = gen_dst(g), b = 6 + gen_below(g, 3);

	if (ctx < 0 || g->type == BPF_PROG_TYPE_SOCKET_FILTER || a == b || a == (u32)ctx ||
	    b == (u32)ctx)
		return;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_W, a, (u32)ctx,
		xdp ? (s32)offsetof(struct xdp_md, data) : (s32)offsetof(struct __sk_buff, data),
		0);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_W, b, (u32)ctx,
		xdp ? (s32)offsetof(struct xdp_md, data_end)
		    : (s32)offsetof(struct __sk_buff, data_end),
		0);
	g->now.reg[a] = (struct gen_reg){.type = M_PACKET, .id = ++g->ids};
	g->now.reg[b] = (struct gen_reg){.type = M_END};
}

static void set_range(struct gen *g, u16 id, s32 range)
{
	for (u32 i = 0; i < MAX_BPF_REG + GEN_SLOTS; i++) {
		struct gen_reg *reg =
			i < MAX_BPF_REG ? &g->now.reg[i] : &g->now.slot[i - MAX_BPF_REG];

		if (reg->type == M_PACKET && reg->id == id && (s32)reg->range < range)
			reg->range = (u32)range;
	}
}

/* packet + n against its end, either way round; the rest of the program is where it fits. */
void gen_packet_check(struct gen *g)
{
	static const struct {
		u8 op;
		bool swap, jumps, strict;
	} forms[] = {
		{BPF_JGT, false, false, false}, {BPF_JGE, false, false, true},
		{BPF_JLT, true, false, false},	{BPF_JLE, true, false, true},
		{BPF_JLE, false, true, false},	{BPF_JLT, false, true, true},
		{BPF_JGE, true, true, false},	{BPF_JGT, true, true, true},
	};
	u32 form = gen_below(g, ARRAY_SIZE(forms)), n = 1 + gen_below(g, 60), tmp = gen_dst(g);
	int ptr = gen_find(g, M_PACKET), end = gen_find(g, M_END);
	u32 code = BPF_JMP | forms[form].op | BPF_X;

	if (ptr < 0 || end < 0 || g->no_out || tmp == (u32)ptr || tmp == (u32)end || tmp == 9)
		return;
	gen_mov(g, tmp, (u32)ptr);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, tmp, 0, 0, (s32)n);
	g->now.reg[tmp].off += (s32)n;
	if (forms[form].jumps) {
		gen_put(g, code, forms[form].swap ? (u32)end : tmp,
			forms[form].swap ? tmp : (u32)end, 1, 0);
		gen_out(g, BPF_JMP | BPF_JA, 0, 0, 0);
	} else {
		gen_out(g, code, forms[form].swap ? (u32)end : tmp,
			forms[form].swap ? tmp : (u32)end, 0);
	}
	set_range(g, g->now.reg[ptr].id,
		  g->now.reg[ptr].off + (s32)n + (forms[form].strict ? 1 : 0));
}

/* ---- paths ---- */

static void meet_reg(struct gen_reg *a, const struct gen_reg *b)
{
	if (a->type != b->type || a->map != b->map ||
	    (a->type != M_NUM && (a->off != b->off || a->id != b->id)))
		*a = (struct gen_reg){.type = M_NONE};
	a->max = u64_max(a->max, b->max);
	a->var = a->var > b->var ? a->var : b->var;
	a->range = a->range < b->range ? a->range : b->range;
}

void gen_meet(struct gen_model *a, const struct gen_model *b)
{
	for (u32 i = 0; i < MAX_BPF_REG; i++)
		meet_reg(&a->reg[i], &b->reg[i]);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		meet_reg(&a->slot[i], &b->slot[i]);
}

/*
 * At times as if there were no other path: what only the one that is looked at
 * first has shown must not do for both.
 */
static void join(struct gen *g, const struct gen_model *other)
{
	if (g->shapes || gen_below(g, 8))
		gen_meet(&g->now, other);
	else if (gen_below(g, 2))
		g->now = *other;
}

void gen_condition(struct gen *g, u32 *at)
{
	u32 dst = gen_number(g), src = gen_number(g);
	bool reg = gen_below(g, 3) == 0;
	u32 code = gen_any_jump(g, reg ? BPF_X : BPF_K);

	*at = g->cnt;
	gen_put(g, code, dst, reg ? src : 0, 0, reg ? 0 : gen_imm(g));
}

void gen_land(struct gen *g, u32 at)
{
	g->insns[at].off = (s16)(g->cnt - at - 1);
}

static void gen_if(struct gen *g)
{
	struct gen_model before;
	u32 at, over;

	if (g->depth >= 3)
		return;
	g->depth++;
	gen_condition(g, &at);
	before = g->now;
	gen_block(g, 1 + gen_below(g, 4));
	if (gen_below(g, 2)) {
		struct gen_model then = g->now;

		over = g->cnt;
		gen_put(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		gen_land(g, at);
		g->now = before;
		gen_block(g, 1 + gen_below(g, 4));
		gen_land(g, over);
		join(g, &then);
	} else {
		gen_land(g, at);
		join(g, &before);
	}
	g->depth--;
}

/* Numbers may have any value, and what moves is no pointer any more. */
void gen_widen(struct gen *g)
{
	for (u32 i = 0; i < MAX_BPF_REG; i++)
		g->now.reg[i].max = UINT64_MAX;
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->now.slot[i].max = UINT64_MAX;
}

static void gen_loop(struct gen *g)
{
	struct gen_model before;
	u32 start, rounds = 1 + gen_below(g, 12);
	bool in_loop = g->in_loop, step2 = gen_below(g, 2);
	s32 slot = in_loop ? GEN_INNER_COUNTER : GEN_COUNTER;

	if ((in_loop && (!g->shapes || g->in_inner)) || g->depth >= 2 || g->in_callback || g->plain)
		return;
	g->in_loop = true;
	g->in_inner = in_loop;
	g->depth++;
	gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, slot, 0);
	gen_widen(g);
	gen_loop_head(g);
	before = g->now;
	start = g->cnt;
	gen_block(g, 1 + gen_below(g, 4));
	g->no_call = false;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 0, 10, slot, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, step2 ? 2 : 1);
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, slot, 0);
	gen_set_number(g, 0, UINT64_MAX);
	gen_put(g, BPF_JMP | (gen_below(g, 2) ? BPF_JLT : BPF_JSLT) | BPF_K, 0, 0,
		(s32)start - (s32)g->cnt - 1, (s32)rounds);
	gen_meet(&g->now, &before);
	g->depth--;
	g->in_inner = false;
	g->in_loop = in_loop;
}

/* ---- a program ---- */

static void gen_part(struct gen *g)
{
	u32 reg;

	if (g->shapes && gen_below(g, 2)) {
		gen_shape(g);
		return;
	}
	switch (gen_below(g, 42)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		gen_alu(g);
		break;
	case 6:
		gen_unary(g);
		break;
	case 7:
		gen_constant(g);
		break;
	case 8:
	case 9:
		gen_choice(g);
		break;
	case 10:
		reg = gen_number(g);
		gen_bound(g, reg, 1 + gen_below(g, 70));
		break;
	case 11:
	case 12:
		gen_spill(g);
		break;
	case 13:
	case 14:
		gen_fill(g);
		break;
	case 15:
	case 16:
		gen_stack(g);
		break;
	case 17:
		gen_stack_var(g);
		break;
	case 18:
	case 19:
		gen_context(g);
		break;
	case 20:
		gen_packet_load(g);
		break;
	case 21:
	case 22:
		gen_packet_check(g);
		break;
	case 23:
	case 24:
		gen_move_pointer(g);
		break;
	case 25:
	case 26:
	case 27:
		gen_access(g);
		break;
	case 28:
		gen_if(g);
		break;
	case 29:
		gen_if(g);
		break;
	case 30:
		gen_loop(g);
		break;
	case 31:
	case 32:
		gen_precise(g);
		break;
	case 33:
	case 34:
		gen_var_access(g);
		break;
	case 35:
		gen_var_packet(g);
		break;
	default:
		gen_call(g);
	}
}

void gen_block(struct gen *g, u32 parts)
{
	while (parts-- && g->cnt < GEN_MAX_INSNS / 2)
		gen_part(g);
}

/*
 * The path that is looked at first shows something that holds only there; then
 * it is used on all. Rejected, unless states are mistaken for one another.
 */
static void gen_trap(struct gen *g)
{
	u32 num, other = gen_below(g, 6), at;
	int ptr = gen_find(g, M_VALUE);

	if (gen_below(g, 2))
		g->flags |= BPF_F_TEST_STATE_FREQ;
	gen_context(g);
	num = g->insns[g->cnt - 1].dst_reg; /* mostly just loaded */
	gen_condition(g, &at);
	switch (gen_below(g, 3)) {
	case 0: /* two registers are equal there: bounds of one are the other's */
		if (other == num || ptr < 0 || other == (u32)ptr || num == (u32)ptr ||
		    g->now.reg[num].type != M_NUM)
			break;
		gen_mov(g, other, num);
		gen_land(g, at);
		gen_bound(g, num, 8);
		if (g->now.reg[ptr].type != M_VALUE || g->now.reg[other].type != M_NUM)
			return;
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, (u32)ptr, other, 0, 0);
		g->now.reg[ptr].var = 8;
		gen_touch(g, (u32)ptr, BPF_B, -g->now.reg[ptr].off);
		return;
	case 1: /* the packet was found to be long enough */
		gen_packet_check(g);
		gen_land(g, at);
		gen_access(g);
		return;
	default: /* something was spilled */
		gen_spill(g);
		gen_stack_var(g);
		gen_land(g, at);
		gen_fill(g);
		gen_var_access(g);
		return;
	}
	gen_land(g, at);
}

/* What the stack has into r0: of programs that are run to be compared, it must not get lost. */
static void gen_fold_stack(struct gen *g)
{
	if (!g->shapes || g->in_callback)
		return;
	for (u32 i = GEN_POINTER_SLOTS; i < GEN_SLOTS; i++) {
		gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 1, 10, gen_slot_off(i), 0);
		gen_put(g, BPF_ALU64 | BPF_MUL | BPF_K, 0, 0, 0, 0x01000193);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, 0, 1, 0, 0);
	}
}

/* Everything that is a number goes into r0; then the exits land here. */
static void gen_end(struct gen *g)
{
	bool first = g->now.reg[0].type != M_NUM;

	if (first || g->in_callback)
		gen_set(g, 0, 0);
	for (u32 i = 1; i < 10 && !g->in_callback; i++) {
		if (g->now.reg[i].type == M_NUM)
			gen_put(g, BPF_ALU64 | (i & 1 ? BPF_XOR : BPF_ADD) | BPF_X, 0, i, 0, 0);
	}
	gen_fold_stack(g);
	gen_put(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	if (!g->out_cnt)
		return;
	for (u32 i = 0; i < g->out_cnt; i++)
		gen_land(g, g->outs[i]);
	g->out_cnt = 0;
	gen_set(g, 0, g->in_callback ? 1 : (s32)gen_below(g, 3));
	gen_fold_stack(g);
	gen_put(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void gen_start(struct gen *g)
{
	for (u32 i = 0; i < GEN_SLOTS; i++) {
		if (g->shapes || gen_below(g, 8)) {
			gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, gen_slot_off(i), gen_imm(g));
			g->now.slot[i] = (struct gen_reg){.type = M_NUM, .max = UINT64_MAX};
		}
	}
}

void gen_subprogs(struct gen *g)
{
	for (u32 i = 0; i < g->subprog_cnt; i++) {
		struct gen_subprog *sub = &g->subprogs[i];

		g->insns[sub->call].imm = (s32)(g->cnt - sub->call - 1);
		g->now = sub->entry;
		g->in_callback = sub->callback;
		g->in_subprog = true;
		g->depth = 1;
		gen_start(g);
		gen_block(g, 2 + gen_below(g, 8));
		gen_end(g);
	}
}

void gen_mutate(struct gen *g)
{
	struct bpf_insn *insn = &g->insns[gen_below(g, g->cnt)];
	bool jump = BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
	bool memory = BPF_CLASS(insn->code) >= BPF_LDX && BPF_CLASS(insn->code) <= BPF_STX;

	if (!insn->code || insn->code == (BPF_LD | BPF_IMM | BPF_DW))
		return;
	switch (gen_below(g, 8)) {
	case 0:
		insn->imm = (s32)((u32)insn->imm + gen_below(g, 17) - 8);
		break;
	case 1:
		insn->imm = gen_imm(g);
		break;
	case 2:
		insn->off = (s16)(insn->off + (s32)gen_below(g, 17) - 8);
		break;
	case 3:
		if (memory)
			insn->code = (u8)((insn->code & ~0x18u) | gen_sizes[gen_below(g, 4)]);
		else if (jump && BPF_OP(insn->code) != BPF_CALL && BPF_OP(insn->code) != BPF_EXIT)
			insn->code =
				(u8)((insn->code & 0x0fu) | gen_jumps[gen_below(g, GEN_JUMPS)]);
		else if (!jump)
			insn->code = (u8)((insn->code & 0x0fu) | gen_below(g, 14) << 4);
		break;
	case 4: /* 32 bits in place of 64 */
		if (!memory && BPF_OP(insn->code) != BPF_CALL && BPF_OP(insn->code) != BPF_EXIT)
			insn->code ^= jump ? BPF_JMP ^ BPF_JMP32 : BPF_ALU ^ BPF_ALU64;
		break;
	case 5:
		insn->dst_reg = (u8)(gen_below(g, 11) & 15);
		break;
	case 6:
		if (insn->code != (BPF_JMP | BPF_CALL))
			insn->src_reg = (u8)(gen_below(g, 11) & 15);
		break;
	default: /* gone */
		*insn = (struct bpf_insn){.code = BPF_JMP | BPF_JA};
	}
}

static u32 how_many_mutations(struct gen *g)
{
	u32 n = 0;

	while (n < 4 && gen_below(g, 100) < 40)
		n++;
	return n;
}

static void generate(struct gen *g, u64 seed, bool plain, bool shapes)
{
	static const enum bpf_prog_type types[] = {BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
						   BPF_PROG_TYPE_SOCKET_FILTER};
	u64 mix = seed;

	memset(g, 0, sizeof(*g));
	g->seed = seed;
	g->state = gen_random(&mix);
	g->plain = plain;
	g->shapes = shapes;
	g->type = plain ? BPF_PROG_TYPE_SOCKET_FILTER : types[gen_below(g, 3)];
	g->global = !gen_below(g, 6);
	g->flags = gen_below(g, 8) ? 0 : BPF_F_TEST_STATE_FREQ;
	g->now.reg[1].type = M_CTX;
	g->now.reg[10].type = M_STACK;
	gen_mov(g, 9, 1);
	for (u32 i = 0; i < 9; i++) {
		if (gen_below(g, 2))
			gen_set(g, i, gen_imm(g));
	}
	gen_start(g);
	if (gen_below(g, 3))
		gen_packet_load(g);
	if (gen_below(g, 3))
		gen_direct(g);
	gen_block(g, 5 + gen_below(g, 30));
	if (!shapes && !gen_below(g, 8))
		gen_trap(g);
	if (!shapes && !gen_below(g, 8))
		gen_may_goto(g);
	gen_end(g);
	gen_subprogs(g);
	g->mutations = shapes ? 0 : how_many_mutations(g);
	for (u32 i = 0; i < g->mutations; i++)
		gen_mutate(g);
}

void gen_program(struct gen *g, u64 seed)
{
	generate(g, seed, false, false);
}

void gen_program_plain(struct gen *g, u64 seed)
{
	generate(g, seed, true, false);
}

void gen_program_shapes(struct gen *g, u64 seed)
{
	generate(g, seed, false, true);
}

bool gen_by_chance(const struct gen *g)
{
	bool hash_order = false, hash = false;

	for (u32 i = 0; i < g->cnt; i++) {
		const struct bpf_insn *insn = &g->insns[i];

		hash |= isa_is_map_ref(insn) && insn->imm == GEN_HASH;
		if (!isa_is_helper_call(insn))
			continue;
		switch (insn->imm) {
		case BPF_FUNC_map_lookup_elem:
		case BPF_FUNC_map_update_elem:
		case BPF_FUNC_map_delete_elem:
		case BPF_FUNC_csum_diff:
		case BPF_FUNC_skb_load_bytes:
		case BPF_FUNC_xdp_adjust_head:
		case BPF_FUNC_skb_pull_data:
		case BPF_FUNC_strncmp:
		case BPF_FUNC_loop:
		case BPF_FUNC_ringbuf_reserve:
		case BPF_FUNC_ringbuf_submit:
		case BPF_FUNC_ringbuf_discard:
		case BPF_FUNC_xdp_load_bytes:
		case BPF_FUNC_xdp_get_buff_len:
		case BPF_FUNC_tail_call:
			break;
		case BPF_FUNC_for_each_map_elem: /* whose order is not that of keys */
			hash_order = true;
			break;
		default:
			return true;
		}
	}
	return hash && hash_order;
}

bool gen_newer(const struct gen *g)
{
	for (u32 i = 0; i < g->cnt; i++) {
		const struct isa_row *row = isa_row(&g->insns[i]);

		if (row && (row->kind == ISA_KIND_NEG || row->kind == ISA_KIND_END))
			return true;
	}
	return false;
}

bool gen_calls(const struct gen *g, u32 helper)
{
	for (u32 i = 0; i < g->cnt; i++) {
		if (isa_is_helper_call(&g->insns[i]) && g->insns[i].imm == (s32)helper)
			return true;
	}
	return false;
}

static const char *name_of_helper(void *ctx __unused, u32 id)
{
	static char name[64];
	const char *known = helper_name(id);

	if (!known)
		return NULL;
	snprintf(name, sizeof(name), "bpf_%s", known);
	return name;
}

void gen_print(const struct bpf_insn *insns, u32 cnt)
{
	const struct disasm_options opts = {.form = DISASM_ASM, .helper_name = name_of_helper};
	struct buf text;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < cnt;) {
		u32 slots;

		/* What shrinking leaves where it cannot do without. */
		if (insns[i].code == (BPF_JMP | BPF_JA) && !insns[i].off) {
			i++;
			continue;
		}

		buf_reset(&text);
		slots = isa_disasm(&text, &insns[i], cnt - i, &opts);
		printf("# %3u: %s\n", i, buf_str(&text));
		i += slots;
	}
	buf_free(&text);
}
