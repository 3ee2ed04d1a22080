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

static int build_helper_call(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	const struct helper_proto *proto = &helper_protos[insn->imm];
	const u32 known = HELPER_CNT;
	struct ir_insn call = {.op = IR_CALL, .width = 8, .nargs = IR_MAX_ARGS};
	bool built = false;
	int ret = 0;

	if ((u32)insn->imm >= known || !proto->fn)
		return cannot(body, "helper");
	if (proto->id == BPF_FUNC_loop || proto->id == BPF_FUNC_for_each_map_elem)
		ret = build_callback_helper(body, proto->id, &built);
	if (built)
		forget_args(body);
	if (ret || built)
		return ret;
	for (u32 i = 0; i < flow_helper_args(insn); i++)
		call.arg[i] = get_reg(body, i + 1);
	call.arg[5] = body->b->run;
	call.map = unit_fact(body->b->unit, body->pc)->map;
	call.sym = ir_sym(body->b->fn, SYM_HELPER, (u32)insn->imm, 0, (u64)(uintptr_t)proto->fn);
	set_reg(body, BPF_REG_0, emit_result(body, call));
	forget_args(body);
	return 0;
}

static ir_ref kfunc_arg(struct body *body, const struct kfunc_call *kfunc, u32 reg)
{
	const u32 index = (u32)body_insn(body)->imm;

	if (!(kfunc->fixed & BIT(reg)))
		return get_reg(body, reg);
	if (kfunc->value[reg] == ptr_to_u64(&kfunc->type))
		return ir_addr(body->b->fn, SYM_KFUNC_TYPE, index, 0, kfunc->value[reg]);
	return constant(body, kfunc->value[reg]);
}

static int build_kfunc_call(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	const struct kfunc_call *kfunc = flow_kfunc(body->b->unit, insn);
	struct ir_insn call = {.op = IR_CALL, .width = 8, .nargs = IR_MAX_ARGS, .map = FACT_NO_MAP};

	if (!kfunc)
		return cannot(body, "kernel function");
	for (u32 i = 0; i < kfunc->nargs; i++)
		call.arg[i] = kfunc_arg(body, kfunc, i + 1);
	call.arg[5] = body->b->run;
	call.sym = ir_sym(body->b->fn, SYM_KFUNC, (u32)insn->imm, 0, (u64)(uintptr_t)kfunc->fn);
	set_reg(body, BPF_REG_0, emit_result(body, call));
	forget_args(body);
	return 0;
}

static int build_local_call(struct body *body)
{
	u32 callee = flow_callee(body->b->unit, body->pc);
	ir_ref args[5] = {0}, result = 0;
	int ret;

	for (u32 i = 0; i < body->b->unit->subs[callee].nargs; i++)
		args[i] = get_reg(body, i + 1);
	ret = call_subprog(body, callee, args, &result);
	set_reg(body, BPF_REG_0, result);
	forget_args(body);
	return ret;
}

int build_call(struct body *body)
{
	switch (body_insn(body)->src_reg) {
	case 0:
		return build_helper_call(body);
	case BPF_PSEUDO_CALL:
		return build_local_call(body);
	default:
		return build_kfunc_call(body);
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
