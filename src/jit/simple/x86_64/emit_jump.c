/* SPDX-License-Identifier: BSD-2-Clause */
/* Jumps and returns. Each is the last thing that its instruction emits. */
#include <errno.h>

#include "jit/simple/x86_64/x86_64.h"

/* Condition codes after a comparison of dst with src, or after a test for BPF_JSET. */
static int condition(u8 op, u8 *cc)
{
	static const u8 codes[16] = {
		[BPF_JEQ >> 4] = CC_E,	[BPF_JNE >> 4] = CC_NE,	 [BPF_JSET >> 4] = CC_NE,
		[BPF_JGT >> 4] = CC_A,	[BPF_JGE >> 4] = CC_AE,	 [BPF_JLT >> 4] = CC_B,
		[BPF_JLE >> 4] = CC_BE, [BPF_JSGT >> 4] = CC_G,	 [BPF_JSGE >> 4] = CC_GE,
		[BPF_JSLT >> 4] = CC_L, [BPF_JSLE >> 4] = CC_LE,
	};

	*cc = codes[op >> 4];
	return *cc ? 0 : -EOPNOTSUPP;
}

static void put_jump(struct jit *jit, u32 index, u32 target, bool forward, u8 cc)
{
	if (jit_jump_is_short(jit, index, target, forward, 2)) {
		u8 distance = (u8)(target - (jit->at + 2));

		jit_put(jit, (cc == CC_ALWAYS ? 0xeb : 0x70u | cc) | (u32)distance << 8, 2);
	} else if (cc == CC_ALWAYS) {
		jit_put(jit, 0xe9 | (u64)(target - (jit->at + 5)) << 8, 5);
	} else {
		jit_put(jit, 0x800fu | (u32)cc << 8 | (u64)(target - (jit->at + 6)) << 16, 6);
	}
}

static void jump_to_insn(struct jit *jit, u32 index, s64 off, u8 cc)
{
	u32 target = (u32)(index + 1 + off);

	if (off)
		put_jump(jit, index, jit->offsets[target], off > 0, cc);
}

void simple_jump_to_exit(struct jit *jit, u32 index, u8 cc)
{
	put_jump(jit, index, jit_frame(jit)->leave, true, cc);
}

void simple_emit_exit(struct jit *jit, u32 index)
{
	if (index + 1 != jit_subprog(jit)->end)
		simple_jump_to_exit(jit, index, CC_ALWAYS);
}

static void emit_test(struct jit *jit, const struct bpf_insn *insn)
{
	u32 w = width_of(insn), imm = (u32)insn->imm;
	u8 dst = dst_of(insn);

	if (BPF_SRC(insn->code) == BPF_X) {
		simple_test(jit, w, dst, src_of(insn));
	} else if (imm <= 0x7f) {
		simple_reg(jit, OP_TEST_IMM8, 0, dst);
		jit_put(jit, imm, 1);
	} else {
		/* Without a sign to extend, the lower half decides. */
		simple_reg(jit, OP_TEST_IMM | (insn->imm < 0 ? w : 0), 0, dst);
		jit_put(jit, imm, 4);
	}
}

static void emit_compare(struct jit *jit, const struct bpf_insn *insn)
{
	u32 w = width_of(insn);
	u8 dst = dst_of(insn);

	if (BPF_SRC(insn->code) == BPF_X)
		simple_alu(jit, w, ALU_CMP, dst, src_of(insn));
	else if (!insn->imm)
		simple_test(jit, w, dst, dst);
	else
		simple_alu_imm(jit, w, ALU_CMP, dst, insn->imm);
}

/* Counts down to 0 and on: from then on the jump is always taken, for 2^63 times. */
static void emit_may_goto(struct jit *jit, u32 index)
{
	simple_mem(jit, 0x83 | OP_W, ALU_SUB, RBP, simple_may_goto_slot(jit));
	jit_put(jit, 1, 1);
	jump_to_insn(jit, index, jit->prog->insns[index].off, CC_S);
}

int simple_emit_jump(struct jit *jit, u32 index)
{
	const struct bpf_insn *insn = &jit->prog->insns[index];
	u8 op = BPF_OP(insn->code), cc;
	int ret;

	if (op == BPF_JA) {
		bool is_long = BPF_CLASS(insn->code) == BPF_JMP32;

		jump_to_insn(jit, index, is_long ? insn->imm : insn->off, CC_ALWAYS);
		return 0;
	}
	if (op == BPF_JCOND) {
		emit_may_goto(jit, index);
		return 0;
	}
	ret = condition(op, &cc);
	if (ret)
		return ret;
	if (op == BPF_JSET)
		emit_test(jit, insn);
	else
		emit_compare(jit, insn);
	jump_to_insn(jit, index, insn->off, cc);
	return 0;
}
