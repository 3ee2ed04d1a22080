/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to instructions. Reads the kernel's and llvm's forms (see disasm.h),
 * one instruction a line:
 *
 *	entry:				; a label; comments begin with ; # or //
 *		r1 = *(u32 *)(r2 +4)	; numbers are decimal or 0x, with a sign
 *		if r1 s> 5 goto out	; or goto pc+3, or goto +3
 *		1: r1 += -1		; numbered labels may be repeated:
 *		if r1 != 0 goto 1b	; 1b is the last one before, 1f the next
 *		r1 = 0x123456789 ll	; 64-bit immediate, in two slots
 *		r1 = map[fd:3]		; of a map; map[idx:0] by position
 *		r1 = map[fd:3][0]+16	; an address in its value
 *		r1 = btf[id:5]		; a kernel variable; btf[id:5,fd:7] of a module
 *		r1 = subprog[cb]	; a callback; subprog[+7] by distance
 *		call 1			; a helper; call map_lookup_elem, call bpf_map_lookup_elem#1
 *		call func		; a subprogram; call pc+3
 *		call kernel-function#7	; a kfunc by BTF id; kernel-function#7@2 with fd index
 *		.insn 0x95, 0, 1, 2, 3	; any bytes: opcode, dst, src, off, imm
 *	out:	exit
 *
 * What precedes the instruction in a verifier log ("12: (b7) ") or a listing
 * of llvm-objdump ("12: b7 01 00 00 05 00 00 00") is passed over.
 */
#ifndef ANYBPF_ISA_ASM_H
#define ANYBPF_ISA_ASM_H

#include "base/err.h"
#include "base/mem.h"
#include "isa/uapi.h"

struct asm_options {
	void *ctx; /* first argument of the functions below, each of which may be NULL */
	/* Number of a helper by its name without "bpf_"; negative when there is none. */
	int (*helper_id)(void *ctx, const char *name);
	/* A kfunc by name; false when there is none. */
	bool (*kfunc)(void *ctx, const char *name, s32 *btf_id, s16 *fd_index);
	/* What stands in map[fd:NAME] or map[idx:NAME]; false when there is none. */
	bool (*map)(void *ctx, const char *name, s32 *fd_or_index);
};

/*
 * 0, -EINVAL with @err saying "line 3, column 7: unknown register "r11"", or
 * -ENOMEM. *@insns is the caller's to mem_free(), NULL when there are none.
 * The instructions are well-formed text, not checked to be legal.
 */
int isa_assemble(const struct mem *mem, const char *text, const struct asm_options *opts,
		 struct bpf_insn **insns, u32 *cnt, struct err *err);

#endif
