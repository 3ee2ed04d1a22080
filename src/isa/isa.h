/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction set as a table: which form an instruction is, what it reads
 * and writes, where it jumps, and whether Linux 6.12 takes it. Rows come from
 * isa.def; everything here is pure and keeps no state.
 */
#ifndef ANYBPF_ISA_ISA_H
#define ANYBPF_ISA_ISA_H

#include <errno.h>

#include "isa/uapi.h"

enum isa_kind {
	ISA_KIND_ALU, /* arithmetic on dst and src or imm */
	ISA_KIND_NEG,
	ISA_KIND_MOV,  /* with or without sign extension */
	ISA_KIND_CAST, /* between address spaces */
	ISA_KIND_END,
	ISA_KIND_IF, /* conditional jump */
	ISA_KIND_GOTO,
	ISA_KIND_MAY_GOTO,
	ISA_KIND_CALL,
	ISA_KIND_EXIT,
	ISA_KIND_LOAD,
	ISA_KIND_STORE,
	ISA_KIND_STORE_IMM,
	ISA_KIND_ATOMIC,
	ISA_KIND_SKB,  /* LD_ABS, LD_IND */
	ISA_KIND_WIDE, /* 64-bit immediate in two slots */
};

/* Forms by number: ISA_ADD64_X and so on; ISA_NONE is no instruction. */
enum isa_form {
	ISA_NONE,
#define INSN(name, ...) ISA_##name,
#define FORM(name, ...) ISA_##name,
#include "isa/isa.def"
#undef INSN
#undef FORM
	ISA_FORMS
};

/* The field that tells forms of one opcode apart. */
enum isa_selector {
	ISA_BY_NONE,
	ISA_BY_OFF,
	ISA_BY_IMM,
	ISA_BY_SRC,
};

/* Of isa_row.fields, .reads and .writes */
#define ISA_D	 BIT(0) /* dst_reg, or the register it names */
#define ISA_S	 BIT(1)
#define ISA_O	 BIT(2) /* off */
#define ISA_I	 BIT(3) /* imm */
#define ISA_R0	 BIT(4)
#define ISA_R6	 BIT(5)
#define ISA_ARGS BIT(6) /* r1 to r5: what a call may read at most, and what it clobbers */

struct isa_row {
	u8 code;
	u8 selector; /* enum isa_selector */
	u8 kind;     /* enum isa_kind */
	u8 fields;   /* those the program chooses freely; the others must be zero */
	u8 reads, writes;
	s32 value;	     /* what the selector's field must hold */
	const char *name;    /* as in isa.def */
	const char *text[2]; /* kernel's form, llvm's where it differs or NULL */
};

/* By form; the forms of one opcode follow each other. The row past the end is empty. */
extern const struct isa_row isa_rows[ISA_FORMS + 1];
/* By opcode: its first row, ISA_NONE where Linux has no such opcode. */
extern const u16 isa_first[256];

static inline bool isa_selects(const struct isa_row *row, const struct bpf_insn *insn)
{
	switch (row->selector) {
	case ISA_BY_OFF:
		return insn->off == row->value;
	case ISA_BY_IMM:
		return insn->imm == row->value;
	case ISA_BY_SRC:
		return insn->src_reg == row->value;
	default:
		return true;
	}
}

/*
 * The form that @insn is, whatever its reserved fields and register numbers
 * hold; ISA_NONE for an unknown opcode or selector. A wide load is named by
 * its first slot; the second is no form of its own.
 */
static inline enum isa_form isa_form(const struct bpf_insn *insn)
{
	u16 form = isa_first[insn->code];

	while (!isa_selects(&isa_rows[form], insn)) {
		if (isa_rows[++form].code != insn->code)
			return ISA_NONE;
	}
	return (enum isa_form)form;
}

static inline const struct isa_row *isa_row(const struct bpf_insn *insn)
{
	enum isa_form form = isa_form(insn);

	return form == ISA_NONE ? NULL : &isa_rows[form];
}

/* ---- predicates: valid for any bytes ---- */

static inline bool isa_is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Slots that the instruction takes. */
static inline u32 isa_slots(const struct bpf_insn *insn)
{
	return isa_is_wide(insn) ? 2 : 1;
}

/* @insn is a wide load whose second slot is there. */
static inline u64 isa_wide_imm(const struct bpf_insn *insn)
{
	return (u64)(u32)insn[1].imm << 32 | (u32)insn[0].imm;
}

/* Loads a map, or an address in its value. */
static inline bool isa_is_map_ref(const struct bpf_insn *insn)
{
	return isa_is_wide(insn) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
		insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE);
}

/* Bytes that a load, store or atomic moves. */
static inline u32 isa_access_size(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* Loads the address of a subprogram, for a callback. */
static inline bool isa_is_func_ref(const struct bpf_insn *insn)
{
	return isa_is_wide(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}

static inline bool isa_is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static inline bool isa_is_helper_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == 0;
}

static inline bool isa_is_local_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == BPF_PSEUDO_CALL;
}

static inline bool isa_is_kfunc_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;
}

static inline bool isa_is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

/* goto and gotol */
static inline bool isa_is_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA);
}

static inline bool isa_is_may_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JCOND);
}

/* Any that may go on elsewhere than at the next one: goto, if, may_goto; no call, no exit. */
static inline bool isa_is_jump(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL &&
	       BPF_OP(insn->code) != BPF_EXIT;
}

/* Of a jump, a local call or a reference to a subprogram: distance from the next slot. */
static inline s32 isa_offset(const struct bpf_insn *insn)
{
	if (isa_is_jump(insn) && insn->code != (BPF_JMP32 | BPF_JA))
		return insn->off;
	return insn->imm;
}

/* ... and the instruction that it reaches, when the instruction itself is number @at. */
static inline s64 isa_target(const struct bpf_insn *insn, u32 at)
{
	return (s64)at + 1 + isa_offset(insn);
}

/*
 * Sets of registers, bit n for rn. A call reads r1 to r5 at most; what it
 * really reads, its callee says. Undefined forms read and write nothing.
 */
u16 isa_regs_read(const struct bpf_insn *insn);
u16 isa_regs_written(const struct bpf_insn *insn);

/* ---- what Linux takes ---- */

struct isa_error {
	u32 insn;
	char text[128]; /* Linux's words, without newline */
};

/*
 * The checks return 0 or -EINVAL (-EACCES for a write to r10) with @err
 * filled. Linux makes them at four times, and a verifier that wants the same
 * message for a program with several faults calls them in the same order:
 *
 * 1. isa_check_subprog(): for each subprogram [@start, @end) in turn, before
 *    anything else is known: jumps stay inside, the end does not fall through.
 * 2. isa_check_opcode(): for each instruction i of the program in turn,
 *    reached or not, stepping over the second slots; Linux resolves a wide
 *    load's map right after its check and before the next instruction's.
 * 3. isa_check_fields(): when exploration reaches the instruction, before its
 *    registers are looked at; of a conditional jump after dst was read and
 *    before src is.
 * 4. isa_check_operands(): after its source registers were read and before
 *    dst is written: constant divisor and shift.
 *
 * isa_check_reg() is what every read or write of a register begins with.
 */
int isa_check_subprog(const struct bpf_insn *insns, u32 start, u32 end, struct isa_error *err);
int isa_check_opcode(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err);
int isa_check_fields(const struct bpf_insn *insns, u32 i, struct isa_error *err);
int isa_check_operands(const struct bpf_insn *insns, u32 i, struct isa_error *err);
int isa_check_reg(u32 insn, u32 reg, bool write, struct isa_error *err);

/* All of 2 to 4 and the registers of instruction @i: is it one that Linux could accept? */
int isa_check_insn(const struct bpf_insn *insns, u32 cnt, u32 i, struct isa_error *err);

/*
 * A whole program for consumers without a verifier: every instruction legal,
 * every jump, call and reference inside and at the start of an instruction,
 * no falling off the end. Says nothing of memory, loops or register contents.
 */
int isa_check(const struct bpf_insn *insns, u32 cnt, struct isa_error *err);

#endif
