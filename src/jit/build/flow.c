/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks, order and live registers of the prepared form; all walks use lists, none recurses. */
#include "jit/build/flow.h"

#include <string.h>

#include "helper/helper.h"
#include "isa/isa.h"

/* Of rounds over all blocks that look for live registers; then all are taken for live. */
#define LIVE_ROUNDS 16

#define NO_BLOCK UINT32_MAX

/* ---- single instructions ---- */

enum flow_way flow_way(const struct jit_unit *unit, u32 pc)
{
	switch (unit_fact(unit, pc)->flags & (FACT_TAKEN | FACT_NOT_TAKEN)) {
	case FACT_TAKEN:
		return WAY_TAKEN;
	case FACT_NOT_TAKEN:
		return WAY_NEXT;
	default:
		return WAY_BOTH;
	}
}

u32 flow_callee(const struct jit_unit *unit, u32 pc)
{
	const struct prog *prog = unit->prog;

	return prog->subprog_of_insn[(s64)pc + 1 + prog->insns[pc].imm];
}

u32 flow_helper_args(const struct bpf_insn *call)
{
	const u32 known = HELPER_CNT;
	u32 n = 5;

	if ((u32)call->imm >= known || helper_protos[call->imm].flags & HELPER_VARIADIC)
		return 5;
	while (n && helper_protos[call->imm].arg[n - 1] == ARG_DONTCARE)
		n--;
	return n;
}

/* r1 to r(n) */
static u16 args(u32 n)
{
	return (u16)(BIT(n + 1) - 2);
}

static bool is_tail_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_TAIL_CALL);
}

static bool is_probe(const struct bpf_insn *insn)
{
	u8 mode = BPF_MODE(insn->code);

	return BPF_CLASS(insn->code) == BPF_LDX &&
	       (mode == BPF_PROBE_MEM || mode == BPF_PROBE_MEMSX || mode == BPF_PROBE_MEM32);
}

/* As the program had it: what the registers are is the same. */
static struct bpf_insn as_loaded(const struct bpf_insn *insn)
{
	struct bpf_insn loaded = *insn;
	u8 mode = BPF_MODE(insn->code);

	if (BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX) {
		if (mode == BPF_PROBE_MEM32)
			loaded.code = (u8)((insn->code & ~0xe0u) | BPF_MEM);
		else if (mode == BPF_PROBE_ATOMIC)
			loaded.code = (u8)((insn->code & ~0xe0u) | BPF_ATOMIC);
	} else if (insn->code == (BPF_ALU64 | BPF_ARENA_USER | BPF_X)) {
		loaded.code = BPF_ALU64 | BPF_MOV | BPF_X;
	}
	return loaded;
}

const struct kfunc_call *flow_kfunc(const struct jit_unit *unit, const struct bpf_insn *call)
{
	const struct prog *prog = unit->prog;

	if ((u32)call->imm >= prog->kfunc_call_cnt || !prog->kfunc_calls[call->imm].fn)
		return NULL;
	return &prog->kfunc_calls[call->imm];
}

static u16 kfunc_vars(const struct kfunc_call *call)
{
	return call ? args(call->nargs) & (u16)~call->fixed : args(5);
}

static void call_vars(const struct jit_unit *unit, u32 pc, u16 *use, u16 *def)
{
	const struct bpf_insn *insn = &unit->prog->insns[pc];

	if (insn->src_reg == BPF_PSEUDO_CALL)
		*use = args(unit->subs[flow_callee(unit, pc)].nargs);
	else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		*use = kfunc_vars(flow_kfunc(unit, insn));
	else
		*use = args(flow_helper_args(insn));
	*def = VARS_ARGS | BIT(0);
}

/* What the instruction reads and then sets, or makes worthless. */
static void insn_vars(const struct jit_unit *unit, u32 pc, u16 *use, u16 *def)
{
	const struct bpf_insn *insn = &unit->prog->insns[pc];

	if (isa_is_call(insn)) {
		call_vars(unit, pc, use, def);
	} else if (is_tail_call(insn)) { /* r0 stays when it fails */
		*use = args(3);
		*def = VARS_ARGS;
	} else if (isa_is_may_goto(insn)) {
		*use = *def = BIT(VAR_LOOPS);
	} else if (is_probe(insn)) {
		*use = (u16)BIT(insn->src_reg);
		*def = (u16)BIT(insn->dst_reg);
	} else {
		struct bpf_insn loaded = as_loaded(insn);

		*use = isa_regs_read(&loaded);
		*def = isa_regs_written(&loaded);
	}
	*use &= (u16) ~(isa_is_may_goto(insn) ? 0 : BIT(BPF_REG_FP));
}

/* ---- blocks ---- */

static bool ends_block(const struct bpf_insn *insn)
{
	return (isa_is_jump(insn) && !is_tail_call(insn)) || isa_is_exit(insn);
}

/* Marks in @number where blocks start. */
static int mark_starts(const struct jit_unit *unit, const struct subprog *sub, u32 *number)
{
	const struct bpf_insn *insns = unit->prog->insns;

	number[0] = 0;
	for (u32 i = sub->start; i < sub->end; i += isa_slots(&insns[i])) {
		s64 target = isa_target(&insns[i], i);

		if (!ends_block(&insns[i]))
			continue;
		number[i + 1 - sub->start] = 0;
		if (isa_is_exit(&insns[i]) || flow_is_trap(&insns[i]))
			continue;
		if (target < sub->start || target >= sub->end)
			return err_set(unit->err, -EFAULT, "insn %u: jump out of the subprogram",
				       i);
		number[target - sub->start] = 0;
	}
	return 0;
}

static void number_blocks(const struct subprog *sub, u32 *number, struct flow *flow)
{
	u32 cnt = sub->end - sub->start;

	for (u32 i = 0, n = 0; i < cnt; i++) {
		if (number[i] == NO_BLOCK)
			continue;
		if (n)
			flow->blocks[n - 1].end = sub->start + i;
		flow->blocks[n].start = sub->start + i;
		flow->blocks[n].end = sub->end;
		number[i] = n++;
	}
}

static void link_block(const struct jit_unit *unit, const struct subprog *sub, const u32 *number,
		       struct flow_block *block)
{
	const struct bpf_insn *insns = unit->prog->insns;
	const struct bpf_insn *last = &insns[block->end - 1];
	enum flow_way way = WAY_BOTH;
	u32 next = block->end < sub->end ? number[block->end - sub->start] : NO_BLOCK;

	/* The second slot of a wide load is no jump either. */
	if (!ends_block(last))
		way = WAY_NEXT;
	else if (isa_is_exit(last) || flow_is_trap(last))
		return;
	else if (isa_is_goto(last))
		way = WAY_TAKEN;
	else if (!isa_is_may_goto(last))
		way = flow_way(unit, block->end - 1);
	if (way != WAY_NEXT)
		block->succ[block->nsucc++] = number[isa_target(last, block->end - 1) - sub->start];
	if (way != WAY_TAKEN && next != NO_BLOCK && !(block->nsucc && block->succ[0] == next))
		block->succ[block->nsucc++] = next;
}

static void block_vars(const struct jit_unit *unit, struct flow_block *block)
{
	const struct bpf_insn *insns = unit->prog->insns;

	for (u32 i = block->start; i < block->end; i += isa_slots(&insns[i])) {
		u16 use = 0, def = 0;

		insn_vars(unit, i, &use, &def);
		block->use |= use & (u16)~block->def;
		block->def |= def;
	}
}

/* ---- order and life ---- */

struct visit {
	u32 block;
	u8 next; /* successor to look at */
};

static int find_order(struct flow *flow, struct arena *arena)
{
	struct visit *stack = arena_alloc(arena, flow->nblocks * sizeof(*stack));
	u32 *order = arena_alloc(arena, flow->nblocks * sizeof(*order));
	u32 depth = 0, at = flow->nblocks;
	bool *seen = arena_zalloc(arena, flow->nblocks);

	if (!stack || !order || !seen)
		return -ENOMEM;
	stack[depth++] = (struct visit){0, 0};
	seen[0] = true;
	while (depth) {
		struct visit *v = &stack[depth - 1];
		const struct flow_block *block = &flow->blocks[v->block];
		u32 succ;

		if (v->next == block->nsucc) {
			order[--at] = v->block;
			depth--;
			continue;
		}
		succ = block->succ[v->next++];
		flow->blocks[succ].npreds++;
		if (!seen[succ])
			stack[depth++] = (struct visit){succ, 0};
		seen[succ] = true;
	}
	flow->order = order + at;
	flow->norder = flow->nblocks - at;
	return 0;
}

static bool update_live(const struct flow *flow, struct flow_block *block)
{
	u16 out = 0, live;

	for (u32 i = 0; i < block->nsucc; i++)
		out |= flow->blocks[block->succ[i]].live;
	live = block->use | (out & (u16)~block->def);
	if (live == block->live && out == block->live_out)
		return false;
	block->live = live;
	block->live_out = out;
	return true;
}

static void find_live(struct flow *flow)
{
	bool changed = true;

	for (u32 round = 0; changed && round < LIVE_ROUNDS; round++) {
		changed = false;
		for (u32 i = flow->norder; i-- > 0;)
			changed |= update_live(flow, &flow->blocks[flow->order[i]]);
	}
	for (u32 i = 0; changed && i < flow->norder; i++) {
		flow->blocks[flow->order[i]].live = VARS_ALL;
		flow->blocks[flow->order[i]].live_out = VARS_ALL;
	}
}

int flow_make(const struct jit_unit *unit, u32 subprog, struct arena *arena, struct flow *flow)
{
	const struct subprog *sub = &unit->prog->subprogs[subprog];
	u32 cnt = sub->end - sub->start;
	u32 *number = arena_alloc(arena, ((size_t)cnt + 1) * sizeof(*number));
	int ret;

	*flow = (struct flow){0};
	if (!number)
		return -ENOMEM;
	memset(number, 0xff, ((size_t)cnt + 1) * sizeof(*number));
	ret = mark_starts(unit, sub, number);
	if (ret)
		return ret;
	for (u32 i = 0; i < cnt; i++)
		flow->nblocks += number[i] != NO_BLOCK;
	flow->blocks = arena_zalloc_array(arena, flow->nblocks, sizeof(*flow->blocks));
	if (!flow->blocks)
		return -ENOMEM;
	number_blocks(sub, number, flow);
	for (u32 i = 0; i < flow->nblocks; i++)
		link_block(unit, sub, number, &flow->blocks[i]);
	ret = find_order(flow, arena);
	if (ret)
		return ret;
	for (u32 i = 0; i < flow->norder; i++)
		block_vars(unit, &flow->blocks[flow->order[i]]);
	find_live(flow);
	return 0;
}
