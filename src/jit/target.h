/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the compiler and a machine. A target says which registers there
 * are, turns the intermediate form into what the machine can do (lower), says
 * of each instruction where its operands must be (constrain), and writes the
 * code of a function whose registers have been given out (emit).
 */
#ifndef ANYBPF_JIT_TARGET_H
#define ANYBPF_JIT_TARGET_H

#include "jit/code.h"
#include "jit/ir/ir.h"

#define JIT_MAX_REGS 32
/* Bytes of BPF stack and spilled values that a function may take of the machine's stack. */
#define JIT_FRAME_MOST 16384

/* Where one operand or the result of an instruction has to be. */
enum jit_place {
	PLACE_NONE,  /* nowhere: there is none, or the encoding holds it (literals, folded operands)
		      */
	PLACE_REG,   /* any allocatable register */
	PLACE_FIXED, /* the register .reg */
	PLACE_ANY,   /* a register or a spill slot: the machine takes it from memory as well */
	PLACE_SAME, /* of a result: the register of operand .reg (mostly 0), which is overwritten */
};

struct jit_operand {
	u8 place; /* enum jit_place */
	u8 reg;	  /* of PLACE_FIXED; of PLACE_SAME the number of the operand */
};

struct jit_constraints {
	struct jit_operand arg[IR_MAX_ARGS];
	struct jit_operand result;
	/* Registers that are lost; operands may be in them, the result too, what lives on not. */
	u32 clobbers;
	/*
	 * The result is written before the operands of this mask are read for the
	 * last time: their registers must not be the result's, nor .clobbers. (With
	 * PLACE_SAME the result's is so for all operands but that one by itself.)
	 */
	u8 late_args;
};

struct jit_target {
	const char *name;
	u8 nregs;
	u8 padding;		  /* byte that fills what is never executed */
	u32 allocatable;	  /* BIT(register), without stack pointer and scratch registers */
	u32 callee_saved;	  /* of these: those that calls keep */
	u8 arg_regs[IR_MAX_ARGS]; /* of the C ABI */
	u8 ret_reg;
	u8 scratch;		      /* register for moves from slot to slot; never allocatable */
	const char *const *reg_names; /* of 8 byte registers */
	u16 elf_machine;
	/* DWARF's numbers of the stack pointer and of the return address, and what a call pushes.
	 */
	u8 dwarf_sp, dwarf_ra, call_pushes;

	/* What the processor that this runs on has, by bits that .feature_names names. */
	u32 (*features)(void);
	const char *const *feature_names;
	u32 feature_cnt;
	u32 page_size; /* the largest that its systems use */
	/*
	 * Rewrites what the machine has no instruction for, folds addresses and
	 * literals into operands, and makes IR_IMM of literals that need a register.
	 * Afterwards every operand is encodable or PLACE_REG. .target is the target's own.
	 */
	void (*lower)(struct ir_fn *fn);
	/*
	 * @c is zeroed. Asked of any instruction after lower() but phis. Literals may
	 * be operands of PLACE_FIXED and of phis: they are made where they are needed.
	 */
	void (*constrain)(const struct ir_fn *fn, const struct ir_insn *insn,
			  struct jit_constraints *c);
	/*
	 * Writes the function: prologue, the blocks in fn->order's layout, epilogues.
	 * Registers and slots are in .loc and .aloc. What has no .loc and no effect
	 * (an IR_IMM, IR_FRAME, IR_UNDEF, IR_LEA that is made again at its uses) has
	 * no code. 0, -EOPNOTSUPP, -E2BIG.
	 */
	int (*emit)(struct jit_code *code, struct ir_fn *fn);
	/* Makes the call or address at @at of finished code go to @target (offsets of the code). */
	void (*link)(struct jit_code *code, u32 at, u32 target);
	/* @code, which will stand at address @at, is to load what is at address @target. */
	void (*link_pool)(u8 *code, u64 at, u64 target);
};

/* The target of the machine that this was built for, or NULL: then programs are interpreted. */
extern const struct jit_target *const jit_native;
extern const struct jit_target jit_x86_64, jit_arm64;

/*
 * Gives out registers (regalloc/): linear scan over live intervals of the
 * lowered function. Sets .loc and .aloc of every instruction, inserts IR_MOVE,
 * takes the function out of SSA form (phis stay in place, with no code), sets
 * fn->nslots and fn->used_regs. Critical edges are split where moves need a
 * place. Linear in the size of the function but for sorting. 0, -ENOMEM, or
 * -EOVERFLOW when more than JIT_FRAME_MOST would have to be in memory.
 */
int jit_regalloc(const struct jit_target *target, struct ir_fn *fn);

#endif
