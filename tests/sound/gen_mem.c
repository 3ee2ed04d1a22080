/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator's fragments of memory: the stack, the context, maps' values, packets. */
#include "sound/gen.h"

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
void gen_access(struct gen *g)
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

void gen_context(struct gen *g)
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

void gen_spill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), reg = gen_below(g, 10);

	if (g->now.reg[reg].type == M_NONE)
		return;
	if (g->shapes && g->now.reg[reg].type != M_NUM)
		slot %= GEN_POINTER_SLOTS;
	gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, reg, gen_slot_off(slot), 0);
	g->now.slot[slot] = g->now.reg[reg];
}

void gen_fill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), dst = gen_dst(g);

	if (g->now.slot[slot].type == M_NONE || (dst == 9 && g->now.slot[slot].type != M_CTX))
		return;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, dst, 10, gen_slot_off(slot), 0);
	g->now.reg[dst] = g->now.slot[slot];
}

/* Of any width and in any part of a slot. */
void gen_stack(struct gen *g)
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
void gen_stack_var(struct gen *g)
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

void gen_move_pointer(struct gen *g)
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
void gen_var_access(struct gen *g)
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
void gen_var_packet(struct gen *g)
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

void gen_packet_load(struct gen *g)
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
