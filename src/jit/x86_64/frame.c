/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: their layout, prologues and returns. */
#include "jit/x86_64/x86_64.h"

/* Bytes below rsp that nobody but the function touches (System V ABI). */
#define RED_ZONE 128

#define PAGE 4096 /* the smallest that guards a stack */

/* Bytes of a return that may stand at each place instead of a jump to a shared one. */
#define SMALL_RETURN 8

void x86_frame_init(struct x86 *e)
{
	const struct ir_fn *fn = e->fn;
	struct x86_frame *frame = &e->frame;
	u32 slots = 8 * fn->nslots, locals = ROUND_UP(slots + fn->frame_size, 8u), above;

	frame->saved = fn->used_regs & jit_x86_64.callee_saved;
	above = 8 + 8 * (u32)__builtin_popcount(frame->saved);
	frame->size = locals;
	if (fn->has_calls)
		frame->size = ROUND_UP(above + locals, 16u) - above;
	else if (locals <= RED_ZONE)
		frame->size = 0;
	/* The BPF stack is the upper end, whatever lies below. */
	frame->stack_at = (s32)frame->size;
	frame->slots_at = frame->size ? 0 : -(s32)locals;
}

/* Bytes from rsp's value before the call down to what @n registers were pushed below. */
static u32 depth_of(u32 n)
{
	return 8 + 8 * n;
}

static void move_rsp(struct x86 *e, enum x86_alu op)
{
	struct x86_rm rsp = x86_in_reg(RSP);
	u32 size = e->frame.size;

	/* 128 fits in a byte as a negative number alone. */
	if (size == 128)
		x86_alu_imm(e->code, OP_W, op == ALU_ADD ? ALU_SUB : ALU_ADD, &rsp, -128);
	else if (size)
		x86_alu_imm(e->code, OP_W, op, &rsp, (s32)size);
}

void x86_note_frame(struct x86 *e)
{
	u32 n = (u32)__builtin_popcount(e->frame.saved);

	if (n || e->frame.size)
		code_frame(e->code, depth_of(n) + e->frame.size, (u8)n);
}

/* Touches each page on the way, so that a stack that is too small ends here and not beyond. */
static void probe_pages(struct x86 *e)
{
	for (u32 at = PAGE; at < e->frame.size; at += PAGE)
		x86_op_mem(e->code, OP_MOV_LOAD | OP_W, X86_SCRATCH, RSP, -(s32)at);
}

void x86_prologue(struct x86 *e)
{
	u8 n = 0;

	for (u8 reg = 0; reg < 16; reg++) {
		if (!(e->frame.saved & BIT(reg)))
			continue;
		x86_push(e->code, reg);
		n++;
		code_frame(e->code, depth_of(n), n);
	}
	probe_pages(e);
	move_rsp(e, ALU_SUB);
	if (e->frame.size)
		x86_note_frame(e);
}

void x86_frame_drop(struct x86 *e)
{
	u8 n = (u8)__builtin_popcount(e->frame.saved);

	move_rsp(e, ALU_ADD);
	if (e->frame.size)
		code_frame(e->code, depth_of(n), n);
	for (u8 reg = 16; reg-- > 0;) {
		if (!(e->frame.saved & BIT(reg)))
			continue;
		x86_pop(e->code, reg);
		n--;
		code_frame(e->code, depth_of(n), n);
	}
}

static u32 return_size(const struct x86 *e)
{
	u32 size = 1;

	for (u8 reg = 0; reg < 16; reg++)
		size += e->frame.saved & BIT(reg) ? (reg >= R8 ? 2u : 1u) : 0;
	if (e->frame.size)
		size += e->frame.size <= 128 ? 4 : 7;
	return size;
}

void x86_return(struct x86 *e)
{
	if (return_size(e) > SMALL_RETURN) {
		if (e->leave_used) {
			x86_jump(e, CC_ALWAYS, e->leave);
			return;
		}
		e->leave_used = true;
		x86_bind(e, e->leave);
	}
	x86_frame_drop(e);
	x86_put(e->code, 0xc3, 1);
	x86_note_frame(e);
}

/* DWARF numbers rax rdx rcx rbx rsi rdi rbp rsp, then r8 to r15 in order. */
static u8 dwarf_reg(u8 reg)
{
	static const u8 low[] = {0, 2, 1, 3, 7, 6, 4, 5};

	return reg < ARRAY_SIZE(low) ? low[reg] : reg;
}

struct jit_func x86_unwind(const struct x86 *e)
{
	struct jit_func func = {.subprog = e->fn->subprog, .start = e->start};
	u32 below = 8;

	for (u8 reg = 0; reg < 16; reg++) {
		if (!(e->frame.saved & BIT(reg)))
			continue;
		below += 8;
		func.saved[func.nsaved].dwarf_reg = dwarf_reg(reg);
		func.saved[func.nsaved++].cfa_offset = below;
	}
	func.frame_size = below - 8 + e->frame.size;
	return func;
}
