/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intermediate form of one subprogram: instructions in static single
 * assignment form, in basic blocks. Every instruction is also the value that
 * it computes; a reference (ir_ref) is its number. All values are 64 bits
 * wide. Operations of width 4 look at the low halves of their operands and
 * give a result whose upper half is zero, as BPF and both machines have it.
 *
 * Constants and addresses of the host (IR_CONST, IR_ADDR) stand in no block
 * and exist once each. Before registers are given out the target puts those
 * that no instruction can hold into registers by IR_IMM.
 *
 * Memory operations reach .size bytes at
 *
 *	arg[0] + (arg[1] << scale) + disp	(arg[1] may be none)
 *
 * All memory is in an arena; nothing moves, so that pointers to instructions
 * and blocks stay valid. Being out of memory is sticky (fn->failed): emitting
 * then gives reference 0, which is a scratch instruction, and passes need not
 * ask; who runs them does.
 */
#ifndef ANYBPF_JIT_IR_IR_H
#define ANYBPF_JIT_IR_IR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "object/fact.h"
#include "object/prog.h"

typedef u32 ir_ref; /* 0: none */

enum ir_op {
#define OP(name, text, operands, flags) IR_##name,
#include "jit/ir/ir.def"
#undef OP
	IR_OP_CNT
};

/* Flags of operations, in ir_ops[]. */
#define IR_OP_PURE  BIT(0)
#define IR_OP_W	    BIT(1)
#define IR_OP_COMM  BIT(2)
#define IR_OP_CC    BIT(3)
#define IR_OP_MEM   BIT(4)
#define IR_OP_READ  BIT(5)
#define IR_OP_WRITE BIT(6)
#define IR_OP_TERM  BIT(7)
#define IR_OP_CALL  BIT(8)
#define IR_OP_VOID  BIT(9)

#define IR_ARGS_CALL 0xfe /* .nargs of them */
#define IR_ARGS_PHI  0xff /* one per predecessor of the block, in its order */

struct ir_op_info {
	const char *text;
	u8 args;
	u16 flags;
};

extern const struct ir_op_info ir_ops[IR_OP_CNT];

/* Conditions; ir_cc_not() and ir_cc_swap() rely on the order. */
enum ir_cc {
	IR_EQ,
	IR_NE,
	IR_ULT,
	IR_UGE,
	IR_ULE,
	IR_UGT,
	IR_SLT,
	IR_SGE,
	IR_SLE,
	IR_SGT,
	IR_TEST,  /* a & b is not 0 */
	IR_NTEST, /* a & b is 0 */
	IR_CC_CNT
};

extern const char *const ir_cc_names[IR_CC_CNT];

/* Flags of instructions. */
#define IR_SEXT	    BIT(0) /* a load extends the sign */
#define IR_PROBE    BIT(1) /* the address may be bad: a fault loads 0 and does nothing else */
#define IR_SAFE_DIV BIT(2) /* the divisor is not 0 and, when signed, not -1 */
#define IR_UNALIASED                                                                               \
	BIT(3) /* memory that no program sees (the run, map structures): no plain access           \
		  changes it */
#define IR_LIKELY   BIT(4) /* a branch is thought to go to succ[0], IR_UNLIKELY: to succ[1] */
#define IR_UNLIKELY BIT(5)
#define IR_VOLATILE                                                                                \
	BIT(6) /* other threads may see it: neither dropped nor doubled nor moved out of a loop */
#define IR_PURE_CALL                                                                               \
	BIT(7) /* a call that does nothing but give a result: it goes when that is unused */

#define IR_MAX_ARGS 6

/* Locations that register allocation gives: registers of the target, then spill slots. */
#define IR_LOC_NONE 0xffff
#define IR_LOC_SLOT 64 /* slot n is IR_LOC_SLOT + n */

/*
 * Memory that is walked is what compiling large programs waits for: what
 * passes know of an instruction makes room for its registers, and a phi's
 * operands stand elsewhere.
 */
struct ir_insn {
	u8 op;		  /* enum ir_op */
	u8 width : 4;	  /* 4 or 8, see the operation's W */
	u8 cmp_width : 4; /* of a condition */
	u8 cc;		  /* enum ir_cc */
	u8 size;	  /* of memory: 1, 2, 4, 8 */
	u8 scale;	  /* of the index: 0 to 3 */
	u8 flags;	  /* IR_SEXT, ... */
	u8 nargs;	  /* of calls; of others 0, unless a target's lowering gave them operands */
	u8 target;	  /* the target's own, from its lowering on */
	ir_ref prev, next; /* in its block */
	u32 block;	   /* UINT32_MAX: in none */
	union {
		s32 disp;
		u32 sym; /* struct ir_sym number; 0: none */
	};
	union {
		ir_ref arg[IR_MAX_ARGS]; /* 0: none; of calls: that register holds nothing */
		ir_ref *phi;		 /* operands of IR_PHI: one per predecessor */
	};
	s64 imm;
	u64 umax; /* with umin: what the result is known to be within wherever this is executed */
	union {
		struct { /* until registers are given out */
			u64 umin;
			u16 map; /* of MEM_MAP_VALUE: index of the program's maps, FACT_NO_MAP */
			u8 mem;	 /* enum mem_kind that it reaches */
		};
		struct { /* then */
			u16 loc, aloc[IR_MAX_ARGS];
		};
	};
	u32 pc;	  /* the BPF instruction that it comes from */
	u32 uses; /* by ir_count_uses() */
};

_Static_assert(sizeof(struct ir_insn) == 88, "every byte counts a million times");

struct ir_block {
	ir_ref first, last; /* the last one is the terminator */
	u32 succ[2];
	u32 at[2]; /* about where this one is among the predecessors of each: see ir_pred_index() */
	u8 nsucc;
	bool cold; /* errors, traps: laid out at the end */
	u32 npreds, preds_cap;
	u32 *preds;
	/* By ir_cfg(): */
	u32 order;	     /* position in fn->order; UINT32_MAX: not reachable */
	u32 idom;	     /* immediate dominator; of the entry, itself */
	u32 dom_in, dom_out; /* a dominates b: b's dom_in is within a's */
	u32 loop;	     /* header of the innermost loop it is in, or IR_NO_LOOP */
	u32 loop_parent;     /* of a header: that of the loop around, or IR_NO_LOOP */
	u32 loop_depth;
	u32 loop_in, loop_out; /* of a header: it is around another whose loop_in is within them */
	bool is_loop_header;
};

#define IR_NO_LOOP UINT32_MAX

/*
 * What an address of the host is, for code that is to be loaded elsewhere
 * (anybpf compile). In code that is made to run at once they are immediates.
 */
enum ir_sym_kind {
	SYM_NONE,
	SYM_MAP,       /* struct map, .index in prog->maps; + .addend */
	SYM_MAP_VALUE, /* of its first value, or of its region; + .addend */
	SYM_SUBPROG,   /* struct subprog */
	SYM_PROG,      /* struct prog */
	SYM_HELPER,    /* a C function: index in helper_protos */
	SYM_RUNTIME,   /* a C function of the compiler's own: enum in runtime.def */
	SYM_MAP_OP,    /* a C function of a map's type: .index in prog->maps, .addend: its offset in
			  struct map_ops */
	SYM_KFUNC,     /* a C function: .index in prog->kfunc_calls */
	SYM_KFUNC_TYPE, /* its struct obj_type */
};

struct ir_sym {
	enum ir_sym_kind kind;
	u32 index;
	s64 addend;
	u64 addr; /* in this process */
};

struct jit_unit; /* jit/unit.h: the program being compiled */

#define IR_CHUNK  256 /* instructions */
#define IR_BLOCKS 16  /* blocks that are allocated at once */

struct ir_fn {
	struct jit_unit *unit;
	struct arena *arena;
	u32 subprog;
	u32 frame_size; /* bytes below r10 that are in use, a multiple of 8; passes may lower it */

	struct ir_insn **chunks;
	u32 ninsns, nchunks, chunks_cap; /* all numbers are below ninsns; not all are in use */
	/* Numbers to be given out next. Literals have chunks of their own: nobody walks them. */
	ir_ref next, next_literal;
	u64 *copies; /* bit set: it was replaced. Looked at in place of the instruction */
	u32 copies_cap;
	struct ir_block **blocks;
	u32 nblocks, blocks_cap; /* block 0 is the entry and has no predecessor */
	struct ir_literal {
		u32 hash;
		ir_ref ref;
	} * consts; /* hash table of IR_CONST and IR_ADDR */
	u32 consts_cap, nconsts;
	struct ir_sym *syms; /* 1 to nsyms - 1 */
	u32 nsyms, syms_cap;

	u32 *order; /* by ir_cfg(): reachable blocks in reverse postorder */
	u32 norder, order_cap;
	/* Whether the order, and all that ir_cfg() finds, is that of the blocks and edges of now.
	 */
	bool ordered, analysed;
	/* By register allocation. */
	const char *const *reg_names; /* NULL: registers have not been given out */
	u32 nslots;		      /* 8 bytes each */
	u32 used_regs;		      /* BIT(register) of the target */
	bool has_calls;		      /* of anything that follows the C ABI */
	bool failed;		      /* out of memory */
	u32 pc;			      /* given to what is emitted next */
};

static inline struct ir_insn *ir_at(const struct ir_fn *fn, ir_ref ref)
{
	return &fn->chunks[ref / IR_CHUNK][ref % IR_CHUNK];
}

static inline struct ir_block *ir_block(const struct ir_fn *fn, u32 block)
{
	return fn->blocks[block];
}

static inline u16 ir_flags(const struct ir_insn *insn)
{
	return ir_ops[insn->op].flags;
}

/* The last instruction of a block. */
static inline struct ir_insn *ir_term(const struct ir_fn *fn, u32 block)
{
	return ir_at(fn, fn->blocks[block]->last);
}

/* Whether it is a number that is known now. (An IR_ADDR is none: it may be another elsewhere.) */
static inline bool ir_is_const(const struct ir_fn *fn, ir_ref ref)
{
	return ir_at(fn, ref)->op == IR_CONST;
}

static inline bool ir_is_const_of(const struct ir_fn *fn, ir_ref ref, u64 value)
{
	return ir_is_const(fn, ref) && (u64)ir_at(fn, ref)->imm == value;
}

/* Whether an operand stands in no block. */
static inline bool ir_is_literal(const struct ir_fn *fn, ir_ref ref)
{
	return ir_at(fn, ref)->op == IR_CONST || ir_at(fn, ref)->op == IR_ADDR;
}

/* Number of operands, whatever the operation. */
static inline u32 ir_nargs(const struct ir_fn *fn, const struct ir_insn *insn)
{
	switch (ir_ops[insn->op].args) {
	case IR_ARGS_PHI:
		return insn->block == UINT32_MAX ? 0 : fn->blocks[insn->block]->npreds;
	case IR_ARGS_CALL:
		return insn->nargs;
	default:
		return insn->nargs ? insn->nargs : ir_ops[insn->op].args;
	}
}

/* The operand's place. */
static inline ir_ref *ir_arg(struct ir_insn *insn, u32 i)
{
	return insn->op == IR_PHI ? &insn->phi[i] : &insn->arg[i];
}

/* Instructions lie in memory about as they are executed: what is ahead is asked for early. */
static inline ir_ref ir_next(const struct ir_insn *insn)
{
	__builtin_prefetch(insn + 8);
	return insn->next;
}

/* Every instruction of a block in order; the one at hand may be removed. */
#define ir_each(fn, block, ref)                                                                    \
	for (ir_ref ref = ir_block(fn, block)->first, ref##_next;                                  \
	     ref && (ref##_next = ir_next(ir_at(fn, ref)), true); ref = ref##_next)
/* Every reachable block in reverse postorder (ir_cfg() must be current). */
#define ir_each_block(fn, b)                                                                       \
	for (u32 b##_i = 0, b; b##_i < (fn)->norder && (b = (fn)->order[b##_i], true); b##_i++)

/* ---- making a function ---- */

/* 0 or -ENOMEM. Block 0 is there, empty. */
int ir_fn_init(struct ir_fn *fn, struct jit_unit *unit, struct arena *arena, u32 subprog);
u32 ir_new_block(struct ir_fn *fn);

/* A copy of @insn at the end of @block, before @at, or after @at (phis: see ir_phi()). */
ir_ref ir_append(struct ir_fn *fn, u32 block, struct ir_insn insn);
ir_ref ir_insert(struct ir_fn *fn, ir_ref before, struct ir_insn insn);
ir_ref ir_insert_after(struct ir_fn *fn, ir_ref after, struct ir_insn insn);
/* An empty phi at the start of @block, operands all none, one per predecessor of now. */
ir_ref ir_phi(struct ir_fn *fn, u32 block);
/*
 * A value that may be named before it is defined: a number for it, and later
 * the definition at the end of @block. (A phi starts out as ir_phi() makes it.)
 */
ir_ref ir_reserve(struct ir_fn *fn);
void ir_append_as(struct ir_fn *fn, u32 block, ir_ref ref, struct ir_insn insn);
/* Moves an instruction from its place. */
void ir_move_before(struct ir_fn *fn, ir_ref ref, ir_ref before);
void ir_move_to_end(struct ir_fn *fn, ir_ref ref, u32 block); /* before the terminator */

ir_ref ir_const(struct ir_fn *fn, u64 value);
/* An address of the host; @value is what it is in this process. */
ir_ref ir_addr(struct ir_fn *fn, enum ir_sym_kind kind, u32 index, s64 addend, u64 value);
u32 ir_sym(struct ir_fn *fn, enum ir_sym_kind kind, u32 index, s64 addend, u64 value);

/* Short forms of struct ir_insn values, for the functions above. */
struct ir_insn ir_unary(enum ir_op op, u8 width, ir_ref a);
struct ir_insn ir_binary(enum ir_op op, u8 width, ir_ref a, ir_ref b);
struct ir_insn ir_load(u8 size, ir_ref base, s32 disp, u8 mem);
struct ir_insn ir_store(u8 size, ir_ref base, s32 disp, ir_ref value, u8 mem);
struct ir_insn ir_select(enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b, ir_ref yes, ir_ref no);
/* @fn is a runtime function, see runtime.h. */
struct ir_insn ir_call(u32 sym, const ir_ref *args, u8 n);

/* Ends of blocks; edges are made. */
void ir_jmp(struct ir_fn *fn, u32 block, u32 to);
ir_ref ir_br(struct ir_fn *fn, u32 block, enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b, u32 yes,
	     u32 no);
void ir_ret(struct ir_fn *fn, u32 block, ir_ref value);
void ir_trap(struct ir_fn *fn, u32 block);

/* ---- changing it ---- */

/* Takes it out of its block. Operands of others that name it must be gone or replaced. */
void ir_remove(struct ir_fn *fn, ir_ref ref);
/*
 * Every use of @ref is to be @by from now on: @ref becomes an IR_COPY in no
 * block. Operands keep the old name until ir_resolve() is asked, which passes
 * do for each operand that they look at, or until ir_clean().
 */
void ir_replace(struct ir_fn *fn, ir_ref ref, ir_ref by);
ir_ref ir_resolve_copy(const struct ir_fn *fn, ir_ref ref);

static inline ir_ref ir_resolve(const struct ir_fn *fn, ir_ref ref)
{
	return fn->copies[ref / 64] >> ref % 64 & 1 ? ir_resolve_copy(fn, ref) : ref;
}

/* What a phi stands for when it can only be one value, else 0. */
ir_ref ir_phi_value(const struct ir_fn *fn, ir_ref ref);
/* Resolves all operands, drops phis with one operand, dead values and unreachable blocks. */
void ir_clean(struct ir_fn *fn);
/* Fills in .uses, of resolved operands; of literals they are not counted. */
void ir_count_uses(struct ir_fn *fn);

/*
 * Forgets a predecessor, and its operand in phis: for @from's terminator, which
 * still names @to, the caller cares.
 */
void ir_edge_remove(struct ir_fn *fn, u32 from, u32 to);
/*
 * Makes succ[@way] of @from be @to. Phis of @to get operand 0 (none) for the new
 * edge, at the end: the caller fills them in. If both ways now are @to the
 * branch becomes a jump, and phis keep their operand of the edge that was there.
 */
void ir_edge_redirect(struct ir_fn *fn, u32 from, u32 way, u32 to);
/* Turns a branch into a jump to succ[@way]. */
void ir_branch_fold(struct ir_fn *fn, u32 block, u32 way);
/*
 * The other way: the jump that ends @block goes to @yes, which it did not, when
 * the condition holds. Phis of @yes get operand 0 for the new edge, at the end.
 */
void ir_jump_to_branch(struct ir_fn *fn, u32 block, enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b,
		       u32 yes);
/* A new block on the edge from @from by succ[@way]. */
u32 ir_edge_split(struct ir_fn *fn, u32 from, u32 way);
/* Moves @at and all behind it into a new block that @block then jumps to; the new block. */
u32 ir_block_split(struct ir_fn *fn, u32 block, ir_ref at);
/* Position of @pred among the predecessors. */
u32 ir_pred_index(const struct ir_fn *fn, u32 block, u32 pred);

/* To be told by who writes edges, or fn->order, without the functions above. */
static inline void ir_graph_changed(struct ir_fn *fn)
{
	fn->ordered = fn->analysed = false;
}

/* ---- asking ---- */

/*
 * Order, dominators, loops. Invalidated by changes of blocks and edges; nothing
 * is done where there were none. Linear but for a logarithm.
 */
void ir_cfg(struct ir_fn *fn);
void ir_order(struct ir_fn *fn); /* the order only */
bool ir_dominates(const struct ir_fn *fn, u32 a, u32 b);
/* Whether @block is in the loop of @header. */
bool ir_in_loop(const struct ir_fn *fn, u32 block, u32 header);
/* The upper half of the value is known to be zero. */
bool ir_upper_zero(const struct ir_fn *fn, ir_ref ref);

/* The condition that holds when @cc does not; with operands exchanged. */
enum ir_cc ir_cc_not(enum ir_cc cc);
enum ir_cc ir_cc_swap(enum ir_cc cc);
/* What the operation gives for known operands; false where it has no value of its own. */
bool ir_eval(const struct ir_insn *insn, const u64 *args, u64 *result);
bool ir_eval_cc(enum ir_cc cc, u8 width, u64 a, u64 b);

/* ---- text, see print.c for the form ---- */

void ir_print(struct buf *out, const struct ir_fn *fn);
/* The other way, for tests. 0 or -EINVAL with the line in @err. */
int ir_parse(struct ir_fn *fn, const char *text, struct err *err);
/* That all of the above holds (calls ir_cfg()): 0, or -EFAULT with what does not. For tests; slow.
 */
int ir_check(struct ir_fn *fn, struct err *err);

#endif
