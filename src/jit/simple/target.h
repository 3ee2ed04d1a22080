/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the common part of the JIT (jit.c) and the code generators: one
 * compilation under way, the sink that machine code goes to, and what a
 * target supplies.
 *
 * The program is emitted several times. The first passes only measure: they
 * find the offset of every instruction, with each jump first in its long form
 * and then, where the distance of the pass before allows it, in its short one.
 * Code only ever shrinks from pass to pass, so a jump that is short stays so,
 * any number of passes gives correct code, and a few give nearly all short
 * jumps. The last pass has the sizes of the one before and writes. Every pass
 * is linear in the program's size.
 */
#ifndef ANYBPF_JIT_TARGET_H
#define ANYBPF_JIT_TARGET_H

#include <string.h>

#include "base/fault.h"
#include "jit/jit.h"
#include "jit/runtime.h"

/* What the code of one subprogram needs of its frame. */
struct jit_frame {
	u16 regs_used; /* BIT(BPF register), for r0 to r10 */
	bool calls;    /* C functions or subprograms */
	bool needs_run;
	bool has_may_goto;
	u32 entry; /* offset of its first byte */
	u32 leave; /* offset of its epilogue */
};

struct jit {
	const struct prog *prog;
	struct err *err;
	struct jit_frame *frames; /* by subprogram */
	u32 subprog;		  /* being emitted */
	bool has_tail_call;	  /* anywhere in the program */

	u8 *code;	  /* NULL while measuring */
	const u8 *base;	  /* where the code will stand, NULL when not known yet */
	u32 at;		  /* offset of the next byte */
	u32 *offsets;	  /* by instruction, of this pass or, further on, of the last one */
	bool *is_short;	  /* by instruction: its jump has the short form */
	bool may_shorten; /* offsets are those of a pass before */
	struct fault_fixup *fixups; /* NULL while measuring */
	u32 fixup_cnt;
};

extern const struct jit_target *const simple_native;

struct jit_target {
	const char *name;
	/* Bytes that fill space that is never executed. */
	u8 padding;
	void (*prologue)(struct jit *jit);
	/* 0 or -EOPNOTSUPP with the reason in jit->err. */
	int (*insn)(struct jit *jit, u32 index);
	/* BPF_EXIT jumps here; the last instruction of a subprogram falls through. */
	void (*epilogue)(struct jit *jit);
};

static inline struct jit_frame *jit_frame(struct jit *jit)
{
	return &jit->frames[jit->subprog];
}

static inline const struct subprog *jit_subprog(const struct jit *jit)
{
	return &jit->prog->subprogs[jit->subprog];
}

/* Emits the low @n bytes, 8 at most; the buffer has room to write all 8. */
static inline void jit_put(struct jit *jit, u64 bytes, u32 n)
{
	if (jit->code)
		memcpy(jit->code + jit->at, &bytes, sizeof(bytes));
	jit->at += n;
}

/* How much memory behind the last byte jit_put() may touch. */
#define JIT_SLACK 8

/* What the instruction emitted last may fault at, and where it then goes on. */
void jit_fixup(struct jit *jit, u32 at, u32 resume, u8 zero_reg);

/*
 * Whether the jump that ends instruction @index can be @short_len bytes with
 * a signed byte's reach. @target is an offset as jit->offsets and frames have
 * them now, @forward tells on which side.
 */
bool jit_jump_is_short(struct jit *jit, u32 index, u32 target, bool forward, u32 short_len);

#endif
