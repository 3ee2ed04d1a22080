/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions as C expressions, for programs that tests write by hand. */
#ifndef ANYBPF_TESTS_HELPER_ASM_H
#define ANYBPF_TESTS_HELPER_ASM_H

#include "isa/uapi.h"

/* Registers are bit fields, which -Wconversion never likes. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
static inline struct bpf_insn insn_make(u32 code, u32 dst, u32 src, s64 off, s64 imm)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm};
}
#pragma GCC diagnostic pop

#define INSN(code, dst, src, off, imm)                                                             \
	insn_make((u32)(code), (u32)(dst), (u32)(src), (s64)(off), (s64)(imm))
#define MOV_IMM(dst, imm)	       INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define MOV_REG(dst, src)	       INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ALU_IMM(op, dst, imm)	       INSN(BPF_ALU64 | (op) | BPF_K, dst, 0, 0, imm)
#define ALU_REG(op, dst, src)	       INSN(BPF_ALU64 | (op) | BPF_X, dst, src, 0, 0)
#define LOAD(size, dst, src, off)      INSN(BPF_LDX | (size) | BPF_MEM, dst, src, off, 0)
#define STORE(size, dst, off, src)     INSN(BPF_STX | (size) | BPF_MEM, dst, src, off, 0)
#define STORE_IMM(size, dst, off, imm) INSN(BPF_ST | (size) | BPF_MEM, dst, 0, off, imm)
#define JUMP_IMM(op, dst, imm, off)    INSN(BPF_JMP | (op) | BPF_K, dst, 0, off, imm)
#define JUMP_REG(op, dst, src, off)    INSN(BPF_JMP | (op) | BPF_X, dst, src, off, 0)
#define CALL(id)		       INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT()			       INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two instructions. */
#define LOAD_IMM64(dst, src, low, high)                                                            \
	INSN(BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, low), INSN(0, 0, 0, 0, high)

#endif
