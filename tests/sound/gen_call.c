/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator's calls: helpers, subprograms, callbacks. */
#include "sound/gen.h"

#include <string.h>

#define BUFFER -160 /* memory for helpers: 64 bytes from here, the key behind it */
#define KEY    -96

/* r1 to r5 are gone and r0 is a number. */
static void called(struct gen *g, u32 id)
{
	gen_put(g, BPF_JMP | BPF_CALL, 0, 0, 0, (s32)id);
	for (u32 i = 1; i < 6; i++)
		g->now.reg[i] = (struct gen_reg){.type = M_NONE};
	g->now.reg[0] = (struct gen_reg){.type = M_NUM, .max = UINT64_MAX};
}

static void arg_map(struct gen *g, u32 reg, enum gen_map map)
{
	gen_wide(g, reg, BPF_PSEUDO_MAP_FD, map);
}

static void arg_stack(struct gen *g, u32 reg, s32 off)
{
	gen_put(g, BPF_ALU64 | BPF_MOV | BPF_X, reg, 10, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, off);
}

/* A key that is there, or not. */
static void put_key(struct gen *g)
{
	int num = gen_find(g, M_NUM);

	gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, KEY, (s32)gen_below(g, 6));
	if (num >= 0 && !gen_below(g, 4))
		gen_put(g, BPF_STX | BPF_MEM | BPF_W, 10, (u32)num, KEY, 0);
}

static void fill_buffer(struct gen *g, u32 bytes)
{
	for (u32 i = 0; i < bytes; i += 8)
		gen_put(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, BUFFER + (s32)i, gen_imm(g));
}

/* The null check: leaves, or skips something, or is missing. */
static void check_null(struct gen *g)
{
	u32 to = gen_below(g, 4) ? 6 + gen_below(g, 3) : 0;

	if (to && gen_below(g, 2))
		gen_mov(g, to, 0);
	else
		to = 0;
	switch (g->no_out ? 1 : gen_below(g, 25)) {
	case 0: /* missing */
		break;
	case 1:
		gen_put(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
		gen_put(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		gen_put(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		break;
	default:
		gen_out(g, BPF_JMP | BPF_JEQ | BPF_K, to && gen_below(g, 2) ? to : 0, 0, 0);
	}
	g->now.reg[0].type = M_VALUE;
	if (to)
		g->now.reg[to].type = M_VALUE;
}

static void gen_lookup(struct gen *g)
{
	static const u8 maps[] = {GEN_ARRAY, GEN_HASH, GEN_GLOBAL, GEN_PERCPU, GEN_RODATA};
	enum gen_map map = maps[gen_below(g, ARRAY_SIZE(maps))];

	put_key(g);
	arg_map(g, 1, map);
	arg_stack(g, 2, KEY);
	called(g, BPF_FUNC_map_lookup_elem);
	g->now.reg[0] = (struct gen_reg){.type = M_VALUE_OR_NULL, .map = (u8)map, .id = ++g->ids};
	check_null(g);
}

void gen_direct(struct gen *g)
{
	enum gen_map map = gen_below(g, 4) ? GEN_GLOBAL : GEN_RODATA;
	u32 off = gen_below(g, gen_maps[map].value_size), dst = gen_dst(g);

	if (dst == 9)
		return;
	if (gen_below(g, 2))
		off = 0;
	gen_wide(g, dst, BPF_PSEUDO_MAP_VALUE, (u64)off << 32 | map);
	g->now.reg[dst] = (struct gen_reg){.type = M_VALUE, .map = (u8)map, .off = (s32)off};
}

static void gen_update(struct gen *g)
{
	static const u8 maps[] = {GEN_ARRAY, GEN_HASH, GEN_GLOBAL, GEN_PERCPU};
	enum gen_map map = gen_below(g, 25) ? maps[gen_below(g, 4)] : GEN_RODATA;
	int value = gen_find(g, M_VALUE);

	put_key(g);
	fill_buffer(g, gen_maps[map].value_size);
	if (value >= 0 && gen_below(g, 2) && !g->now.reg[value].var &&
	    gen_maps[g->now.reg[value].map].value_size >= gen_maps[map].value_size) {
		gen_mov(g, 3, (u32)value);
		if (g->now.reg[3].off)
			gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -g->now.reg[3].off);
	} else {
		arg_stack(g, 3, BUFFER);
	}
	arg_map(g, 1, map);
	arg_stack(g, 2, KEY);
	gen_set(g, 4, (s32)gen_below(g, 3));
	called(g, BPF_FUNC_map_update_elem);
}

static void gen_delete(struct gen *g)
{
	put_key(g);
	arg_map(g, 1, GEN_HASH);
	arg_stack(g, 2, KEY);
	called(g, BPF_FUNC_map_delete_elem);
}

static void gen_chance(struct gen *g)
{
	static const u16 ids[] = {BPF_FUNC_ktime_get_ns, BPF_FUNC_get_prandom_u32,
				  BPF_FUNC_get_smp_processor_id, BPF_FUNC_jiffies64};

	called(g, ids[gen_below(g, ARRAY_SIZE(ids))]);
}

/* A size for memory of @room bytes: a constant, or a number that was bounded. */
static void arg_size(struct gen *g, u32 reg, u32 room, bool aligned, bool zero_ok)
{
	int num = gen_find(g, M_NUM);

	if (num < 6 || aligned || g->no_out) {
		gen_set(g, reg,
			(s32)(aligned ? gen_below(g, room / 4 + 1) * 4 : 1 + gen_below(g, room)));
		if (!zero_ok && !g->insns[g->cnt - 1].imm)
			g->insns[g->cnt - 1].imm = 4;
		return;
	}
	gen_mov(g, reg, (u32)num);
	gen_bound(g, reg, gen_below(g, 12) ? room : room + 1);
	if (!zero_ok)
		gen_out(g, BPF_JMP | BPF_JEQ | BPF_K, reg, 0, 0);
}

static void gen_csum(struct gen *g)
{
	int packet = gen_find(g, M_PACKET);

	if (g->type == BPF_PROG_TYPE_SOCKET_FILTER)
		return;
	fill_buffer(g, 32);
	arg_size(g, 4, 32, true, true);
	if (packet >= 0 && g->now.reg[packet].range >= 8 && !g->now.reg[packet].off) {
		gen_mov(g, 1, (u32)packet);
		gen_set(g, 2, (s32)(g->now.reg[packet].range / 4 * 4));
	} else {
		gen_set(g, 1, 0);
		gen_set(g, 2, 0);
	}
	arg_stack(g, 3, BUFFER);
	gen_set(g, 5, gen_imm(g));
	called(g, BPF_FUNC_csum_diff);
}

static void gen_load_bytes(struct gen *g)
{
	int ctx = gen_find(g, M_CTX);

	if (ctx < 6)
		return;
	fill_buffer(g, 32);
	arg_size(g, 4, 32, false, false);
	gen_mov(g, 1, (u32)ctx);
	gen_set(g, 2, (s32)gen_below(g, 80));
	arg_stack(g, 3, BUFFER);
	called(g, g->type == BPF_PROG_TYPE_XDP ? BPF_FUNC_xdp_load_bytes : BPF_FUNC_skb_load_bytes);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_DW, 0, 10, BUFFER + (s32)gen_below(g, 4) * 8, 0);
}

static void gen_probe(struct gen *g)
{
	u32 src = gen_number(g);

	fill_buffer(g, 64);
	gen_mov(g, 3, src);
	arg_size(g, 2, 64, false, true);
	arg_stack(g, 1, BUFFER);
	called(g, BPF_FUNC_probe_read_kernel);
}

static void gen_strncmp(struct gen *g)
{
	int value = gen_find(g, M_VALUE);

	fill_buffer(g, 16);
	arg_size(g, 2, 16, false, false);
	if (value >= 0 && !g->now.reg[value].off && !g->now.reg[value].var && gen_below(g, 2))
		gen_mov(g, 1, (u32)value);
	else
		arg_stack(g, 1, BUFFER);
	gen_wide(g, 3, BPF_PSEUDO_MAP_VALUE, GEN_RODATA);
	called(g, BPF_FUNC_strncmp);
}

static void gen_move_head(struct gen *g)
{
	int ctx = gen_find(g, M_CTX);

	if (ctx < 6 || g->type == BPF_PROG_TYPE_SOCKET_FILTER)
		return;
	gen_mov(g, 1, (u32)ctx);
	gen_set(g, 2,
		g->type == BPF_PROG_TYPE_XDP ? (s32)gen_below(g, 40) - 20 : (s32)gen_below(g, 100));
	called(g, g->type == BPF_PROG_TYPE_XDP ? BPF_FUNC_xdp_adjust_head : BPF_FUNC_skb_pull_data);
	gen_forget_packets(g);
}

static void gen_record(struct gen *g)
{
	u32 size = 8 + gen_below(g, 40), at, n = gen_below(g, 4);
	bool no_out = g->no_out;

	if (g->depth > 1 || g->in_loop || g->in_callback)
		return;
	arg_map(g, 1, GEN_RING);
	gen_set(g, 2, (s32)size);
	gen_set(g, 3, 0);
	called(g, BPF_FUNC_ringbuf_reserve);
	g->now.reg[0].type = M_NONE;
	at = g->cnt;
	gen_put(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	g->no_out = true;
	for (u32 i = 0; i < n; i++) {
		u32 num = gen_number(g), off = gen_below(g, size - 7);

		if (num == 0)
			break;
		gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 0, num, (s32)off, 0);
	}
	g->no_out = no_out;
	gen_mov(g, 1, 0);
	gen_set(g, 2, 0);
	called(g, gen_below(g, 2) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard);
	g->insns[at].off = (s16)(g->cnt - at - 1);
	g->now.reg[0].type = M_NONE;
}

struct gen_subprog *gen_new_subprog(struct gen *g, bool callback)
{
	struct gen_subprog *sub;

	if (g->subprog_cnt == (g->shapes ? GEN_SUBPROGS : 4) ||
	    (g->in_subprog && (!g->shapes || callback || g->in_callback)))
		return NULL;
	sub = &g->subprogs[g->subprog_cnt++];
	memset(sub, 0, sizeof(*sub));
	sub->callback = callback;
	sub->entry.reg[10].type = M_STACK;
	return sub;
}

void gen_call_sub(struct gen *g, u32 *at)
{
	*at = g->cnt;
	called(g, 0);
	g->insns[*at].src_reg = BPF_PSEUDO_CALL;
	gen_forget_packets(g);
}

/* Numbers and pointers as arguments. */
void gen_local(struct gen *g)
{
	struct gen_subprog *sub = gen_new_subprog(g, false);

	if (!sub)
		return;
	for (u32 i = 1; i < 6; i++) {
		u32 from = gen_below(g, 10);

		if (g->global && g->now.reg[from].type != M_NUM)
			gen_set(g, i, gen_imm(g));
		else if (g->global || (gen_below(g, 2) && g->now.reg[from].type != M_NONE))
			gen_mov(g, i, from);
		sub->entry.reg[i] = g->now.reg[i];
		sub->entry.reg[i].range = 0;
	}
	gen_call_sub(g, &sub->call);
}

/* bpf_loop(), with memory of this frame as the callback's context. */
static void gen_loop_call(struct gen *g)
{
	struct gen_subprog *sub = g->in_loop ? NULL : gen_new_subprog(g, true);

	if (!sub)
		return;
	gen_set(g, 1, (s32)gen_below(g, 8));
	sub->call = g->cnt;
	gen_wide(g, 2, BPF_PSEUDO_FUNC, 0);
	if (gen_below(g, 2)) {
		arg_stack(g, 3, -64);
		sub->entry.reg[2].type = M_STACK;
		/* What the callback leaves there is not known here. */
		for (u32 i = 0; i < GEN_SLOTS; i++) {
			if (g->now.slot[i].type != M_NUM)
				g->now.slot[i].type = M_NONE;
		}
	} else {
		gen_set(g, 3, 0);
	}
	sub->entry.reg[1] = (struct gen_reg){.type = M_NUM, .max = UINT32_MAX};
	gen_set(g, 4, 0);
	called(g, BPF_FUNC_loop);
	gen_forget_packets(g);
}

static void gen_each_call(struct gen *g)
{
	struct gen_subprog *sub = g->in_loop ? NULL : gen_new_subprog(g, true);
	enum gen_map map = gen_below(g, 2) ? GEN_ARRAY : GEN_HASH;

	if (!sub)
		return;
	arg_map(g, 1, map);
	sub->call = g->cnt;
	gen_wide(g, 2, BPF_PSEUDO_FUNC, 0);
	gen_set(g, 3, 0);
	gen_set(g, 4, 0);
	sub->entry.reg[3] = (struct gen_reg){.type = M_VALUE, .map = (u8)map};
	called(g, BPF_FUNC_for_each_map_elem);
	gen_forget_packets(g);
}

void gen_call(struct gen *g)
{
	static void (*const calls[])(struct gen * g) = {
		gen_lookup,	gen_lookup,    gen_lookup,    gen_direct,     gen_direct,
		gen_update,	gen_delete,    gen_chance,    gen_csum,	      gen_load_bytes,
		gen_load_bytes, gen_strncmp,   gen_record,    gen_local,      gen_local,
		gen_loop_call,	gen_each_call, gen_move_head, gen_load_bytes, gen_probe,
	};

	u32 n;
	static void (*const plain[])(struct gen * g) = {
		gen_lookup, gen_lookup, gen_direct, gen_direct,
		gen_update, gen_delete, gen_chance, gen_load_bytes,
	};

	if (g->no_call)
		return;
	if (g->plain) {
		plain[gen_below(g, ARRAY_SIZE(plain))](g);
		return;
	}
	/* What depends on chance or addresses is rare: results cannot be compared then. */
	n = gen_below(g, ARRAY_SIZE(calls));
	if ((calls[n] == gen_chance || calls[n] == gen_probe) && gen_below(g, 3))
		return;
	calls[n](g);
}
