/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses: the machine adds a register and a small offset, or two registers
 * of which one may be multiplied by the size of the access; atomics take a
 * register alone. All else goes into an IR_LEA before, which accesses of the
 * same block share.
 */
#include "jit/arm64/arm64.h"

#define SHARED 8

struct addresses {
	struct ir_fn *fn;
	ir_ref lea[SHARED]; /* of the block at hand */
	u32 next;
	bool fold; /* sums and products into accesses; else only what the machine must have */
};

static bool is_frame(const struct ir_fn *fn, ir_ref ref)
{
	return ir_at(fn, ref)->op == IR_FRAME;
}

/* Whatever is saved below the BPF stack. */
static bool fits(const struct ir_fn *fn, const struct ir_insn *insn, s64 disp)
{
	const struct ir_insn *base = ir_at(fn, insn->arg[0]);
	s64 at = ROUND_UP(fn->frame_size, 8u) + base->imm + disp;

	if (base->op != IR_FRAME)
		return a64_is_offset(insn->size, disp);
	return a64_is_offset(insn->size, at) && a64_is_offset(insn->size, at + A64_MAX_SAVED);
}

/* An address that was made in this block before, or now. */
static ir_ref make(struct addresses *a, ir_ref at, struct ir_insn lea)
{
	ir_ref ref;

	for (u32 i = 0; i < SHARED; i++) {
		const struct ir_insn *old = ir_at(a->fn, a->lea[i]);

		if (a->lea[i] && old->arg[0] == lea.arg[0] && old->arg[1] == lea.arg[1] &&
		    old->scale == lea.scale && old->target == lea.target && old->disp == lea.disp)
			return a->lea[i];
	}
	ref = jit_before(a->fn, at, lea);
	a->lea[a->next++ % SHARED] = ref;
	return ref;
}

static struct ir_insn lea_of(ir_ref base, s32 disp)
{
	return (struct ir_insn){
		.op = IR_LEA, .width = 8, .arg = {base}, .disp = disp, .umax = UINT64_MAX};
}

/* The lower half of a register is taken as it is. */
static void fold_extension(struct ir_fn *fn, struct ir_insn *insn)
{
	const struct ir_insn *index = ir_at(fn, insn->arg[1]);

	if (index->op != IR_ZEXT32 && !insn->scale && ir_at(fn, insn->arg[0])->op == IR_ZEXT32) {
		ir_ref base = insn->arg[0];

		insn->arg[0] = insn->arg[1];
		insn->arg[1] = base;
		index = ir_at(fn, base);
	}
	if (index->op != IR_ZEXT32 || ir_is_literal(fn, index->arg[0]))
		return;
	insn->arg[1] = index->arg[0];
	insn->target = A64_INDEX_U32;
}

/* What operand @i is a multiple of, by the size of the access; 0: it is none. */
static ir_ref multiplied(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	const struct ir_insn *arg = ir_at(fn, insn->arg[i]);

	if (arg->op != IR_SHL || arg->width != 8 || arg->target || !ir_is_const(fn, arg->arg[1]) ||
	    ir_is_literal(fn, arg->arg[0]))
		return 0;
	return 1ull << (ir_at(fn, arg->arg[1])->imm & 63) == insn->size ? arg->arg[0] : 0;
}

/* Multiples fold into the index as long as it has none. */
static void fold_scale(struct ir_fn *fn, struct ir_insn *insn)
{
	ir_ref of = insn->scale ? 0 : multiplied(fn, insn, 1);

	if (!of && !insn->scale) {
		of = multiplied(fn, insn, 0);
		if (of)
			insn->arg[0] = insn->arg[1];
	}
	if (!of)
		return;
	insn->scale = (u8)__builtin_ctz(insn->size);
	insn->arg[1] = of;
}

/* A sum that nothing else needs, the second part as the access would multiply it. */
static bool fold_sum(struct ir_insn *insn, const struct ir_insn *sum)
{
	bool shifted = sum->target == A64_ARG1_LSL && 1ull << sum->scale == insn->size;

	if (insn->disp || sum->uses > 1 || sum->block != insn->block || !(shifted || !sum->target))
		return false;
	insn->arg[0] = sum->arg[0];
	insn->arg[1] = sum->arg[1];
	insn->scale = shifted ? sum->scale : 0;
	return true;
}

static void fold_base(struct ir_fn *fn, struct ir_insn *insn)
{
	for (u32 i = 0; i < 8 && !insn->arg[1]; i++) {
		const struct ir_insn *sum = ir_at(fn, insn->arg[0]);
		s64 disp;

		if (sum->op != IR_ADD || sum->width != 8)
			return;
		if (!ir_is_const(fn, sum->arg[1])) {
			if (fold_sum(insn, sum))
				return;
			break;
		}
		disp = insn->disp + ir_at(fn, sum->arg[1])->imm;
		if (sum->target || !a64_is_offset(insn->size, disp))
			return;
		insn->arg[0] = sum->arg[0];
		insn->disp = (s32)disp;
	}
}

/* The base before the index, the stack's address before others, no base of nothing. */
static void order(struct ir_fn *fn, struct ir_insn *insn)
{
	ir_ref base = insn->arg[0];

	if (!insn->arg[1])
		return;
	if ((!base || is_frame(fn, insn->arg[1])) && !insn->scale) {
		insn->arg[0] = insn->arg[1];
		insn->arg[1] = base;
	}
	if (!insn->arg[0])
		insn->arg[0] = ir_const(fn, 0);
}

static void fold_index(struct ir_fn *fn, struct ir_insn *insn)
{
	if (!insn->arg[1])
		return;
	if (insn->op != IR_LEA)
		fold_scale(fn, insn);
	fold_extension(fn, insn);
}

/* The index goes into an address, unless the access can add it. */
static void split_index(struct addresses *a, ir_ref ref)
{
	struct ir_insn *insn = ir_at(a->fn, ref), lea = lea_of(insn->arg[0], 0);
	bool scaled = !insn->scale || 1u << insn->scale == insn->size;

	if (is_frame(a->fn, insn->arg[0])) {
		struct ir_insn frame = {.op = IR_FRAME, .width = 8, .umax = UINT64_MAX};

		frame.imm = ir_at(a->fn, insn->arg[0])->imm + insn->disp;
		insn->arg[0] = lea.arg[0] = jit_before(a->fn, ref, frame);
		insn->disp = 0;
	}
	if (!insn->disp && scaled && insn->op != IR_ATOMIC)
		return;
	lea.arg[1] = insn->arg[1];
	lea.scale = insn->scale;
	lea.target = insn->target;
	insn->arg[0] = make(a, ref, lea);
	insn->arg[1] = 0;
	insn->scale = 0;
	insn->target = A64_PLAIN;
}

static bool is_simple(const struct ir_fn *fn, const struct ir_insn *insn)
{
	if (insn->op == IR_ATOMIC)
		return !insn->disp && !is_frame(fn, insn->arg[0]);
	return fits(fn, insn, insn->disp);
}

/* The part of @disp that goes into an address: one addition if possible. */
static s32 far_part(const struct ir_fn *fn, const struct ir_insn *insn)
{
	s32 high = insn->disp & ~4095;

	if (insn->op == IR_ATOMIC || a64_is_add(insn->disp) || is_frame(fn, insn->arg[0]) ||
	    !a64_is_add(high) || !a64_is_offset(insn->size, insn->disp - high))
		return insn->disp;
	return high;
}

static void split_offset(struct addresses *a, ir_ref ref)
{
	struct ir_insn *insn = ir_at(a->fn, ref);
	s32 far = far_part(a->fn, insn);
	ir_ref base = insn->arg[0];

	if (is_frame(a->fn, base) && !far)
		return; /* an atomic: the address of the stack is one already */
	base = make(a, ref, lea_of(base, far));
	insn = ir_at(a->fn, ref);
	insn->arg[0] = base;
	insn->disp -= far;
}

static void simplify(struct addresses *a, ir_ref ref)
{
	struct ir_insn *insn = ir_at(a->fn, ref);

	if (a->fold && (insn->op == IR_LOAD || insn->op == IR_STORE))
		fold_base(a->fn, insn);
	order(a->fn, insn);
	if (a->fold)
		fold_index(a->fn, insn);
	if (insn->op == IR_LEA)
		return;
	if (insn->arg[1])
		split_index(a, ref);
	if (!insn->arg[1] && !is_simple(a->fn, insn))
		split_offset(a, ref);
}

void a64_fold_addresses(struct ir_fn *fn)
{
	ir_each_block (fn, b) {
		struct addresses a = {.fn = fn, .fold = unit_pass(fn->unit, JIT_PASS_ADDRESS)};

		ir_each (fn, b, ref) {
			if (ir_flags(ir_at(fn, ref)) & IR_OP_MEM)
				simplify(&a, ref);
		}
	}
}
