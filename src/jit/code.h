/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where machine code is written to before its pages exist: a growing buffer
 * and what is known of places in it. Offsets count from the start of the
 * program's code; all subprograms follow each other.
 */
#ifndef ANYBPF_JIT_CODE_H
#define ANYBPF_JIT_CODE_H

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/vec.h"
#include "jit/ir/ir.h"
#include "jit/unit.h"

/* A call of another subprogram, to be linked when all are written. */
struct jit_link {
	u32 at; /* the target's own meaning: its link() gets it back */
	u32 subprog;
};

/* From .offset on, code comes from BPF instruction .pc. */
struct jit_line {
	u32 offset, pc;
};

/*
 * Code for a file has no addresses of the host in it: it loads them from a
 * pool, which the loader fills in, at a fixed distance behind all code.
 */
struct jit_pooled {
	u8 kind; /* enum ir_sym_kind */
	u32 index;
	s64 addend;
};

/* A load of a pool's entry: .at is the target's own meaning, its link_pool() gets it back. */
struct jit_pool_use {
	u32 at, entry;
};

/*
 * From .offset on, the stack pointer is .depth bytes below its value before
 * the call, and the first .nsaved of the function's saved registers are in
 * their places. At a function's start there is none; what a call pushes counts.
 */
struct jit_frame {
	u32 offset, depth;
	u8 nsaved;
};

/* The code of one subprogram, with what unwinding it takes. */
struct jit_func {
	u32 subprog;
	u32 start, end;
	u32 prologue_end; /* from here to .epilogue the frame is complete */
	u32 frame_size; /* bytes from the return address (not counted) down to the stack pointer */
	u8 nsaved;
	/* Saved registers (DWARF numbers), and how far below the return address's upper end each
	 * is. */
	struct {
		u8 dwarf_reg;
		u32 cfa_offset;
	} saved[16];
};

struct jit_code {
	struct jit_unit *unit;
	u8 *at_base; /* where it will stand in memory, or NULL: calls then must not depend on it */
	struct buf buf; /* its .len is the current offset */
	VEC(struct jit_link) links;
	VEC(struct jit_line) lines;
	VEC(struct jit_pooled) pool;
	VEC(struct jit_pool_use) pool_uses;
	VEC(struct fault_fixup) fixups;
	VEC(struct jit_func) funcs;
	VEC(struct jit_frame) frames;
	u32 stubs_at; /* of subprograms that have no function, see locate.c; 0: there are none */
	bool failed;  /* out of memory */
};

static inline u32 code_at(const struct jit_code *code)
{
	return (u32)code->buf.len;
}

void code_free(struct jit_code *code);
/* Notes that what follows comes from @pc. */
void code_line(struct jit_code *code, u32 pc);
/* Of a fixup: no register is cleared. */
#define FIXUP_NO_REG 0xff
void code_fixup(struct jit_code *code, u32 at, u32 resume, u8 zero_reg);
/* Notes how the frame is from here on. */
void code_frame(struct jit_code *code, u32 depth, u8 nsaved);
void code_link(struct jit_code *code, u32 at, u32 subprog);
/* The pool's entry for an address. */
u32 code_pool(struct jit_code *code, const struct ir_sym *sym);
void code_pool_use(struct jit_code *code, u32 at, u32 entry);

#endif
