/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomics: one instruction each on machines that have them (LSE), else loops
 * of exclusive loads and stores. Those that return the old value order all
 * accesses around them, the others none.
 */
#include <errno.h>

#include "jit/arm64/arm64.h"

static bool returns_old(const struct ir_insn *insn)
{
	return insn->imm == BPF_XCHG || insn->imm == BPF_CMPXCHG || insn->imm & BPF_FETCH;
}

/* ---- one instruction ---- */

static u32 lse_op(s64 imm)
{
	if (imm == BPF_XCHG)
		return A64_SWP;
	switch (imm & ~BPF_FETCH) {
	case BPF_ADD:
		return A64_LDADD;
	case BPF_AND:
		return A64_LDCLR; /* clears the bits that are set in its operand */
	case BPF_OR:
		return A64_LDSET;
	default:
		return A64_LDEOR;
	}
}

/* The instruction just written may fault: then nothing has happened. */
static void note_fault(struct a64 *e, const struct ir_insn *insn)
{
	if (insn->flags & IR_PROBE)
		code_fixup(e->code, code_at(e->code) - 4, code_at(e->code), FIXUP_NO_REG);
}

static void a64_mov_w(struct jit_code *code, u8 rd, u8 rn)
{
	a64_rrr(code, A64_ORR, rd, A64_ZR, rn);
}

static void emit_lse(struct a64 *e, const struct ir_insn *insn)
{
	u32 size = insn->size == 8 ? A64_SIZE_X : 0, op = lse_op(insn->imm) | size;
	u8 base = (u8)insn->aloc[0], src = a64_reg(e, insn, 2), old = (u8)insn->loc;

	if (insn->imm == BPF_CMPXCHG) {
		a64_rrr(e->code, A64_CASAL | size, src, base, old);
		note_fault(e, insn);
		if (insn->flags & IR_PROBE && insn->size == 4)
			a64_mov_w(e->code, old, old);
		return;
	}
	if (returns_old(insn))
		op |= A64_ACQREL;
	if ((insn->imm & ~BPF_FETCH) == BPF_AND) {
		a64_rrr(e->code, A64_ORN | a64_w(insn->size), A64_SCRATCH, A64_ZR, src);
		src = A64_SCRATCH;
	}
	/* Of a fault the result is the operand, which has no upper half, as on x86-64. */
	if (insn->flags & IR_PROBE && returns_old(insn)) {
		old = A64_SCRATCH2;
		if (insn->size == 4)
			a64_mov_w(e->code, old, src);
		else
			a64_mov(e->code, old, src);
	}
	a64_rrr(e->code, op, returns_old(insn) ? old : A64_ZR, base, src);
	note_fault(e, insn);
	if (old != insn->loc && returns_old(insn))
		a64_mov(e->code, (u8)insn->loc, old);
}

/* ---- loops ---- */

/* x16 = what is to be stored, of the old value. */
static void make_new(struct a64 *e, const struct ir_insn *insn, u8 old, u8 src)
{
	u32 w = a64_w(insn->size), op;

	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
		op = A64_ADD;
		break;
	case BPF_AND:
		op = A64_AND;
		break;
	case BPF_OR:
		op = A64_ORR;
		break;
	default:
		op = A64_EOR;
		break;
	}
	a64_rrr(e->code, op | w, A64_SCRATCH, old, src);
}

static void emit_loop(struct a64 *e, const struct ir_insn *insn)
{
	u32 size = insn->size == 8 ? A64_SIZE_X : 0, again = sites_label(&e->sites),
	    done = sites_label(&e->sites);
	bool ordered = returns_old(insn);
	bool stores_src = insn->imm == BPF_XCHG || insn->imm == BPF_CMPXCHG;
	u8 base = (u8)insn->aloc[0], src = a64_reg(e, insn, 2);
	u8 old = ordered ? (u8)insn->loc : A64_SCRATCH;

	sites_bind(&e->sites, again);
	a64_rr(e->code, A64_LDXR | size, old, base);
	if (insn->imm == BPF_CMPXCHG) {
		a64_rrr(e->code, A64_SUBS | a64_w(insn->size), A64_ZR, old, a64_reg(e, insn, 3));
		a64_jump_if(e, CC_NE, done);
	}
	if (!stores_src)
		make_new(e, insn, old, src);
	a64_rrr(e->code, (ordered ? A64_STLXR : A64_STXR) | size, stores_src ? src : A64_SCRATCH,
		base, A64_SCRATCH2);
	a64_jump_zero(e, A64_CBNZ, A64_SCRATCH2, again);
	sites_bind(&e->sites, done);
	if (ordered)
		a64_put(e->code, A64_DMB_ISH);
}

int a64_emit_atomic(struct a64 *e, const struct ir_insn *insn)
{
	if (insn->size != 4 && insn->size != 8)
		return -EOPNOTSUPP;
	switch (insn->imm) {
	case BPF_ADD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
	case BPF_ADD | BPF_FETCH:
	case BPF_AND | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
	case BPF_CMPXCHG:
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (a64_has(e->fn, A64_LSE))
		emit_lse(e, insn);
	else if (insn->flags & IR_PROBE) /* the interpreter can */
		return -EOPNOTSUPP;
	else
		emit_loop(e, insn);
	return 0;
}
