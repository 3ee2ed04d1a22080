/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores, addresses, moves. */
#include <errno.h>

#include "jit/x86_64/x86_64.h"

/* ---- loads ---- */

static u32 load_op(const struct ir_insn *insn)
{
	bool sext = insn->flags & IR_SEXT;
	u32 w = sext ? x86_w(insn->width) : 0;

	if (insn->target == X86_SWAPPED)
		return OP_MOVBE_LOAD | x86_w(insn->size);
	switch (insn->size) {
	case 1:
		return (sext ? OP_MOVSX8 : OP_MOVZX8) | w;
	case 2:
		return (sext ? OP_MOVSX16 : OP_MOVZX16) | w;
	case 4:
		return w ? OP_MOVSX32 : OP_MOV_LOAD;
	default:
		return OP_MOV_LOAD | OP_W;
	}
}

int x86_emit_load(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm rm = x86_address(e, insn, 0);
	u32 at = code_at(e->code);

	x86_op(e->code, load_op(insn), (u8)insn->loc, &rm);
	if (insn->flags & IR_PROBE)
		code_fixup(e->code, at, code_at(e->code), (u8)insn->loc);
	return 0;
}

/* ---- stores ---- */

static u32 size_bits(u8 size)
{
	return size == 8 ? OP_W : size == 2 ? OP_66 : 0;
}

static void store_literal(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm,
			  s64 value)
{
	x86_op(e->code, insn->size == 1 ? OP_MOV_IMM8 : OP_MOV_IMM | size_bits(insn->size), 0, rm);
	x86_put(e->code, (u64)value, insn->size < 4 ? insn->size : 4);
}

/* Memory is changed in place. */
static void modify(struct x86 *e, const struct ir_insn *insn, const struct x86_rm *rm)
{
	static const u8 ops[] = {
		[X86_RMW_ADD] = ALU_ADD, [X86_RMW_SUB] = ALU_SUB, [X86_RMW_AND] = ALU_AND,
		[X86_RMW_OR] = ALU_OR,	 [X86_RMW_XOR] = ALU_XOR,
	};
	u8 op = ops[insn->target];
	s64 value;

	if (!x86_literal(e, insn, 2, insn->size == 8 ? 8 : 4, &value)) {
		if (insn->size == 1)
			x86_op(e->code, (u32)op << 3 | OP_BYTE, (u8)insn->aloc[2], rm);
		else
			x86_alu_to(e->code, size_bits(insn->size), op, rm, (u8)insn->aloc[2]);
	} else if (insn->size == 1) {
		x86_op(e->code, 0x80, op, rm);
		x86_put(e->code, (u8)value, 1);
	} else { /* of 2 bytes: lowering made it of small numbers alone */
		x86_alu_imm(e->code, size_bits(insn->size), op, rm, (s32)value);
	}
}

int x86_emit_store(struct x86 *e, const struct ir_insn *insn)
{
	static const u32 ops[] = {
		[1] = OP_MOV_STORE8,
		[2] = OP_MOV_STORE | OP_66,
		[4] = OP_MOV_STORE,
		[8] = OP_MOV_STORE | OP_W,
	};
	struct x86_rm rm = x86_address(e, insn, 0);
	u32 at = code_at(e->code);
	s64 value;

	if (insn->target >= X86_RMW_ADD)
		modify(e, insn, &rm);
	else if (insn->target == X86_SWAPPED)
		x86_op(e->code, OP_MOVBE_STORE | size_bits(insn->size), (u8)insn->aloc[2], &rm);
	else if (x86_literal(e, insn, 2, 8, &value))
		store_literal(e, insn, &rm, value);
	else
		x86_op(e->code, ops[insn->size], (u8)insn->aloc[2], &rm);
	if (insn->flags & IR_PROBE) /* one instruction: what is changed in place is read plainly */
		code_fixup(e->code, at, code_at(e->code), FIXUP_NO_REG);
	return 0;
}

int x86_emit_fence(struct x86 *e, const struct ir_insn *insn __unused)
{
	x86_put(e->code, 0xe8ae0f, 3); /* lfence */
	return 0;
}

/* ---- addresses ---- */

int x86_emit_lea(struct x86 *e, const struct ir_insn *insn)
{
	struct x86_rm rm = x86_address(e, insn, 0);

	x86_op(e->code, OP_LEA | OP_W, (u8)insn->loc, &rm);
	return 0;
}

int x86_emit_frame(struct x86 *e, const struct ir_insn *insn)
{
	s64 at = insn->imm + e->frame.stack_at;
	u8 dst = (u8)insn->loc;
	struct x86_rm sum = {.mem = true, .base = RSP, .index = dst};

	if (fits_s32(at)) {
		x86_op_mem(e->code, OP_LEA | OP_W, dst, RSP, (s32)at);
	} else { /* a number leads back */
		x86_mov_imm(e->code, dst, (u64)at);
		x86_op(e->code, OP_LEA | OP_W, dst, &sum);
	}
	return 0;
}

/* ---- moves ---- */

int x86_emit_move(struct x86 *e, const struct ir_insn *insn)
{
	/* The value that the scratch register saves for a while goes by the name of another. */
	bool narrow = insn->loc != X86_SCRATCH && ir_upper_zero(e->fn, insn->arg[0]);
	struct x86_rm from = x86_arg(e, insn, 0), to;
	u8 dst = insn->loc < IR_LOC_SLOT ? (u8)insn->loc : X86_SCRATCH;
	u32 w = narrow ? 0 : OP_W;

	if (insn->aloc[0] == insn->loc)
		return 0;
	if (insn->loc >= IR_LOC_SLOT && !from.mem)
		dst = from.base;
	else
		x86_op(e->code, OP_MOV_LOAD | w, dst, &from);
	if (insn->loc >= IR_LOC_SLOT) {
		to = x86_slot(e, insn->loc);
		x86_op(e->code, OP_MOV_STORE | OP_W, dst, &to);
	}
	return 0;
}

void x86_materialise(struct x86 *e, u8 dst, const struct ir_insn *literal, bool keep_flags)
{
	struct x86_rm pool = x86_rip();

	if (literal->sym && e->code->unit->aot) {
		x86_op(e->code, OP_MOV_LOAD | OP_W, dst, &pool);
		x86_site(e, SITE_POOL, code_pool(e->code, &e->fn->syms[literal->sym]));
	} else if (!literal->imm && !keep_flags) {
		x86_zero(e->code, dst);
	} else {
		x86_mov_imm(e->code, dst, (u64)literal->imm);
	}
}

int x86_emit_imm(struct x86 *e, const struct ir_insn *insn)
{
	if (insn->loc >= IR_LOC_SLOT)
		return -EOPNOTSUPP;
	if (!x86_flags_wanted(e, insn))
		e->flags.reg = X86_NO_REG; /* 0 comes without them */
	x86_materialise(e, (u8)insn->loc, insn, e->flags.reg != X86_NO_REG);
	return 0;
}
