/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arm64 target from inside.
 *
 * Registers: x0 to x15 and x19 to x28 are given out. x16 is the scratch
 * register of moves and of emission, x17 is emission's own: what reaches a
 * place by itself uses x17 alone. x18 belongs to the platform. Functions that
 * call keep a frame record in x29, x30.
 *
 * From the stack pointer up: saved registers (the frame record first), the BPF
 * stack (r10 is its upper end), spill slots. So lowering knows the offsets of
 * the BPF stack but for the saved registers, A64_MAX_SAVED at most.
 *
 * Lowering (lower.c, fold.c, address.c, literal.c) leaves instructions that
 * are one machine instruction each, or a short fixed sequence; .target says
 * what was folded into one. Emission writes every jump as one word and makes
 * two of those that do not reach once the function is complete (jump.c).
 */
#ifndef ANYBPF_JIT_ARM64_ARM64_H
#define ANYBPF_JIT_ARM64_ARM64_H

#include "jit/arm64/encode.h"
#include "jit/emit.h"
#include "jit/lower.h"
#include "jit/target.h"

enum a64_feature {
#define FEATURE(NAME, text, bit) A64_##NAME,
#include "jit/arm64/features.def"
#undef FEATURE
	A64_FEATURE_CNT
};

extern const char *const a64_feature_names[A64_FEATURE_CNT];
u32 a64_features(void);

static inline bool a64_has(const struct ir_fn *fn, enum a64_feature feature)
{
	return fn->unit->features & BIT(feature);
}

#define A64_SCRATCH	 16
#define A64_SCRATCH2	 17
#define A64_CALLER_SAVED 0xffffu	/* x0 to x15 */
#define A64_CALLEE_SAVED (0x3ffu << 19) /* x19 to x28 */
#define A64_MAX_SAVED	 96

/* .target of an instruction: what lowering folded into it. */
enum a64_mark {
	A64_PLAIN,
	A64_ARG1_LSL, /* operand 1 of arithmetic is shifted by .scale */
	A64_ARG1_LSR,
	A64_ARG1_ASR,
	A64_FIELD,     /* AND: of operand 0 shifted right by .scale; literal 1 is a low mask */
	A64_MUL_ADD,   /* MUL: plus operand 2 */
	A64_MUL_SUB,   /* MUL: subtracted from operand 2 */
	A64_INDEX_U32, /* LOAD, STORE, LEA: the lower half of the index counts */
};

/* ---- lowering ---- */

void a64_lower(struct ir_fn *fn);
/* Steps of it, in this order: */
void a64_expand(struct ir_fn *fn);
void a64_fold(struct ir_fn *fn);
void a64_fold_addresses(struct ir_fn *fn);
void a64_place_literals(struct ir_fn *fn);
/* Whether the machine takes the literal @ref as operand @i. */
bool a64_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i);
/* Whether comparisons of @width bytes take it. */
bool a64_fits_compare(u8 width, u64 value);

void a64_constrain(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c);

/* ---- emission ---- */

/* Kinds of sites: instructions at .at whose last bits are the way to something. */
enum {
	SITE_JUMP, /* by A64_B, 26 bits, to the label .target */
	SITE_COND, /* conditional, 19 bits */
	SITE_BIT,  /* tests a bit, 14 bits */
	SITE_CALL, /* A64_BL to the address .target of calls[] */
	SITE_LINK, /* A64_BL to the subprogram .target */
	SITE_POOL, /* A64_ADRP and a load of entry .target of the program's pool */
};

struct a64_frame {
	u8 regs[12]; /* saved, in their order from the stack pointer up */
	u32 nregs;
	bool record; /* the first two are x29, x30 */
	u32 size;
	u32 saved;    /* bytes of the registers, rounded up to 16 */
	u32 stack_at; /* of r10 from sp */
};

struct a64 {
	struct jit_code *code;
	const struct ir_fn *fn;
	struct a64_frame frame;
	u32 start;    /* of the function */
	u32 *landing; /* by block: where a jump to it goes; blocks that only jump on are passed by
		       */
	u32 leave;    /* label of the shared epilogue */
	bool leave_used;
	u32 next; /* label of the block that follows, UINT32_MAX: none */
	struct jit_sites sites;
};

/* target.c */
int a64_emit(struct jit_code *code, struct ir_fn *fn);

/* jump.c */
/* Writes @word, whose way to @target is filled in at last. */
void a64_site(struct a64 *e, u8 kind, u32 word, u32 target);
/* rt = the pool's entry for the symbol. */
void a64_pool(struct a64 *e, u8 rt, u32 sym);
/* Makes jumps that do not reach longer, fills in all sites; 0, -ENOMEM or -E2BIG. */
int a64_finish(struct a64 *e);
void a64_link(struct jit_code *code, u32 at, u32 target);
void a64_link_pool(u8 *code, u64 at, u64 target);

static inline void a64_jump(struct a64 *e, u32 label)
{
	a64_site(e, SITE_JUMP, A64_B, label);
}

static inline void a64_jump_if(struct a64 *e, enum a64_cc cc, u32 label)
{
	a64_site(e, SITE_COND, A64_B_COND | cc, label);
}

/* CBZ or CBNZ */
static inline void a64_jump_zero(struct a64 *e, u32 op, u8 reg, u32 label)
{
	a64_site(e, SITE_COND, op | reg, label);
}

/* TBZ or TBNZ */
static inline void a64_jump_bit(struct a64 *e, u32 op, u8 reg, u8 bit, u32 label)
{
	a64_site(e, SITE_BIT, op | (u32)(bit & 31) << 19 | (bit & 32 ? A64_X : 0) | reg, label);
}

/* frame.c */
void a64_frame_init(struct a64 *e);
void a64_prologue(struct a64 *e);
/* Undoes the prologue; changes no register of the caller's and no scratch one but x17. */
void a64_frame_drop(struct a64 *e);
/* What follows has the whole frame: after the prologue and wherever the function has been left. */
void a64_note_frame(struct a64 *e);
void a64_return(struct a64 *e);
struct jit_func a64_unwind(const struct a64 *e);
/* From sp, of a spill slot and of r10 + @disp. */
u32 a64_slot_at(const struct a64 *e, u16 loc);

/* emit_*.c; each 0 or -EOPNOTSUPP */
typedef int (*a64_emit_fn)(struct a64 *e, const struct ir_insn *insn);
int a64_emit_add(struct a64 *e, const struct ir_insn *insn);
int a64_emit_logic(struct a64 *e, const struct ir_insn *insn);
int a64_emit_mul(struct a64 *e, const struct ir_insn *insn);
int a64_emit_umulh(struct a64 *e, const struct ir_insn *insn);
int a64_emit_shift(struct a64 *e, const struct ir_insn *insn);
int a64_emit_rotate(struct a64 *e, const struct ir_insn *insn);
int a64_emit_unary(struct a64 *e, const struct ir_insn *insn);
int a64_emit_extend(struct a64 *e, const struct ir_insn *insn);
int a64_emit_bswap(struct a64 *e, const struct ir_insn *insn);
int a64_emit_popcnt(struct a64 *e, const struct ir_insn *insn);
int a64_emit_division(struct a64 *e, const struct ir_insn *insn);
int a64_emit_set(struct a64 *e, const struct ir_insn *insn);
int a64_emit_select(struct a64 *e, const struct ir_insn *insn);
int a64_emit_br(struct a64 *e, const struct ir_insn *insn);
int a64_emit_jmp(struct a64 *e, const struct ir_insn *insn);
int a64_emit_ret(struct a64 *e, const struct ir_insn *insn);
int a64_emit_trap(struct a64 *e, const struct ir_insn *insn);
int a64_emit_lea(struct a64 *e, const struct ir_insn *insn);
int a64_emit_frame(struct a64 *e, const struct ir_insn *insn);
int a64_emit_load(struct a64 *e, const struct ir_insn *insn);
int a64_emit_store(struct a64 *e, const struct ir_insn *insn);
int a64_emit_fence(struct a64 *e, const struct ir_insn *insn);
int a64_emit_atomic(struct a64 *e, const struct ir_insn *insn);
int a64_emit_call(struct a64 *e, const struct ir_insn *insn);
int a64_emit_call_sub(struct a64 *e, const struct ir_insn *insn);
int a64_emit_tail_call(struct a64 *e, const struct ir_insn *insn);
int a64_emit_move(struct a64 *e, const struct ir_insn *insn);
int a64_emit_imm(struct a64 *e, const struct ir_insn *insn);
/* A literal into a register; an address comes from the pool when the code is for a file. */
void a64_materialise(struct a64 *e, u8 rd, const struct ir_insn *literal);

/* The register of operand @i; the zero register for the literal 0. */
static inline u8 a64_reg(const struct a64 *e, const struct ir_insn *insn, u32 i)
{
	return ir_is_literal(e->fn, insn->arg[i]) ? A64_ZR : (u8)insn->aloc[i];
}

/* Whether operand @i is a literal in the instruction, and its value as of @width bytes. */
static inline bool a64_literal(const struct a64 *e, const struct ir_insn *insn, u32 i, u8 width,
			       s64 *value)
{
	const struct ir_insn *arg = ir_at(e->fn, insn->arg[i]);

	if (!insn->arg[i] || !ir_is_literal(e->fn, insn->arg[i]))
		return false;
	*value = width == 8 ? arg->imm : (s32)arg->imm;
	return true;
}

#endif
