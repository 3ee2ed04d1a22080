/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 target: which function emits which class of instruction. */
#include <errno.h>

#include "jit/simple/x86_64/x86_64.h"

const u8 simple_reg_of[MAX_BPF_REG] = {
	RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP,
};

static int emit_ld(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];

	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
		simple_mov_imm(jit, dst_of(insn), (u32)insn[0].imm | (u64)(u32)insn[1].imm << 32);
		return 0;
	}
	if (BPF_SIZE(insn->code) == BPF_DW ||
	    (BPF_MODE(insn->code) != BPF_ABS && BPF_MODE(insn->code) != BPF_IND))
		return -EOPNOTSUPP;
	simple_emit_legacy_load(jit, index);
	return 0;
}

static int emit_ldx(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];

	simple_emit_load(jit, insn);
	return 0;
}

static int emit_st(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];

	simple_emit_store_imm(jit, insn);
	return 0;
}

static int emit_stx(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];

	switch (BPF_MODE(insn->code)) {
	case BPF_MEM:
		simple_emit_store(jit, insn);
		return 0;
	case BPF_ATOMIC:
		return simple_emit_atomic(jit, insn);
	default:
		return -EOPNOTSUPP;
	}
}

static int emit_alu(struct jit *jit, u32 index)
{
	return simple_emit_alu(jit, &jit->prog->insns[index]);
}

static int emit_jmp(struct jit *jit, u32 index)
{
	switch (BPF_OP(jit->prog->insns[index].code)) {
	case BPF_CALL:
		return simple_emit_call(jit, index);
	case BPF_TAIL_CALL:
		simple_emit_tail_call(jit);
		return 0;
	case BPF_EXIT:
		simple_emit_exit(jit, index);
		return 0;
	default:
		return simple_emit_jump(jit, index);
	}
}

static int simple_insn(struct jit *jit, u32 index)
{
	static int (*const emit[])(struct jit *, u32) = {
		[BPF_LD] = emit_ld,   [BPF_LDX] = emit_ldx,	   [BPF_ST] = emit_st,
		[BPF_STX] = emit_stx, [BPF_ALU] = emit_alu,	   [BPF_ALU64] = emit_alu,
		[BPF_JMP] = emit_jmp, [BPF_JMP32] = simple_emit_jump,
	};
	const struct bpf_insn *insn = &jit->prog->insns[index];
	int ret = emit[BPF_CLASS(insn->code)](jit, index);

	if (ret == -EOPNOTSUPP)
		return err_set(jit->err, ret, "insn %u: no machine code for opcode %#x", index,
			       insn->code);
	return ret;
}

static const struct jit_target x86_target_simple = {
	.name = "x86_64",
	.padding = 0xcc, /* int3 */
	.prologue = simple_prologue,
	.insn = simple_insn,
	.epilogue = simple_epilogue,
};

const struct jit_target *const simple_native = &x86_target_simple;
