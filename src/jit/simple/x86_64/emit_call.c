/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers and subprograms, tail calls, and the packet loads that are calls. */
#include <errno.h>

#include "helper/helper.h"
#include "jit/simple/x86_64/x86_64.h"
#include "map/prog_array.h"

static void pass_run(struct jit *jit)
{
	simple_mov(jit, OP_W, REG_RUN_ARG, REG_RUN);
}

static int emit_helper_call(struct jit *jit, const struct bpf_insn *insn)
{
	const u32 known = HELPER_CNT;
	helper_fn fn;

	if ((u32)insn->imm >= known)
		return -EOPNOTSUPP;
	fn = helper_protos[insn->imm].fn;
	if (!fn)
		return -EOPNOTSUPP;
	pass_run(jit);
	simple_call(jit, (const void *)(uintptr_t)fn);
	return 0;
}

static void emit_local_call(struct jit *jit, u32 index)
{
	const struct prog *prog = jit->prog;
	u32 target = (u32)((s64)index + 1 + prog->insns[index].imm);
	u32 callee = prog->subprog_of_insn[target];

	pass_run(jit);
	jit_put(jit, 0xe8 | (u64)(jit->frames[callee].entry - (jit->at + 5)) << 8, 5);
	if (jit->has_tail_call) { /* the callee may have left by one */
		simple_mov_imm(jit, R11, ptr_to_u64(prog));
		simple_mem(jit, OP_MOV_STORE | OP_W, R11, REG_RUN, offsetof(struct run, prog));
	}
}

int simple_emit_call(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];

	switch (insn->src_reg) {
	case 0:
		return emit_helper_call(jit, insn);
	case BPF_PSEUDO_CALL:
		emit_local_call(jit, index);
		return 0;
	default:
		return -EOPNOTSUPP; /* kernel functions */
	}
}

/*
 * r2 is the array, r3 the index. The target is entered like any C function,
 * in this frame's place. r0 to r5 are lost when the call falls through.
 */
void simple_emit_tail_call(struct jit *jit)
{
	u32 out_of_range, too_many, empty;

	simple_mem(jit, 0x3b /* cmp */, RDX, RSI, offsetof(struct prog_array, map.desc.max_entries));
	out_of_range = simple_jcc8(jit, CC_AE);
	simple_mem(jit, 0x83, ALU_CMP, REG_RUN, offsetof(struct run, tail_calls));
	jit_put(jit, MAX_TAIL_CALL_CNT, 1);
	too_many = simple_jcc8(jit, CC_AE);
	simple_mem(jit, OP_MOV_LOAD | OP_W, R11, RSI, offsetof(struct prog_array, targets));
	simple_mov(jit, 0, RDX, RDX);
	simple_mem_index8(jit, OP_MOV_LOAD | OP_W, R11, R11, RDX);
	simple_test(jit, OP_W, R11, R11);
	empty = simple_jcc8(jit, CC_E);
	simple_mem(jit, OP_INDIRECT, 0, REG_RUN, offsetof(struct run, tail_calls));
	simple_mem(jit, OP_MOV_STORE | OP_W, R11, REG_RUN, offsetof(struct run, prog));
	simple_mem(jit, OP_MOV_LOAD | OP_W, R11, R11, offsetof(struct prog, subprogs));
	pass_run(jit);
	simple_frame_drop(jit);
	simple_mem(jit, OP_INDIRECT, 4, R11, offsetof(struct subprog, entry));
	simple_land(jit, out_of_range);
	simple_land(jit, too_many);
	simple_land(jit, empty);
}

/* jit_legacy_load(run, off, size); a negative result ends the program with 0. */
void simple_emit_legacy_load(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];
	static const u8 size[] = {[BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1};
	u32 good;

	if (BPF_MODE(insn->code) == BPF_IND)
		simple_mem(jit, OP_LEA, RSI, src_of(insn), insn->imm);
	else
		simple_mov_imm(jit, RSI, (u32)insn->imm);
	simple_mov_imm(jit, RDX, size[BPF_SIZE(insn->code) >> 3]);
	simple_mov(jit, OP_W, RDI, REG_RUN);
	simple_call(jit, (const void *)(uintptr_t)jit_legacy_load);
	simple_test(jit, OP_W, RAX, RAX);
	good = simple_jcc8(jit, CC_NS);
	simple_alu(jit, 0, ALU_XOR, RAX, RAX);
	simple_jump_to_exit(jit, index, CC_ALWAYS);
	simple_land(jit, good);
}
