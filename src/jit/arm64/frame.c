/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: their layout, prologues and returns. */
#include "jit/arm64/arm64.h"

/* Registers are saved by the instruction that makes the frame up to this size. */
#define MAX_STEP     504
#define MAX_STEP_ONE 248 /* of a single register */

#define PAGE 4096 /* the smallest that guards a stack */

/* Instructions of a return that may stand at each place instead of a jump to a shared one. */
#define SMALL_RETURN 2

static bool has_call(const struct ir_fn *fn)
{
	for (u32 i = 0; i < fn->norder && fn->has_calls; i++) {
		ir_each (fn, fn->order[i], ref) {
			u8 op = ir_at(fn, ref)->op;

			if (op == IR_CALL || op == IR_CALL_SUB)
				return true;
		}
	}
	return false;
}

void a64_frame_init(struct a64 *e)
{
	const struct ir_fn *fn = e->fn;
	struct a64_frame *frame = &e->frame;
	u32 saved = fn->used_regs & A64_CALLEE_SAVED;

	frame->record = has_call(fn);
	if (frame->record) {
		frame->regs[frame->nregs++] = A64_FP;
		frame->regs[frame->nregs++] = A64_LR;
	}
	for (; saved; saved &= saved - 1)
		frame->regs[frame->nregs++] = (u8)__builtin_ctz(saved);
	frame->saved = ROUND_UP(8 * frame->nregs, 16u);
	frame->stack_at = frame->saved + ROUND_UP(fn->frame_size, 8u);
	frame->size = ROUND_UP(frame->stack_at + 8 * fn->nslots, 16u);
}

u32 a64_slot_at(const struct a64 *e, u16 loc)
{
	return e->frame.stack_at + 8u * (u32)(loc - IR_LOC_SLOT);
}

/* Whether the first registers are saved by the instruction that moves sp. */
static bool in_one_step(const struct a64_frame *frame)
{
	return frame->nregs && frame->size <= (frame->nregs > 1 ? MAX_STEP : MAX_STEP_ONE);
}

/* All saved registers from number @from on, to their places or from there. */
static void each_saved(struct a64 *e, bool load, u32 from)
{
	const struct a64_frame *frame = &e->frame;

	for (u32 i = from; i < frame->nregs; i += 2) {
		u32 next = i + 2 < frame->nregs ? i + 2 : frame->nregs;

		if (next == i + 2)
			a64_pair(e->code, load ? A64_LDP : A64_STP, frame->regs[i],
				 frame->regs[i + 1], A64_SP, (s32)(8 * i));
		else
			a64_mem(e->code, load ? A64_LDR : A64_STR, 8, frame->regs[i], A64_SP,
				8 * i);
		if (!load)
			code_frame(e->code, frame->size, (u8)next);
	}
}

void a64_note_frame(struct a64 *e)
{
	if (e->frame.size)
		code_frame(e->code, e->frame.size, (u8)e->frame.nregs);
}

/* Touches each page on the way, so that a stack that is too small ends here and not beyond. */
static void probe_pages(struct a64 *e)
{
	for (s32 at = PAGE; at < (s32)e->frame.size; at += PAGE) {
		a64_add_any(e->code, A64_SCRATCH, A64_SP, -at, A64_SCRATCH2);
		a64_mem(e->code, A64_LDR, 8, A64_SCRATCH2, A64_SCRATCH, 0);
	}
}

void a64_prologue(struct a64 *e)
{
	const struct a64_frame *frame = &e->frame;
	s32 size = (s32)frame->size;
	u8 saved;

	if (!size)
		return;
	probe_pages(e);
	if (!in_one_step(frame))
		a64_add_any(e->code, A64_SP, A64_SP, -size, A64_SCRATCH2);
	else if (frame->nregs > 1)
		a64_pair(e->code, A64_STP_PRE, frame->regs[0], frame->regs[1], A64_SP, -size);
	else
		a64_mem_step(e->code, A64_STR_PRE, frame->regs[0], A64_SP, -size);
	saved = !in_one_step(frame) ? 0 : frame->nregs > 1 ? 2 : 1;
	code_frame(e->code, frame->size, saved);
	each_saved(e, false, in_one_step(frame) ? 2 : 0);
	if (frame->record)
		a64_add_imm(e->code, A64_ADD_IMM | A64_X, A64_FP, A64_SP, 0);
}

void a64_frame_drop(struct a64 *e)
{
	const struct a64_frame *frame = &e->frame;
	s32 size = (s32)frame->size;

	if (!size)
		return;
	each_saved(e, true, in_one_step(frame) ? 2 : 0);
	if (!in_one_step(frame))
		a64_add_any(e->code, A64_SP, A64_SP, size, A64_SCRATCH2);
	else if (frame->nregs > 1)
		a64_pair(e->code, A64_LDP_POST, frame->regs[0], frame->regs[1], A64_SP, size);
	else
		a64_mem_step(e->code, A64_LDR_POST, frame->regs[0], A64_SP, size);
	code_frame(e->code, 0, 0);
}

static u32 return_size(const struct a64_frame *frame)
{
	if (!frame->size)
		return 1;
	return 1 + (frame->nregs + 1) / 2 + !in_one_step(frame);
}

void a64_return(struct a64 *e)
{
	if (return_size(&e->frame) > SMALL_RETURN) {
		if (e->leave_used) {
			a64_jump(e, e->leave);
			return;
		}
		e->leave_used = true;
		sites_bind(&e->sites, e->leave);
	}
	a64_frame_drop(e);
	a64_put(e->code, A64_RET);
	a64_note_frame(e);
}

/* DWARF numbers are those of the registers; the return address is where it was at the call. */
struct jit_func a64_unwind(const struct a64 *e)
{
	const struct a64_frame *frame = &e->frame;
	struct jit_func func = {
		.subprog = e->fn->subprog, .start = e->start, .frame_size = frame->size};

	for (u32 i = 0; i < frame->nregs; i++) {
		func.saved[i].dwarf_reg = frame->regs[i];
		func.saved[i].cfa_offset = frame->size - 8 * i;
	}
	func.nsaved = (u8)frame->nregs;
	return func;
}
