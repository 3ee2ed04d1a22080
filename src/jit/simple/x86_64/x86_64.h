/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86-64 code generator. BPF registers live where Linux has them, which
 * is where the C ABI wants arguments and keeps values, so that calls of
 * helpers move nothing:
 *
 *	r0 rax   r1 rdi  r2 rsi  r3 rdx  r4 rcx  r5 r8
 *	r6 rbx   r7 r13  r8 r14  r9 r15  r10 rbp
 *
 * r12 holds the struct run *; r9, r10 and r11 are scratch within one
 * instruction. r9 is also the sixth argument: the run, for helpers and for
 * subprograms, each of which is a C function of type jit_entry.
 *
 * Frame, from the return address down: rbp, the BPF stack, the counter of
 * may_goto, saved registers. rbp points to the saved rbp, so r10 is rbp.
 */
#ifndef ANYBPF_JIT_X86_64_H
#define ANYBPF_JIT_X86_64_H

#include "jit/simple/x86_64/encode.h"

#define REG_RUN	    R12
#define REG_RUN_ARG R9

extern const u8 simple_reg_of[MAX_BPF_REG];

static inline u8 dst_of(const struct bpf_insn *insn)
{
	return simple_reg_of[insn->dst_reg];
}

static inline u8 src_of(const struct bpf_insn *insn)
{
	return simple_reg_of[insn->src_reg];
}

/* OP_W for the classes that work on 64 bits. */
static inline u32 width_of(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code);

	return class == BPF_ALU64 || class == BPF_JMP ? OP_W : 0;
}

/* frame.c */
void simple_prologue(struct jit *jit);
void simple_epilogue(struct jit *jit);
/* Undoes the prologue; r11 is left alone. */
void simple_frame_drop(struct jit *jit);
/* rbp-relative place of the counter of may_goto. */
s32 simple_may_goto_slot(struct jit *jit);

/* emit_alu.c */
int simple_emit_alu(struct jit *jit, const struct bpf_insn *insn);
/* emit_mem.c: loads, stores, wide loads */
void simple_emit_load(struct jit *jit, const struct bpf_insn *insn);
void simple_emit_store(struct jit *jit, const struct bpf_insn *insn);
void simple_emit_store_imm(struct jit *jit, const struct bpf_insn *insn);
/* emit_atomic.c */
int simple_emit_atomic(struct jit *jit, const struct bpf_insn *insn);
/* emit_jump.c */
int simple_emit_jump(struct jit *jit, u32 index);
void simple_emit_exit(struct jit *jit, u32 index);
/* The jump that ends instruction @index. @cc: a condition or CC_ALWAYS. */
#define CC_ALWAYS 0xff
void simple_jump_to_exit(struct jit *jit, u32 index, u8 cc);
/* emit_call.c */
int simple_emit_call(struct jit *jit, u32 index);
void simple_emit_tail_call(struct jit *jit);
void simple_emit_legacy_load(struct jit *jit, u32 index);

#endif
