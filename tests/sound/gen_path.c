/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generator's shapes in which one register is different things on
 * different paths, and only what is decided before keeps them apart: what
 * compilers do earlier than it is written, or several times at once, must not
 * rely on what holds on one of the paths. And sums that lead far away and back.
 */
#include "sound/gen.h"

static bool may_loop(const struct gen *g)
{
	return !g->in_loop && g->depth < 2 && !g->in_callback;
}

static void forget_args(struct gen *g)
{
	for (u32 i = 1; i < 6; i++)
		g->now.reg[i] = (struct gen_reg){.type = M_NONE};
}

/* The next instruction, or not, as the number has it. */
static void maybe(struct gen *g, u32 by)
{
	u32 code = gen_any_jump(g, BPF_K);

	gen_put(g, code, by, 0, 1, gen_imm(g));
}

/* ---- a packet, or numbers ---- */

/* r2 and r3: the packet and its end or, where the number says so, numbers that end the loop. */
static void packet_or_numbers(struct gen *g, u32 ctx, u32 by, u32 unit)
{
	bool xdp = g->type == BPF_PROG_TYPE_XDP;
	u32 at;

	gen_set(g, 2, -(s32)(unit + 1 + gen_below(g, 40)));
	gen_set(g, 3, (s32)gen_below(g, 400));
	at = g->cnt;
	if (gen_below(g, 3))
		gen_put(g, BPF_JMP | gen_jumps[gen_below(g, GEN_JUMPS)] | BPF_K, by, 0, 0,
			gen_imm(g));
	else
		at = 0;
	gen_put(g, BPF_LDX | BPF_MEM | BPF_W, 2, ctx,
		xdp ? (s32)offsetof(struct xdp_md, data) : (s32)offsetof(struct __sk_buff, data),
		0);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_W, 3, ctx,
		xdp ? (s32)offsetof(struct xdp_md, data_end)
		    : (s32)offsetof(struct __sk_buff, data_end),
		0);
	if (at)
		gen_land(g, at);
}

/*
 * for (i = 0; i < n && p + unit <= end; i++, p += step) sum the packet, either
 * condition first. r0 the sum, r1 a copy, r2 p, r3 end, r4 i, r5 what is read.
 */
void gen_packet_walk(struct gen *g)
{
	static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	u32 size = gen_below(g, 4), unit = 1u << size, by = gen_number(g), out[2], n = 0, head;
	s32 step = (s32)(unit * (1 + gen_below(g, 3))), rounds = 4 + (s32)gen_below(g, 24);
	bool count_first = gen_below(g, 2), at_end = gen_below(g, 2);
	int ctx = gen_find(g, M_CTX);

	if (!may_loop(g) || ctx < 6 || g->type == BPF_PROG_TYPE_SOCKET_FILTER || by == 2 || by == 3)
		return;
	packet_or_numbers(g, (u32)ctx, by, unit);
	gen_set(g, 0, 0);
	gen_set(g, 4, 0);
	head = g->cnt;
	if (count_first) {
		out[n++] = g->cnt;
		gen_put(g, BPF_JMP | BPF_JGE | BPF_K, 4, 0, 0, rounds);
	}
	gen_mov(g, 1, 2);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, (s32)unit);
	out[n++] = g->cnt;
	gen_put(g, BPF_JMP | BPF_JGT | BPF_X, 1, 3, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | sizes[size], 5, 2, 0, 0);
	gen_put(g, BPF_ALU64 | (gen_below(g, 2) ? BPF_ADD : BPF_XOR) | BPF_X, 0, 5, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, step);
	gen_put(g, (at_end ? BPF_ALU64 : BPF_ALU) | BPF_ADD | BPF_K, 4, 0, 0, 1);
	if (count_first)
		gen_put(g, BPF_JMP | BPF_JA, 0, 0, (s32)head - (s32)g->cnt - 1, 0);
	else
		gen_put(g, BPF_JMP | (at_end ? BPF_JNE : BPF_JLT) | BPF_K, 4, 0,
			(s32)head - (s32)g->cnt - 1, rounds);
	while (n)
		gen_land(g, out[--n]);
	forget_args(g);
	gen_set_number(g, 0, UINT64_MAX);
}

/* ---- the context, or nothing ---- */

/* r1 is read in a loop that ends at once when it is nothing. */
static void read_maybe(struct gen *g)
{
	u32 head, out, unit = gen_below(g, 2);
	s32 off = g->type == BPF_PROG_TYPE_XDP
			  ? (s32)offsetof(struct xdp_md, ingress_ifindex) + 4 * (s32)unit
			  : (s32)offsetof(struct __sk_buff, cb) + 4 * (s32)gen_below(g, 5);

	gen_set(g, 0, gen_imm(g));
	gen_set(g, 6, 0);
	head = g->cnt;
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 6, 0, 0, 1);
	out = g->cnt;
	gen_put(g, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
	gen_put(g, BPF_LDX | BPF_MEM | BPF_W, 3, 1, off, 0);
	gen_put(g, BPF_ALU64 | BPF_XOR | BPF_X, 0, 3, 0, 0);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, 0, 6, 0, 0);
	gen_put(g, BPF_JMP | BPF_JLT | BPF_K, 6, 0, (s32)head - (s32)g->cnt - 1,
		2 + (s32)gen_below(g, 9));
	gen_land(g, out);
	for (u32 i = 1; i < 6; i++)
		g->now.reg[i].type = M_NONE;
	gen_set_number(g, 0, UINT64_MAX);
	gen_set_number(g, 6, UINT64_MAX);
}

/* One function, called with the context, with nothing, or with either. */
void gen_maybe_context(struct gen *g)
{
	int ctx = gen_find(g, M_CTX);
	u32 by = gen_number(g);
	struct gen_subprog *sub;

	if (ctx < 6 || by == 1 || g->global || !may_loop(g))
		return;
	sub = gen_new_subprog(g, false);
	if (!sub)
		return;
	sub->body = read_maybe;
	if (gen_below(g, 2)) {
		gen_set(g, 1, 0);
		maybe(g, by);
		gen_mov(g, 1, (u32)ctx);
		gen_call_sub(g, &sub->call);
	} else {
		gen_mov(g, 1, (u32)ctx);
		gen_call_sub(g, &sub->call);
		gen_put(g, BPF_STX | BPF_MEM | BPF_DW, 10, 0, gen_slot_off(GEN_SLOTS - 1), 0);
		gen_set(g, 1, 0);
		gen_call_sub(g, &sub->again);
	}
}

/* ---- one's own frame, or the caller's ---- */

/* Accesses by r1, which is the caller's, by r2, which may be, and of what lies here. */
static void share_frame(struct gen *g)
{
	u32 n = 3 + gen_below(g, 8), none = g->cnt;

	gen_set(g, 0, 0);
	if (g->global)
		gen_put(g, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
	gen_mov(g, 2, 10);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, gen_slot_off(GEN_SLOTS - 1));
	maybe(g, 3);
	gen_mov(g, 2, 1);
	gen_set(g, 5, gen_imm(g));
	for (u32 i = 0; i < n; i++) {
		static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
		u32 size = gen_below(g, 4), which = gen_below(g, 3);
		u32 base = which == 2 ? 10 : 1 + which;
		s32 off = (s32)(gen_below(g, GEN_MEMORY >> size) << size) +
			  (base == 10 ? gen_slot_off(GEN_SLOTS - 1) : 0);

		switch (gen_below(g, 4)) {
		case 0:
			gen_put(g, BPF_ST | BPF_MEM | sizes[size], base, 0, off, gen_imm(g));
			break;
		case 1:
			gen_put(g, BPF_STX | BPF_MEM | sizes[size], base, 5, off, 0);
			break;
		default:
			gen_put(g, BPF_LDX | BPF_MEM | sizes[size], 5, base, off, 0);
			gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, 0, 5, 0, 0);
			gen_put(g, BPF_ALU64 | BPF_MUL | BPF_K, 0, 0, 0, 0x01000193);
		}
	}
	if (g->global)
		gen_land(g, none + 1);
	for (u32 i = 1; i < 6; i++)
		g->now.reg[i].type = M_NONE;
	gen_set_number(g, 0, UINT64_MAX);
}

/* A function gets the lower part of the stack, from a place that may vary. */
void gen_share_frame(struct gen *g)
{
	u32 by = gen_number(g);
	struct gen_subprog *sub;

	if (g->in_callback || by == 1)
		return;
	sub = gen_new_subprog(g, false);
	if (!sub)
		return;
	sub->body = share_frame;
	sub->memory = true;
	gen_mov(g, 3, by);
	gen_mov(g, 1, 10);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, gen_slot_off(GEN_SLOTS - 1));
	if (gen_below(g, 2)) {
		gen_mov(g, 2, 3);
		gen_put(g, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, 8);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, 1, 2, 0, 0);
	} else {
		gen_mov(g, 2, 3);
	}
	gen_call_sub(g, &sub->call);
	for (u32 i = GEN_POINTER_SLOTS; i < GEN_SLOTS; i++)
		g->now.slot[i] = (struct gen_reg){.type = M_NUM, .max = UINT64_MAX};
}

/* ---- far away and back ---- */

/* A number near @far, and a constant that makes an index of it. */
void gen_far(struct gen *g)
{
	static const s32 fars[] = {0x7ffffff0, 0x7fffff80, 0x7fff0000, 0x40000000, 0x10000, 0x7fff};
	s32 far = fars[gen_below(g, ARRAY_SIZE(fars))];
	u32 num = gen_below(g, 6), ptr = gen_below(g, 6), low, high;
	bool negative = gen_below(g, 2), stack = gen_below(g, 2);

	if (num == ptr)
		return;
	gen_wide(g, ptr, BPF_PSEUDO_MAP_VALUE, GEN_GLOBAL);
	gen_put(g, BPF_LDX | (negative ? BPF_MEMSX : BPF_MEM) | BPF_W, num, ptr,
		4 * (s32)gen_below(g, 16), 0);
	low = g->cnt;
	gen_put(g, BPF_JMP | (negative ? BPF_JSLT : BPF_JLT) | BPF_K, num, 0, 0,
		negative ? -far : far);
	high = g->cnt;
	gen_put(g, BPF_JMP | (negative ? BPF_JSGT : BPF_JGT) | BPF_K, num, 0, 0,
		(negative ? -far : far) + 7);
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, num, 0, 0, negative ? far : -far);
	if (stack) {
		gen_mov(g, ptr, 10);
		gen_put(g, BPF_ALU64 | BPF_ADD | BPF_K, ptr, 0, 0, gen_slot_off(GEN_SLOTS - 1));
	}
	gen_put(g, BPF_ALU64 | BPF_ADD | BPF_X, ptr, num, 0, 0);
	if (gen_below(g, 2))
		gen_put(g, BPF_ST | BPF_MEM | BPF_B, ptr, 0, (s32)gen_below(g, 24), gen_imm(g));
	gen_put(g, BPF_LDX | BPF_MEM | gen_sizes[stack ? 0 : gen_below(g, 3)], num, ptr,
		(s32)gen_below(g, 24), 0);
	gen_land(g, low);
	gen_land(g, high);
	g->now.reg[ptr] = (struct gen_reg){.type = M_NONE};
	gen_set_number(g, num, UINT64_MAX);
}
