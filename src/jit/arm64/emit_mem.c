/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores, addresses, moves. */
#include <errno.h>

#include "jit/arm64/arm64.h"

/* ---- accesses ---- */

static void access(struct a64 *e, const struct ir_insn *insn, u32 op, u8 rt)
{
	const struct ir_insn *base = ir_at(e->fn, insn->arg[0]);
	enum a64_extend extend = insn->target == A64_INDEX_U32 ? EXTEND_UXTW : EXTEND_UXTX;

	if (insn->arg[1])
		a64_mem_index(e->code, op, insn->size, rt, (u8)insn->aloc[0], (u8)insn->aloc[1],
			      extend, insn->scale);
	else if (base->op == IR_FRAME)
		a64_mem(e->code, op, insn->size, rt, A64_SP,
			(s64)e->frame.stack_at + base->imm + insn->disp);
	else
		a64_mem(e->code, op, insn->size, rt, (u8)insn->aloc[0], insn->disp);
}

static u32 load_op(const struct ir_insn *insn)
{
	if (!(insn->flags & IR_SEXT) || insn->size == 8 || insn->size == insn->width)
		return A64_LDR;
	return insn->width == 8 ? A64_LDRS_X : A64_LDRS_W;
}

int a64_emit_load(struct a64 *e, const struct ir_insn *insn)
{
	u32 at = code_at(e->code);

	access(e, insn, load_op(insn), (u8)insn->loc);
	if (insn->flags & IR_PROBE)
		code_fixup(e->code, at, code_at(e->code), (u8)insn->loc);
	return 0;
}

int a64_emit_store(struct a64 *e, const struct ir_insn *insn)
{
	u8 rt = a64_reg(e, insn, 2);
	u32 at = code_at(e->code);

	access(e, insn, A64_STR, rt);
	if (insn->flags & IR_PROBE)
		code_fixup(e->code, at, code_at(e->code), FIXUP_NO_REG);
	return 0;
}

/* Nothing goes on before all before is done, not even by speculation. */
int a64_emit_fence(struct a64 *e, const struct ir_insn *insn __unused)
{
	a64_put(e->code, A64_DSB_NSH);
	a64_put(e->code, A64_ISB);
	return 0;
}

/* ---- addresses ---- */

int a64_emit_lea(struct a64 *e, const struct ir_insn *insn)
{
	const struct ir_insn *base = ir_at(e->fn, insn->arg[0]);
	bool on_stack = base->op == IR_FRAME, lower = insn->target == A64_INDEX_U32;
	u8 rd = (u8)insn->loc, rn = on_stack ? A64_SP : (u8)insn->aloc[0];
	s64 disp = insn->disp + (on_stack ? e->frame.stack_at + base->imm : 0);

	if (insn->arg[1]) {
		if (on_stack || lower)
			a64_add_extended(e->code, rd, rn, (u8)insn->aloc[1],
					 lower ? EXTEND_UXTW : EXTEND_UXTX, insn->scale);
		else
			a64_shifted(e->code, A64_ADD | A64_X, rd, rn, (u8)insn->aloc[1], SHIFT_LSL,
				    insn->scale);
		rn = rd;
	}
	if (disp || rn == A64_SP)
		a64_add_any(e->code, rd, rn, disp, A64_SCRATCH2);
	else
		a64_mov(e->code, rd, rn);
	return 0;
}

int a64_emit_frame(struct a64 *e, const struct ir_insn *insn)
{
	a64_add_any(e->code, (u8)insn->loc, A64_SP, e->frame.stack_at + insn->imm, A64_SCRATCH2);
	return 0;
}

/* ---- moves ---- */

static void access_slot(struct a64 *e, u32 op, u8 rt, u16 loc)
{
	u32 at = a64_slot_at(e, loc);

	if (a64_is_offset(8, at)) {
		a64_mem(e->code, op, 8, rt, A64_SP, at);
		return;
	}
	a64_mov_imm(e->code, A64_SCRATCH2, at);
	a64_mem_index(e->code, op, 8, rt, A64_SP, A64_SCRATCH2, EXTEND_UXTX, false);
}

int a64_emit_move(struct a64 *e, const struct ir_insn *insn)
{
	u16 from = insn->aloc[0], to = insn->loc;
	u8 via = from < IR_LOC_SLOT ? (u8)from : to < IR_LOC_SLOT ? (u8)to : A64_SCRATCH;

	if (from == to)
		return 0;
	if (from >= IR_LOC_SLOT)
		access_slot(e, A64_LDR, via, from);
	if (to >= IR_LOC_SLOT)
		access_slot(e, A64_STR, via, to);
	else
		a64_mov(e->code, (u8)to, via);
	return 0;
}

void a64_materialise(struct a64 *e, u8 rd, const struct ir_insn *literal)
{
	if (literal->sym && e->code->unit->aot)
		a64_pool(e, rd, literal->sym);
	else
		a64_mov_imm(e->code, rd, (u64)literal->imm);
}

int a64_emit_imm(struct a64 *e, const struct ir_insn *insn)
{
	if (insn->loc >= IR_LOC_SLOT)
		return -EOPNOTSUPP;
	a64_materialise(e, (u8)insn->loc, insn);
	return 0;
}
