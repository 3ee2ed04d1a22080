/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANYBPF_BENCH_X86_LENGTH_H
#define ANYBPF_BENCH_X86_LENGTH_H

#include "base/types.h"

/* One x86-64 instruction, as far as somebody needs to know who moves it elsewhere. */
struct x86_insn {
	u32 length;	/* of the whole */
	u32 opcode;	/* the byte, 0x0fxx of the two-byte ones, 0 of those in longer maps */
	u8 modrm;	/* 0 without */
	bool wide;	/* REX.W */
	bool segment;	/* relative to FS or GS */
	u32 imm_offset; /* where its immediate or distance starts */
	u32 imm_size;	/* 0 without */
};

/* Of what Linux's JIT emits; 0, or -1 where the bytes are nothing that is known. */
int x86_decode(const u8 *code, u32 size, struct x86_insn *insn);

#endif
