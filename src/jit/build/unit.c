/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of all subprograms before any is compiled. They are looked at
 * callees first, so that what a call reads is known where it is met.
 */
#include "jit/unit.h"

#include <errno.h>

#include "isa/isa.h"
#include "jit/build/build.h"
#include "jit/build/flow.h"
#include "object/trampoline.h"

const struct insn_fact *unit_fact(const struct jit_unit *unit, u32 pc)
{
	static const struct insn_fact anything = {
		.flags = FACT_SEEN | FACT_TAKEN | FACT_NOT_TAKEN,
		.map = FACT_NO_MAP,
		.umax = UINT64_MAX,
	};

	if (!unit->options || !unit->options->facts || !unit_pass(unit, JIT_PASS_FACTS))
		return &anything;
	return &unit->options->facts[pc];
}

bool unit_pass(const struct jit_unit *unit, enum jit_pass pass)
{
	u64 passes = unit->options ? unit->options->passes : JIT_PASSES_ALL;

	if (unit->plain)
		passes &= BIT_ULL(JIT_PASS_FACTS);
	return passes & BIT_ULL(pass);
}

/* ---- scanning ---- */

/* A subprogram that is looked at, and how far its calls have been followed. */
struct scan {
	u32 subprog, pc;
};

struct scanner {
	struct jit_unit *unit;
	struct scan *stack;
	u32 depth;
	bool *entered;
};

/* Its number of arguments when somebody else decides it, or nobody knows. */
#define ALL_ARGS 5

static void enter(struct scanner *s, u32 subprog)
{
	const struct subprog *sub = &s->unit->prog->subprogs[subprog];
	struct jit_sub *info = &s->unit->subs[subprog];

	s->entered[subprog] = true;
	info->nargs = ALL_ARGS;
	info->needs_run = true;
	info->leaf = true;
	info->insns = sub->end - sub->start;
	s->stack[s->depth++] = (struct scan){subprog, sub->start};
}

static bool insn_needs_run(const struct scanner *s, u32 pc)
{
	const struct bpf_insn *insn = &s->unit->prog->insns[pc];
	u8 mode = BPF_MODE(insn->code);

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return mode == BPF_ABS || mode == BPF_IND;
	case BPF_JMP:
		if (isa_is_local_call(insn))
			return s->unit->has_tail_call ||
			       s->unit->subs[flow_callee(s->unit, pc)].needs_run;
		return isa_is_call(insn) || insn->code == (BPF_JMP | BPF_TAIL_CALL);
	default:
		return false;
	}
}

static u8 count_args(u16 live)
{
	u8 n = ALL_ARGS;

	while (n && !(live & BIT(n)))
		n--;
	return n;
}

static void note_call(struct jit_unit *unit, u32 pc)
{
	const struct prog *prog = unit->prog;
	s64 target;

	if (isa_is_local_call(&prog->insns[pc])) {
		unit->subs[flow_callee(unit, pc)].calls++;
	} else if (prog->orig && isa_is_func_ref(&prog->orig[pc])) {
		target = isa_target(&prog->orig[pc], pc);
		unit->subs[prog->subprog_of_insn[target]].calls++;
	}
}

/* What is attached to a function sees all of its arguments. */
static void note_trampoline(const struct subprog *sub, struct jit_sub *info)
{
	const struct trampoline *t = atomic_load(&sub->trampoline);

	info->trampoline = t != NULL;
	if (t && info->nargs < t->nargs)
		info->nargs = (u8)t->nargs;
}

/* All that it calls has been looked at. */
static int finish(struct scanner *s, u32 subprog)
{
	const struct bpf_insn *insns = s->unit->prog->insns;
	const struct subprog *sub = &s->unit->prog->subprogs[subprog];
	struct jit_sub *info = &s->unit->subs[subprog];
	bool needs_run = unit_may_stop(s->unit); /* what says so is in it */
	struct arena arena;
	struct flow flow;
	int ret;

	arena_init(&arena, s->unit->mem);
	ret = flow_make(s->unit, subprog, &arena, &flow);
	if (!ret)
		info->nargs = count_args(flow.blocks[0].live);
	note_trampoline(sub, info);
	needs_run |= info->trampoline;
	arena_free(&arena);
	if (ret)
		return ret;
	for (u32 i = sub->start; i < sub->end; i += isa_slots(&insns[i])) {
		needs_run |= insn_needs_run(s, i);
		info->leaf &= !isa_is_call(&insns[i]);
		info->has_tail_call |= insns[i].code == (BPF_JMP | BPF_TAIL_CALL);
		note_call(s->unit, i);
	}
	info->needs_run = needs_run;
	return 0;
}

/* The next call of a subprogram that was not looked at yet; UINT32_MAX: none. */
static u32 next_callee(struct scanner *s, struct scan *at)
{
	const struct bpf_insn *insns = s->unit->prog->insns;
	u32 end = s->unit->prog->subprogs[at->subprog].end;

	while (at->pc < end) {
		u32 pc = at->pc;

		at->pc += isa_slots(&insns[pc]);
		if (isa_is_local_call(&insns[pc]) && !s->entered[flow_callee(s->unit, pc)])
			return flow_callee(s->unit, pc);
	}
	return UINT32_MAX;
}

static int scan_from(struct scanner *s, u32 subprog)
{
	enter(s, subprog);
	while (s->depth) {
		struct scan *at = &s->stack[s->depth - 1];
		u32 callee = next_callee(s, at);
		int ret;

		if (callee != UINT32_MAX) {
			enter(s, callee);
			continue;
		}
		ret = finish(s, at->subprog);
		if (ret)
			return ret;
		s->depth--;
	}
	return 0;
}

static bool has_tail_call(const struct prog *prog)
{
	for (u32 i = 0; i < prog->insn_cnt; i += isa_slots(&prog->insns[i]))
		if (prog->insns[i].code == (BPF_JMP | BPF_TAIL_CALL))
			return true;
	return false;
}

static int scan_all(struct scanner *s, struct arena *arena)
{
	const struct prog *prog = s->unit->prog;

	s->stack = arena_zalloc_array(arena, prog->subprog_cnt, sizeof(*s->stack));
	s->entered = arena_zalloc(arena, prog->subprog_cnt);
	if (!s->stack || !s->entered)
		return -ENOMEM;
	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		int ret = s->entered[i] ? 0 : scan_from(s, i);

		if (ret)
			return ret;
	}
	return 0;
}

int unit_analyse(struct jit_unit *unit)
{
	const struct prog *prog = unit->prog;
	struct scanner s = {.unit = unit};
	struct arena arena;
	int ret;

	unit->subs = mem_zalloc_array(unit->mem, prog->subprog_cnt, sizeof(*unit->subs));
	if (!unit->subs)
		return -ENOMEM;
	unit->has_tail_call = has_tail_call(prog);
	unit->subs[0].wanted = true;
	arena_init(&arena, unit->mem);
	ret = scan_all(&s, &arena);
	arena_free(&arena);
	return ret;
}
