/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions as text, in three forms:
 *
 *	DISASM_KERNEL  what Linux prints in the verifier's log, byte for byte
 *	DISASM_LLVM    what llvm-objdump prints, but for what it cannot tell apart:
 *		       local calls (call pc+3), sources of wide loads
 *	DISASM_ASM     the kernel's form, but nothing is lost: the assembler gives
 *		       the same bytes back, for illegal instructions as well
 */
#ifndef ANYBPF_ISA_DISASM_H
#define ANYBPF_ISA_DISASM_H

#include "base/buf.h"
#include "isa/uapi.h"

enum disasm_form {
	DISASM_KERNEL,
	DISASM_LLVM,
	DISASM_ASM,
};

struct disasm_options {
	enum disasm_form form;
	bool opcode;	/* "(b7) " before the text, as the kernel has it */
	bool hex;	/* LLVM: immediates and offsets as 0x5; decimal otherwise */
	bool w_memory;	/* LLVM: w registers in loads and stores of up to 32 bits (-mcpu=v3) */
	bool hide_wide; /* KERNEL: maps and BTF ids are 0x0, for who may not see pointers */

	void *ctx; /* first argument of the functions below, each of which may be NULL */
	/* "bpf_map_lookup_elem", or NULL when there is no such helper. */
	const char *(*helper_name)(void *ctx, u32 id);
	const char *(*kfunc_name)(void *ctx, s32 btf_id, s16 fd_index);
	/* Writes what a wide load with a src_reg loads, and returns true; false: the default. */
	bool (*wide_name)(void *ctx, struct buf *out, const struct bpf_insn *insn);
};

/*
 * Appends the text of the instruction at @insn, without newline. @left is how
 * many slots there are from @insn on, at least 1. Returns the slots taken: 2
 * for a wide load that is whole. @opts NULL: the kernel's form without opcode.
 */
u32 isa_disasm(struct buf *out, const struct bpf_insn *insn, u32 left,
	       const struct disasm_options *opts);

#endif
