/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomics. A locked instruction is a full barrier, more than some of them need. */
#include <errno.h>

#include "jit/simple/x86_64/x86_64.h"

static u32 width(const struct bpf_insn *insn)
{
	return BPF_SIZE(insn->code) == BPF_DW ? OP_W : 0;
}

static void emit_plain(struct jit *jit, const struct bpf_insn *insn, enum simple_alu op)
{
	simple_mem(jit, ((u32)op << 3 | 1) | OP_LOCK | width(insn), src_of(insn), dst_of(insn),
		insn->off);
}

/*
 * Operations without an instruction that returns the old value: a loop around
 * compare and exchange, with the old value in rax.
 */
static void emit_fetch_loop(struct jit *jit, const struct bpf_insn *insn, enum simple_alu op)
{
	u8 src = src_of(insn), base = dst_of(insn);
	u32 w = width(insn), again;

	simple_mov(jit, OP_W, R10, RAX);
	simple_mov(jit, OP_W, R11, src);
	if (base == RAX)
		base = R10;
	simple_mem(jit, OP_MOV_LOAD | w, RAX, base, insn->off);
	again = jit->at;
	simple_mov(jit, OP_W, R9, RAX);
	simple_alu(jit, w, op, R9, R11);
	simple_mem(jit, OP_CMPXCHG | w, R9, base, insn->off);
	jit_put(jit, 0x70u | CC_NE | (u32)(u8)(again - (jit->at + 2)) << 8, 2);
	simple_mov(jit, OP_W, src, RAX);
	if (src != RAX)
		simple_mov(jit, OP_W, RAX, R10);
}

int simple_emit_atomic(struct jit *jit, const struct bpf_insn *insn)
{
	u8 src = src_of(insn), dst = dst_of(insn);
	u32 w = width(insn);

	switch (insn->imm) {
	case BPF_ADD:
		emit_plain(jit, insn, ALU_ADD);
		return 0;
	case BPF_AND:
		emit_plain(jit, insn, ALU_AND);
		return 0;
	case BPF_OR:
		emit_plain(jit, insn, ALU_OR);
		return 0;
	case BPF_XOR:
		emit_plain(jit, insn, ALU_XOR);
		return 0;
	case BPF_ADD | BPF_FETCH:
		simple_mem(jit, OP_XADD | w, src, dst, insn->off);
		return 0;
	case BPF_AND | BPF_FETCH:
		emit_fetch_loop(jit, insn, ALU_AND);
		return 0;
	case BPF_OR | BPF_FETCH:
		emit_fetch_loop(jit, insn, ALU_OR);
		return 0;
	case BPF_XOR | BPF_FETCH:
		emit_fetch_loop(jit, insn, ALU_XOR);
		return 0;
	case BPF_XCHG: /* locks by itself */
		simple_mem(jit, OP_XCHG | w, src, dst, insn->off);
		return 0;
	case BPF_CMPXCHG:
		simple_mem(jit, OP_CMPXCHG | w, src, dst, insn->off);
		if (!w) /* success leaves rax as it was */
			simple_mov(jit, 0, RAX, RAX);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
