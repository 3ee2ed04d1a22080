/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores. */
#include "jit/simple/x86_64/x86_64.h"

static bool is_signed_load(const struct bpf_insn *insn)
{
	return BPF_MODE(insn->code) == BPF_MEMSX || BPF_MODE(insn->code) == BPF_PROBE_MEMSX;
}

static bool is_probe(const struct bpf_insn *insn)
{
	return BPF_MODE(insn->code) == BPF_PROBE_MEM || BPF_MODE(insn->code) == BPF_PROBE_MEMSX;
}

static u32 load_op(const struct bpf_insn *insn)
{
	bool sx = is_signed_load(insn);

	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return sx ? OP_MOVSX8 | OP_W : OP_MOVZX8;
	case BPF_H:
		return sx ? OP_MOVSX16 | OP_W : OP_MOVZX16;
	case BPF_W:
		return sx ? OP_MOVSX32 : OP_MOV_LOAD;
	default:
		return OP_MOV_LOAD | OP_W;
	}
}

void simple_emit_load(struct jit *jit, const struct bpf_insn *insn)
{
	u32 at = jit->at;

	simple_mem(jit, load_op(insn), dst_of(insn), src_of(insn), insn->off);
	if (is_probe(insn))
		jit_fixup(jit, at, jit->at, dst_of(insn));
}

void simple_emit_store(struct jit *jit, const struct bpf_insn *insn)
{
	static const u32 op[] = {
		[BPF_B >> 3] = OP_MOV_STORE8,
		[BPF_H >> 3] = OP_MOV_STORE | OP_16,
		[BPF_W >> 3] = OP_MOV_STORE,
		[BPF_DW >> 3] = OP_MOV_STORE | OP_W,
	};

	simple_mem(jit, op[BPF_SIZE(insn->code) >> 3], src_of(insn), dst_of(insn), insn->off);
}

void simple_emit_store_imm(struct jit *jit, const struct bpf_insn *insn)
{
	static const struct {
		u32 op, len;
	} form[] = {
		[BPF_B >> 3] = {OP_MOV_IMM8, 1},
		[BPF_H >> 3] = {OP_MOV_IMM | OP_16, 2},
		[BPF_W >> 3] = {OP_MOV_IMM, 4},
		[BPF_DW >> 3] = {OP_MOV_IMM | OP_W, 4}, /* sign extended */
	};
	u32 size = BPF_SIZE(insn->code) >> 3;

	simple_mem(jit, form[size].op, 0, dst_of(insn), insn->off);
	jit_put(jit, (u32)insn->imm, form[size].len);
}
