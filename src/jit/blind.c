/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constant blinding: whoever writes a program must not be able to choose bytes
 * of machine code that a wild jump could run. Literals then stand in the code
 * only xor-ed with random numbers, and are put together in registers; what
 * fits in one byte, and addresses of the host, which nobody chooses, stay.
 */
#include "base/os.h"
#include "jit/lower.h"
#include "jit/unit.h"

struct blinding {
	struct ir_fn *fn;
	u64 random[32];
	u32 left;
};

static u64 random_number(struct blinding *b)
{
	if (!b->left) {
		os_random(b->random, sizeof(b->random));
		b->left = ARRAY_SIZE(b->random);
	}
	return b->random[--b->left];
}

static ir_ref insert(struct blinding *b, ir_ref at, struct ir_insn insn)
{
	insn.pc = ir_at(b->fn, at)->pc;
	insn.umin = 0;
	insn.umax = UINT64_MAX;
	return ir_insert(b->fn, at, insn);
}

static ir_ref insert_imm(struct blinding *b, ir_ref at, u64 value)
{
	return insert(b, at, (struct ir_insn){.op = IR_IMM, .width = 8, .imm = (s64)value});
}

/* @value in a register in front of @at. */
static ir_ref blinded(struct blinding *b, ir_ref at, u64 value)
{
	u64 key = random_number(b);
	u8 width = value <= UINT32_MAX ? 4 : 8;
	ir_ref hidden, other;

	if (width == 4)
		key = (u32)key;
	else if (fits_s32((s64)value))
		key &= INT32_MAX; /* the upper half remains what the sign makes of it */
	hidden = insert_imm(b, at, value ^ key);
	if (width == 8 && !fits_s32((s64)key))
		other = insert_imm(b, at, key);
	else
		other = ir_const(b->fn, width == 4 ? (u64)(s32)key : key);
	return insert(b, at, ir_binary(IR_XOR, width, hidden, other));
}

static bool must_hide(const struct ir_fn *fn, ir_ref ref)
{
	return ref && ir_is_const(fn, ref) && !fits_s8(ir_at(fn, ref)->imm);
}

/* Displacements of a program have 16 bits, but passes add them up. */
static void blind_disp(struct blinding *b, ir_ref ref)
{
	struct ir_insn *insn = ir_at(b->fn, ref);
	ir_ref disp;

	if (!(ir_flags(insn) & IR_OP_MEM) || insn->disp == (s16)insn->disp)
		return;
	disp = blinded(b, ref, (u64)(s64)insn->disp);
	insn->arg[0] = insert(b, ref, ir_binary(IR_ADD, 8, insn->arg[0], disp));
	insn->disp = 0;
}

/* An address in the frame that is further away than those of instructions are. */
static void blind_frame(struct blinding *b, ir_ref ref)
{
	struct ir_insn *insn = ir_at(b->fn, ref);
	ir_ref frame, distance;

	if (insn->imm == (s16)insn->imm)
		return;
	distance = blinded(b, ref, (u64)insn->imm);
	frame = insert(b, ref, (struct ir_insn){.op = IR_FRAME, .width = 8});
	insn->imm = 0;
	jit_rewrite(insn, IR_ADD, frame, distance);
}

static void blind_insn(struct blinding *b, ir_ref ref)
{
	struct ir_insn *insn = ir_at(b->fn, ref);
	u32 n = ir_nargs(b->fn, insn);
	bool ours = insn->op == IR_XOR && ir_at(b->fn, insn->arg[0])->op == IR_IMM;

	for (u32 i = 0; i < n && !ours; i++) {
		if (must_hide(b->fn, insn->arg[i]))
			insn->arg[i] = blinded(b, ref, (u64)ir_at(b->fn, insn->arg[i])->imm);
	}
	blind_disp(b, ref);
	if (insn->op == IR_FRAME)
		blind_frame(b, ref);
}

/* What comes in from a block is put together at its end. */
static void blind_phi(struct blinding *b, ir_ref ref)
{
	struct ir_insn *phi = ir_at(b->fn, ref);
	const struct ir_block *block = ir_block(b->fn, phi->block);

	for (u32 i = 0; i < block->npreds; i++) {
		ir_ref at = ir_block(b->fn, block->preds[i])->last;

		if (must_hide(b->fn, phi->phi[i]))
			phi->phi[i] = blinded(b, at, (u64)ir_at(b->fn, phi->phi[i])->imm);
	}
}

void jit_blind(struct ir_fn *fn)
{
	struct blinding b = {.fn = fn};

	if (!fn->unit->options || !fn->unit->options->blind)
		return;
	ir_each_block (fn, block) {
		ir_each (fn, block, ref) {
			if (ir_at(fn, ref)->op == IR_PHI)
				blind_phi(&b, ref);
			else
				blind_insn(&b, ref);
		}
	}
}
