/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores, atomics and the classic packet loads. */
#include "isa/isa.h"
#include "jit/build/internal.h"
#include "jit/runtime.h"

static u8 size_of(const struct bpf_insn *insn)
{
	static const u8 bytes[] = {4, 2, 1, 8};

	return bytes[BPF_SIZE(insn->code) >> 3];
}

void fold_frame(struct body *body, ir_ref *base, s32 *disp)
{
	const struct ir_insn *insn = body_at(body, *base);
	s64 at = insn->imm + *disp;

	if (insn->op != IR_FRAME || at != (s32)at)
		return;
	*base = body->b->frame;
	*disp = (s32)at;
}

/*
 * What a subprogram takes for a helper's memory may be its caller's stack, when
 * it or who called it is a global function: it is verified by its prototype.
 */
static u8 kind_of(const struct body *body)
{
	u8 mem = unit_fact(body->b->unit, body->pc)->mem;

	return mem == MEM_HELPER && body->subprog ? MEM_MIXED : mem;
}

/* Whether another thread may see the memory. */
static bool is_shared(u8 mem)
{
	return mem != MEM_STACK && mem != MEM_CTX && mem != MEM_PACKET;
}

static bool in_arena(const struct bpf_insn *insn)
{
	u8 mode = BPF_MODE(insn->code);

	return mode == BPF_PROBE_MEM32 || mode == BPF_PROBE_ATOMIC;
}

/* An address in the arena's window: with any offset it stays in there, or in the guards. */
static ir_ref arena_address(struct body *body, ir_ref offset)
{
	ir_ref low = emit(body, ir_unary(IR_ZEXT32, 8, offset));

	body_at(body, low)->umax = UINT32_MAX;
	return emit(body, ir_binary(IR_ADD, 8, constant(body, body->b->unit->prog->arena), low));
}

/* What all accesses have in common: base, distance, kind of memory. */
static void set_place(struct body *body, struct ir_insn *ir, u32 reg)
{
	const struct bpf_insn *insn = body_insn(body);

	ir->arg[0] = get_reg(body, reg);
	if (in_arena(insn)) {
		ir->arg[0] = arena_address(body, ir->arg[0]);
		ir->flags |= IR_PROBE;
	}
	ir->disp = insn->off;
	ir->size = size_of(insn);
	ir->width = 8;
	ir->mem = kind_of(body);
	ir->map = FACT_NO_MAP;
	fold_frame(body, &ir->arg[0], &ir->disp);
	if (body_at(body, ir->arg[0])->op == IR_FRAME)
		ir->mem = MEM_STACK;
	if (is_shared(ir->mem))
		ir->flags |= IR_VOLATILE;
}

/* ---- loads and stores ---- */

/*
 * The context's fields are the host's, of which the verifier knows nothing,
 * and a load that may fault gives 0: facts are of neither.
 */
static bool facts_hold(const struct ir_insn *load)
{
	return load->mem != MEM_CTX && !(load->flags & IR_PROBE);
}

int build_load(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	struct ir_insn ir = {.op = IR_LOAD};

	if (in_arena(insn) && body->b->unit->aot)
		return cannot(body, ARENA_ELSEWHERE);
	switch (BPF_MODE(insn->code)) {
	case BPF_MEM:
	case BPF_PROBE_MEM32:
		break;
	case BPF_MEMSX:
		ir.flags = IR_SEXT;
		break;
	case BPF_PROBE_MEM:
		ir.flags = IR_PROBE;
		break;
	case BPF_PROBE_MEMSX:
		ir.flags = IR_PROBE | IR_SEXT;
		break;
	default:
		return cannot(body, "load");
	}
	set_place(body, &ir, insn->src_reg);
	if (!(ir.flags & IR_SEXT) && ir.size < 8)
		ir.umax = BIT_ULL(8 * ir.size) - 1;
	set_reg(body, insn->dst_reg, facts_hold(&ir) ? emit_result(body, ir) : emit(body, ir));
	return 0;
}

static int build_atomic(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	struct ir_insn ir = {.op = IR_ATOMIC, .imm = insn->imm};
	ir_ref result;

	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		break;
	default:
		if (insn->imm != BPF_XCHG && insn->imm != BPF_CMPXCHG)
			return cannot(body, "atomic operation");
	}
	set_place(body, &ir, insn->dst_reg);
	if (ir.size < 4)
		return cannot(body, "atomic operation");
	ir.arg[2] = get_reg(body, insn->src_reg);
	if (insn->imm == BPF_CMPXCHG)
		ir.arg[3] = get_reg(body, BPF_REG_0);
	if (ir.size == 4)
		ir.umax = UINT32_MAX;
	result = emit(body, ir);
	if (insn->imm == BPF_CMPXCHG)
		set_reg(body, BPF_REG_0, result);
	else if (insn->imm & BPF_FETCH)
		set_reg(body, insn->src_reg, result);
	fence_after_store(body);
	return 0;
}

int build_store(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	bool is_imm = BPF_CLASS(insn->code) == BPF_ST;
	struct ir_insn ir = {.op = IR_STORE};

	if (in_arena(insn) && body->b->unit->aot)
		return cannot(body, ARENA_ELSEWHERE);
	if (!is_imm &&
	    (BPF_MODE(insn->code) == BPF_ATOMIC || BPF_MODE(insn->code) == BPF_PROBE_ATOMIC))
		return build_atomic(body);
	if (BPF_MODE(insn->code) != BPF_MEM && BPF_MODE(insn->code) != BPF_PROBE_MEM32)
		return cannot(body, "store");
	set_place(body, &ir, insn->dst_reg);
	ir.arg[2] = is_imm ? constant(body, (u64)(s64)insn->imm) : get_reg(body, insn->src_reg);
	emit(body, ir);
	fence_after_store(body);
	return 0;
}

/* ---- the classic packet loads ---- */

static ir_ref packet_offset(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	ir_ref imm = constant(body, (u64)(s64)insn->imm);

	if (BPF_MODE(insn->code) == BPF_ABS)
		return imm;
	return emit(body, ir_binary(IR_ADD, 4, get_reg(body, insn->src_reg), imm));
}

/* A call whose negative result ends the subprogram with 0. */
int build_legacy_load(struct body *body)
{
	struct ir_fn *fn = body->b->fn;
	u32 good = ir_new_block(fn), bad = ir_new_block(fn);
	ir_ref args[3], result;

	args[0] = body->b->run;
	args[1] = packet_offset(body);
	args[2] = constant(body, size_of(body_insn(body)));
	result = emit(body, ir_call(ir_runtime(fn, JIT_RUNTIME_LEGACY_LOAD), args, 3));
	ir_at(fn, ir_br(fn, body->at, IR_SLT, 8, result, constant(body, 0), bad, good))->flags =
		IR_UNLIKELY;
	ir_block(fn, bad)->cold = true;
	body->at = bad;
	end_with_return(body, constant(body, 0));
	body->at = good;
	for (u32 r = 1; r <= 5; r++)
		set_reg(body, r, 0);
	set_reg(body, BPF_REG_0, result);
	return 0;
}
