/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomics. A locked instruction is a full barrier, more than some of them need. */
#include <errno.h>

#include "jit/x86_64/x86_64.h"

static enum x86_alu alu_of(s64 op)
{
	switch (op & ~BPF_FETCH) {
	case BPF_ADD:
		return ALU_ADD;
	case BPF_AND:
		return ALU_AND;
	case BPF_OR:
		return ALU_OR;
	default:
		return ALU_XOR;
	}
}

/* The instruction just written, from @at on, may fault: then nothing has happened. */
static void note_fault(struct x86 *e, const struct ir_insn *insn, u32 at)
{
	if (insn->flags & IR_PROBE)
		code_fixup(e->code, at, code_at(e->code), FIXUP_NO_REG);
}

static void emit_plain(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm)
{
	u32 w = x86_w(insn->size) | OP_LOCK, at = code_at(e->code);
	s64 value;

	if (x86_literal(e, insn, 2, insn->size, &value))
		x86_alu_imm(e->code, w, alu_of(insn->imm), rm, (s32)value);
	else
		x86_alu_to(e->code, w, alu_of(insn->imm), rm, (u8)insn->aloc[2]);
	note_fault(e, insn, at);
}

/* xadd and xchg leave the old value where the new one was. */
static void emit_exchange(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm)
{
	u32 op = insn->imm == BPF_XCHG ? OP_XCHG : OP_XADD;
	u8 dst = (u8)insn->loc, src = (u8)insn->aloc[2], via = dst;
	u32 at;

	if (dst != src && (rm->base == dst || rm->index == dst))
		via = X86_SCRATCH;
	/* A fault leaves this as the result, which has no upper half. */
	if (insn->flags & IR_PROBE && insn->size == 4)
		x86_op_reg(e->code, OP_MOV_STORE, src, via);
	else
		x86_mov(e->code, via, src);
	at = code_at(e->code);
	x86_op(e->code, op | x86_w(insn->size), via, rm);
	note_fault(e, insn, at);
	x86_mov(e->code, dst, via);
}

/* Operations without an instruction that returns the old value, which is in rax. */
static void emit_fetch_loop(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm)
{
	u32 w = x86_w(insn->size), again = sites_label(&e->sites);
	struct x86_rm src = x86_in_reg((u8)insn->aloc[2]);

	x86_op(e->code, OP_MOV_LOAD | w, RAX, rm);
	x86_bind(e, again);
	x86_mov(e->code, X86_SCRATCH, RAX);
	x86_alu(e->code, w, alu_of(insn->imm), X86_SCRATCH, &src);
	x86_op(e->code, OP_CMPXCHG | w, X86_SCRATCH, rm);
	x86_jump(e, CC_NE, again);
}

static void emit_cmpxchg(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm)
{
	u32 w = x86_w(insn->size), at = code_at(e->code);

	x86_op(e->code, OP_CMPXCHG | w, (u8)insn->aloc[2], rm);
	note_fault(e, insn, at);
	if (!w) /* success leaves rax as it was */
		x86_op_reg(e->code, OP_MOV_STORE, RAX, RAX);
}

int x86_emit_atomic(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm rm = x86_address(e, insn, 0);

	if (insn->size != 4 && insn->size != 8)
		return -EOPNOTSUPP;
	switch (insn->imm) {
	case BPF_ADD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		emit_plain(e, insn, &rm);
		return 0;
	case BPF_ADD | BPF_FETCH:
	case BPF_XCHG:
		emit_exchange(e, insn, &rm);
		return 0;
	case BPF_AND | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
		if (insn->flags & IR_PROBE) /* the verifier lets none pass */
			return -EOPNOTSUPP;
		emit_fetch_loop(e, insn, &rm);
		return 0;
	case BPF_CMPXCHG:
		emit_cmpxchg(e, insn, &rm);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
