/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers and subprograms, and tail calls. */
#include "helper/helper.h"
#include "isa/isa.h"
#include "jit/build/internal.h"

static void forget_args(struct body *body)
{
	for (u32 r = 1; r <= 5; r++)
		set_reg(body, r, 0);
}

/* The first @n of r1 to r5; the callee looks at no others. */
static void put_args(struct body *body, struct ir_insn *call, u32 n)
{
	call->nargs = IR_MAX_ARGS;
	for (u32 i = 0; i < n; i++)
		call->arg[i] = get_reg(body, i + 1);
}

static int build_helper_call(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	const struct helper_proto *proto = &helper_protos[insn->imm];
	const u32 known = HELPER_CNT;
	struct ir_insn call = {.op = IR_CALL, .width = 8};

	if ((u32)insn->imm >= known || !proto->fn)
		return cannot(body, "helper");
	put_args(body, &call, flow_helper_args(insn));
	call.arg[5] = body->b->run;
	call.map = unit_fact(body->b->unit, body->pc)->map;
	call.sym = ir_sym(body->b->fn, SYM_HELPER, (u32)insn->imm, 0, (u64)(uintptr_t)proto->fn);
	set_reg(body, BPF_REG_0, emit_result(body, call));
	forget_args(body);
	return 0;
}

/* Whoever was called may have left by a tail call, and run->prog is another program's then. */
static void restore_prog(struct body *body)
{
	const struct prog *prog = body->b->unit->prog;
	ir_ref addr = ir_addr(body->b->fn, SYM_PROG, 0, 0, ptr_to_u64(prog));
	struct ir_insn store =
		ir_store(8, body->b->run, offsetof(struct run, prog), addr, MEM_NONE);

	store.flags = IR_UNALIASED;
	emit(body, store);
}

static int build_local_call(struct body *body)
{
	struct jit_unit *unit = body->b->unit;
	u32 callee = flow_callee(unit, body->pc);
	const struct jit_sub *sub = &unit->subs[callee];
	struct ir_insn call = {.op = IR_CALL_SUB, .width = 8, .map = FACT_NO_MAP, .imm = callee};

	put_args(body, &call, sub->nargs);
	if (sub->needs_run)
		call.arg[5] = body->b->run;
	set_reg(body, BPF_REG_0, emit(body, call));
	forget_args(body);
	if (unit->has_tail_call)
		restore_prog(body);
	return 0;
}

int build_call(struct body *body)
{
	switch (body_insn(body)->src_reg) {
	case 0:
		return build_helper_call(body);
	case BPF_PSEUDO_CALL:
		return build_local_call(body);
	default:
		return cannot(body, "kernel function");
	}
}

/* When it fails, r0 is as before. */
int build_tail_call(struct body *body)
{
	struct ir_insn call = {
		.op = IR_TAIL_CALL,
		.width = 8,
		.map = FACT_NO_MAP,
		.arg = {body->b->run, get_reg(body, 2), get_reg(body, 3), get_reg(body, 1)},
	};

	emit(body, call);
	forget_args(body);
	return 0;
}
