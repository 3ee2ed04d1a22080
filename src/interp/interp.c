/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points of the interpreter, and what its two loops share. Trusts what
 * the verifier proved: no register, jump or access is checked again.
 */
#include "interp/interp.h"

#include <errno.h>

#include "base/fault.h"
#include "helper/helper.h"
#include "interp/semantics.h"
#include "map/prog_array.h"
#include "object/trampoline.h"

static const struct subprog *callee_of(const struct prog *prog, const struct bpf_insn *call)
{
	s64 target = call - prog->insns + 1 + call->imm;

	return &prog->subprogs[prog->subprog_of_insn[target]];
}

/* The program to go on with; NULL: the call falls through. A call that fails is not counted. */
static const struct subprog *tail_target(struct run *run, struct map *map, u32 index)
{
	const struct prog *target;

	if (run->tail_calls >= MAX_TAIL_CALL_CNT)
		return NULL;
	target = prog_array_target(map, index);
	if (!target)
		return NULL;
	run->tail_calls++;
	return &target->subprogs[0];
}

/* Whether the budget does not suffice for so many steps. */
static bool pay(struct run *run, u32 steps)
{
	run->budget.left -= steps;
	return unlikely(run->budget.left < 0) && budget_spent(run);
}

static u64 call_kfunc(struct run *run, const struct kfunc_call *call, const u64 *regs)
{
	u64 r[6];

	for (u32 i = 1; i <= 5; i++)
		r[i] = call->fixed & BIT(i) ? call->value[i] : regs[i];
	return call->fn(r[1], r[2], r[3], r[4], r[5], run);
}

/* ---- arenas ---- */

struct atomic_args {
	u64 *regs;
	const struct bpf_insn *insn;
	void *at;
};

static void try_atomic32(void *arg)
{
	const struct atomic_args *args = arg;

	atomic_op32(args->regs, args->insn, args->at);
}

static void try_atomic64(void *arg)
{
	const struct atomic_args *args = arg;

	atomic_op64(args->regs, args->insn, args->at);
}

/* Where there is no memory nothing happens, and the old value is what was to be put in or found. */
static void arena_atomic(u64 *regs, const struct bpf_insn *insn, void *at, u32 size)
{
	struct atomic_args args = {regs, insn, at};
	u32 old = insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg;
	bool returns = insn->imm == BPF_CMPXCHG || insn->imm & BPF_FETCH;

	if (fault_try(at, size, size == 4 ? try_atomic32 : try_atomic64, &args) && returns &&
	    size == 4)
		regs[old] = (u32)regs[old];
}

static s64 legacy_load(struct run *run, s32 off, u32 size)
{
	return run->legacy_load ? run->legacy_load(run, off, size) : -EFAULT;
}

#define LOOP	loop_plain
#define TRACE() (void)0
#include "interp/loop.h"
#undef LOOP
#undef TRACE

#define LOOP	loop_traced
#define TRACE() run->tracer->insn(run->tracer->arg, run, prog, (u32)(insn - prog->insns), regs)
#include "interp/loop.h"
#undef LOOP
#undef TRACE

u64 interp_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct prog *before = run->prog;
	u64 r0 = loop_plain(run, fn, r1, r2, r3, r4, r5);

	run->prog = before;
	return r0;
}

static u64 invoke_traced(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
			 u64 r5)
{
	const struct prog *before = run->prog;
	u64 r0 = loop_traced(run, fn, r1, r2, r3, r4, r5);

	run->prog = before;
	return r0;
}

u64 interp_run_traced(struct run *run, const struct subprog *fn, u64 r1,
		      const struct interp_tracer *tracer)
{
	struct run outer = *run;
	u64 r0;

	run->tracer = tracer;
	run->invoke = invoke_traced;
	r0 = invoke_traced(run, fn, r1, 0, 0, 0, 0);
	run->tracer = outer.tracer;
	run->invoke = outer.invoke;
	return r0;
}

/* ---- what the engines know ---- */

static bool opcode_known(u8 code)
{
	static const bool known[256] = {
#define OP(opcode, label) [opcode] = true,
#include "interp/ops.def"
#undef OP
	};

	return known[code];
}

static int check_call(const struct prog *prog, u32 at, struct err *err)
{
	const struct bpf_insn *insn = &prog->insns[at];
	const u32 known = HELPER_CNT;

	switch (insn->src_reg) {
	case 0:
		if ((u32)insn->imm >= known)
			return err_set(err, -EOPNOTSUPP, "insn %u: call of unknown helper", at);
		if (!helper_protos[insn->imm].fn)
			return err_set(err, -EOPNOTSUPP, "insn %u: bpf_%s() cannot be run yet", at,
				       helper_protos[insn->imm].name);
		return 0;
	case BPF_PSEUDO_CALL:
		return 0;
	default:
		if ((u32)insn->imm >= prog->kfunc_call_cnt || !prog->kfunc_calls[insn->imm].fn)
			return err_set(err, -EOPNOTSUPP, "insn %u: call of unknown kernel function",
				       at);
		return 0;
	}
}

static bool operands_known(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_STX:
		if (BPF_MODE(insn->code) != BPF_ATOMIC && BPF_MODE(insn->code) != BPF_PROBE_ATOMIC)
			return true;
		return atomic_op_known(insn->imm);
	case BPF_JMP:
		return BPF_OP(insn->code) != BPF_JCOND || insn->src_reg == BPF_MAY_GOTO;
	case BPF_ALU64:
		/* Casts between address spaces are other instructions in the prepared form. */
		if (BPF_OP(insn->code) == BPF_MOV && insn->off)
			return insn->off == 8 || insn->off == 16 || insn->off == 32;
		return true;
	default:
		return true;
	}
}

static int check_frames(const struct prog *prog, struct err *err)
{
	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		if (prog->subprogs[i].stack_depth > MAX_BPF_STACK)
			return err_set(
				err, -EOPNOTSUPP,
				"insn %u: a frame of %u bytes, more than the interpreter has",
				prog->subprogs[i].start, prog->subprogs[i].stack_depth);
	}
	return 0;
}

int interp_check(const struct prog *prog, struct err *err)
{
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		int ret;

		if (!opcode_known(insn->code) || !operands_known(insn))
			return err_set(err, -EOPNOTSUPP, "insn %u: opcode %#x cannot be run yet", i,
				       insn->code);
		if (insn->code == (BPF_JMP | BPF_CALL)) {
			ret = check_call(prog, i, err);
			if (ret)
				return ret;
		}
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			i++;
	}
	return check_frames(prog, err);
}
