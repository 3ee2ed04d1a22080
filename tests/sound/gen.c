/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator: its random numbers, paths and loops, whole programs, what is changed at last. */
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
		if (sub->again)
			g->insns[sub->again].imm = (s32)(g->cnt - sub->again - 1);
		g->now = sub->entry;
		g->in_callback = sub->callback;
		g->in_subprog = true;
		g->depth = 1;
		gen_start(g);
		if (sub->body)
			sub->body(g);
		else
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
