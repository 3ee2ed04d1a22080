/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86-64 target from inside.
 *
 * Registers: all but rsp and the scratch register r11 are given out; rbp is an
 * ordinary one. Frames are addressed from rsp, which stays where it is after
 * the prologue. From the return address down: saved registers, the BPF stack
 * (r10 is its upper end), spill slots. A function that calls nothing keeps
 * small frames below rsp, in the red zone.
 *
 * Lowering (lower.c, literal.c, address.c, memory.c) leaves instructions that
 * are one machine instruction each, or a short fixed sequence; .target says
 * what was folded into one. Emission writes every jump in its long form and
 * shortens them once the function is complete (jump.c).
 */
#ifndef ANYBPF_JIT_X86_64_H
#define ANYBPF_JIT_X86_64_H

#include "jit/emit.h"
#include "jit/lower.h"
#include "jit/target.h"
#include "jit/x86_64/encode.h"

enum x86_feature {
#define FEATURE(NAME, text, leaf, reg, bit) X86_##NAME,
#include "jit/x86_64/features.def"
#undef FEATURE
	X86_FEATURE_CNT
};

extern const char *const x86_feature_names[X86_FEATURE_CNT];
u32 x86_features(void);

static inline bool x86_has(const struct ir_fn *fn, enum x86_feature feature)
{
	return fn->unit->features & BIT(feature);
}

#define X86_SCRATCH R11
#define X86_CALLER_SAVED                                                                           \
	(BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RSI) | BIT(RDI) | BIT(R8) | BIT(R9) | BIT(R10))

/*
 * .target of an instruction: what lowering folded into it. An operand that is
 * in memory is 0; its base and index are two more operands, from
 * x86_folded_at() on, with the size, scale and displacement of the load.
 */
enum x86_mark {
	X86_PLAIN,
	X86_MEM_ARG0, /* operand 0 is in memory */
	X86_MEM_ARG1,
	X86_SWAPPED, /* a load or store that reverses the bytes (movbe) */
	/* A store of what the operation makes of the same memory and operand 2. */
	X86_RMW_ADD,
	X86_RMW_SUB,
	X86_RMW_AND,
	X86_RMW_OR,
	X86_RMW_XOR,
};

/* Index of the operand that is the base of the folded memory. */
static inline u32 x86_folded_at(const struct ir_insn *insn)
{
	return insn->op == IR_SELECT ? 4 : 2;
}

static inline bool x86_is_folded(const struct ir_insn *insn)
{
	return insn->target == X86_MEM_ARG0 || insn->target == X86_MEM_ARG1;
}

/* ---- lowering ---- */

void x86_lower(struct ir_fn *fn);
/* Steps of it, in this order: */
void x86_expand(struct ir_fn *fn);
void x86_fold_addresses(struct ir_fn *fn);
void x86_fold_memory(struct ir_fn *fn);
void x86_place_literals(struct ir_fn *fn);
/* Whether the machine takes the literal @ref as operand @i. */
bool x86_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i);
bool x86_tail_call_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i);
/* The multiplier 3, 5 or 9 that lea can do, as the scale of its index; 0: it cannot. */
u8 x86_lea_scale(const struct ir_fn *fn, const struct ir_insn *insn);

void x86_constrain(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c);

/* ---- emission ---- */

/* Kinds of sites. */
enum {
	SITE_JUMP, /* .cc or CC_ALWAYS, to the label .target; .at is its first byte */
	SITE_CALL, /* the 4 bytes at .at go to the address .target of calls[] */
	SITE_LINK, /* likewise to the subprogram .target */
	SITE_POOL, /* likewise to entry .target of the program's pool */
};

#define CC_ALWAYS 0xff

struct x86_frame {
	u32 saved;    /* BIT(register) that the prologue pushes */
	u32 size;     /* what rsp is lowered by after that */
	s32 slots_at; /* offset of slot 0 from rsp */
	s32 stack_at; /* and of r10 */
};

struct x86 {
	struct jit_code *code;
	const struct ir_fn *fn;
	struct x86_frame frame;
	u32 start;    /* of the function */
	u32 *landing; /* by block: where a jump to it goes; blocks that only jump on are passed by
		       */
	u32 leave;    /* label of the shared epilogue */
	bool leave_used;
	u32 next; /* label of the block that follows, UINT32_MAX: none */
	/* The flags tell of register .reg as `test reg, reg` would: all of it when .all, else ZF,
	 * SF. */
	struct x86_flags {
		u8 reg; /* X86_NO_REG: nothing known */
		u8 width;
		bool all;
		bool fresh; /* set by the instruction at hand */
	} flags;
	struct jit_sites sites;
};

/* hoist.c: false when out of memory */
bool x86_hoist_moves(struct ir_fn *fn);

/* target.c */
int x86_emit(struct jit_code *code, struct ir_fn *fn);

/* jump.c */
void x86_bind(struct x86 *e, u32 label); /* is here */
void x86_jump(struct x86 *e, u8 cc, u32 label);
/* The last 4 bytes are to be filled in. */
void x86_site(struct x86 *e, u8 kind, u32 target);
/* Shortens jumps, moves the code together, fills in all sites; 0, -ENOMEM or -E2BIG. */
int x86_finish(struct x86 *e);
void x86_link(struct jit_code *code, u32 at, u32 target);
void x86_link_pool(u8 *code, u64 at, u64 target);

/* frame.c */
void x86_frame_init(struct x86 *e);
void x86_prologue(struct x86 *e);
/* Undoes the prologue; changes no register of the caller's and not the scratch one. */
void x86_frame_drop(struct x86 *e);
/* What follows has the whole frame: after the prologue and wherever the function has been left. */
void x86_note_frame(struct x86 *e);
void x86_return(struct x86 *e);
struct jit_func x86_unwind(const struct x86 *e);

/* operand.c: where things are */
struct x86_rm x86_slot(const struct x86 *e, u16 loc);
/* Operand @i, wherever lowering and register allocation left it. */
struct x86_rm x86_arg(const struct x86 *e, const struct ir_insn *insn, u32 i);
/* The memory that operands @i and @i + 1 address. */
struct x86_rm x86_address(const struct x86 *e, const struct ir_insn *insn, u32 i);
/* Whether operand @i is a literal in the instruction, and its value as of @width bytes. */
bool x86_literal(const struct x86 *e, const struct ir_insn *insn, u32 i, u8 width, s64 *value);

/* emit_*.c; each 0 or -EOPNOTSUPP */
typedef int (*x86_emit_fn)(struct x86 *e, const struct ir_insn *insn);
int x86_emit_alu(struct x86 *e, const struct ir_insn *insn);
int x86_emit_add(struct x86 *e, const struct ir_insn *insn);
int x86_emit_mul(struct x86 *e, const struct ir_insn *insn);
int x86_emit_umulh(struct x86 *e, const struct ir_insn *insn);
int x86_emit_andn(struct x86 *e, const struct ir_insn *insn);
int x86_emit_shift(struct x86 *e, const struct ir_insn *insn);
int x86_emit_unary(struct x86 *e, const struct ir_insn *insn);
int x86_emit_extend(struct x86 *e, const struct ir_insn *insn);
int x86_emit_bswap(struct x86 *e, const struct ir_insn *insn);
int x86_emit_popcnt(struct x86 *e, const struct ir_insn *insn);
int x86_emit_division(struct x86 *e, const struct ir_insn *insn);
int x86_emit_set(struct x86 *e, const struct ir_insn *insn);
int x86_emit_select(struct x86 *e, const struct ir_insn *insn);
/* Whether a comparison behind @insn, a move, is saved by the flags as they are. */
bool x86_flags_wanted(const struct x86 *e, const struct ir_insn *insn);
/* Fills in e->landing; false when out of memory. */
int x86_emit_br(struct x86 *e, const struct ir_insn *insn);
int x86_emit_jmp(struct x86 *e, const struct ir_insn *insn);
int x86_emit_ret(struct x86 *e, const struct ir_insn *insn);
int x86_emit_trap(struct x86 *e, const struct ir_insn *insn);
int x86_emit_lea(struct x86 *e, const struct ir_insn *insn);
int x86_emit_frame(struct x86 *e, const struct ir_insn *insn);
int x86_emit_load(struct x86 *e, const struct ir_insn *insn);
int x86_emit_store(struct x86 *e, const struct ir_insn *insn);
int x86_emit_fence(struct x86 *e, const struct ir_insn *insn);
int x86_emit_atomic(struct x86 *e, const struct ir_insn *insn);
int x86_emit_call(struct x86 *e, const struct ir_insn *insn);
int x86_emit_call_sub(struct x86 *e, const struct ir_insn *insn);
int x86_emit_tail_call(struct x86 *e, const struct ir_insn *insn);
int x86_emit_move(struct x86 *e, const struct ir_insn *insn);
int x86_emit_imm(struct x86 *e, const struct ir_insn *insn);
/* A literal into a register; an address comes from the pool when the code is for a file. */
void x86_materialise(struct x86 *e, u8 dst, const struct ir_insn *literal, bool keep_flags);

/* OP_W for 8 bytes. */
static inline u32 x86_w(u8 width)
{
	return width == 8 ? OP_W : 0;
}

#endif
