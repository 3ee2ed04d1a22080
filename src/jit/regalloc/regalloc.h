/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linear scan register allocation on SSA form, after Wimmer and Franz (2010).
 *
 *	order.c    an order of the blocks in which what is rarely executed comes last; positions
 *	live.c     uses of each value, and from them the ranges in which it lives
 *	interval.c intervals: questions and splitting
 *	hint.c     which register would save a move
 *	scan.c     gives out registers, splits and spills
 *	slot.c     gives out spill slots
 *	resolve.c  puts locations and moves into the code
 *	edge.c     blocks on edges that need moves
 *	moves.c    moves that happen at once, one after the other
 *
 * Positions. Blocks and instructions are numbered in the order of the scan;
 * a number is a unit of eight positions. The first unit of a block is its
 * start, where phis are defined. In an instruction's unit:
 *
 *	+0  the gap before it: moves happen here, all at once
 *	+1  operands are read
 *	+2  registers are clobbered
 *	+3  the result is written; late operands are read
 *	+4  a result of a fixed register is moved from there
 *
 * Ranges are half open. What is moved in a gap (an operand of a fixed register,
 * the operand that the result overwrites) is read just before it, at -1. So an
 * operand that dies there may share the register that it is moved to, and no
 * move is left.
 *
 * Intervals are windows [start, end) on the ranges and uses of their value,
 * which never change: to split one is to make a second window.
 */
#ifndef ANYBPF_JIT_REGALLOC_REGALLOC_H
#define ANYBPF_JIT_REGALLOC_REGALLOC_H

#include "base/vec.h"
#include "jit/target.h"

#define UNIT	8
#define POS_MAX UINT32_MAX
#define NO_REG	0xff

/* Offsets in a unit. */
enum {
	AT_GAP,
	AT_USE,
	AT_CLOBBER,
	AT_DEF,
	AT_AFTER,
};

/* Locations besides registers and slots. */
#define LOC_SPILLED 0xfffe /* in the slot of its value */
#define LOC_REMAT   0xfffd /* nowhere: it is made again where it is needed */

struct ra_range {
	u32 from, to;
};

enum ra_use_kind {
	USE_REG,  /* must be in a register */
	USE_ANY,  /* may be in memory */
	USE_MOVE, /* source of a move in the gap that follows: to .reg, or to what .to is in */
	USE_PHI,  /* likewise on the edge that follows, to phi .to */
};

struct ra_use {
	u32 pos;
	ir_ref to; /* 0: none */
	u8 kind;
	u8 reg; /* NO_REG */
};

struct ra_interval {
	ir_ref value;
	u32 start, end;
	struct ra_range *range, *range_end; /* those that reach into it */
	struct ra_range *at; /* the first that does not end before the scan's position */
	struct ra_use *use, *use_end;
	struct ra_interval *next; /* of the same value: split from this one */
	u16 loc;
	bool is_split; /* not the first of its value */
};

struct ra_value {
	struct ra_interval *first; /* NULL: needs no place */
	struct ra_interval *at;	   /* found last by ra_at() */
	struct ra_use *uses;
	struct ra_range *ranges;
	struct ra_range one; /* most values have one range only */
	u32 nuses, nranges;
	u32 start;   /* position of its definition */
	ir_ref same; /* operand that it overwrites, 0: none */
	u16 slot;    /* IR_LOC_NONE */
	u8 fixed;    /* register in which its instruction leaves it, NO_REG */
	ir_ref goal; /* phi that it ends in, directly or through what overwrites it; 0: none */
	u8 pref;     /* likewise, a register; NO_REG */
	u32 pref_weight;
	bool remat, spilled, store_at_def;
	bool either; /* may overwrite its second operand as well: both end with it */
};

/* A register is not to be had, unless for .owner. */
struct ra_fixed {
	u32 from, to;
	ir_ref owner;
};

/* A value that wants to be in a register is defined at .pos. */
struct ra_want {
	u32 pos, weight;
	ir_ref value;
};

struct ra_heap_entry {
	u32 key;
	struct ra_interval *it;
};

struct ra_heap {
	struct ra_heap_entry *at;
	size_t len, cap;
};

struct ra_reg {
	VEC(struct ra_fixed) fixed;
	size_t fixed_at; /* the first that does not end before the scan's position */
	struct ra_interval *active;
	struct ra_heap inactive; /* by the start of the next range */
	VEC(struct ra_want) wants;
	size_t want_at;		  /* the first that is not before the scan's position */
	struct ra_want loop_want; /* what goes around a loop to the phi that is in it */
};

/* A block that was made for the moves of an edge. */
struct ra_edge {
	u32 block, from;
	u32 next; /* index + 1 of another one behind the same block */
};

struct ra {
	const struct jit_target *target;
	struct ir_fn *fn;
	struct arena arena;
	const struct mem *mem;
	bool failed;
	bool too_large; /* more in memory than JIT_FRAME_MOST, or alive than LIVE_MOST */

	/* order.c */
	u32 *blocks;   /* in the order of the scan */
	u32 *index;    /* of a block in it */
	u32 *start;    /* position at which the block of that index starts; [nblocks]: the end */
	u32 *weight;   /* how often it is executed, about */
	u32 *loop_end; /* by index of a loop's header: position behind its hot blocks */
	u32 nblocks;
	u32 nunits;
	ir_ref *unit_insn; /* 0: start of a block */
	u32 *unit_block;   /* index of its block */
	u32 cold_from;	   /* position from which all is cold */

	/* Of what blocks define, in the order of the scan; 0 stands for literals, and for none. */
	struct ra_value *values;
	u32 *number;  /* by ir_ref */
	u32 nvalues;  /* and 0 */
	ir_ref *webs; /* by ir_ref: the value that stands for all that phis connect with it */
	u8 *web_regs; /* of those: the register that one of them got last, NO_REG */
	struct ra_interval *intervals; /* the first ones, by start */
	u32 nintervals;

	struct ra_reg regs[JIT_MAX_REGS];
	struct ra_heap waiting; /* split intervals that have no place yet */
	u32 pos;		/* of the scan */
	u32 used;		/* registers given out */
	VEC(struct ra_edge) edges;
	u16 spare_slot; /* for circles of moves; IR_LOC_NONE until there is one */
};

static inline u32 unit_of(u32 pos)
{
	return pos / UNIT;
}

static inline u32 gap_of(u32 pos)
{
	return pos / UNIT * UNIT;
}

static inline struct ra_value *ra_value(const struct ra *ra, ir_ref ref)
{
	return &ra->values[ra->number[ref]];
}

/* Index of the block that @pos is in. */
static inline u32 block_at(const struct ra *ra, u32 pos)
{
	return ra->unit_block[unit_of(pos)];
}

static inline u32 weight_at(const struct ra *ra, u32 pos)
{
	return ra->weight[block_at(ra, pos)];
}

static inline bool is_reg(u16 loc)
{
	return loc < IR_LOC_SLOT;
}

/* How often the way from block to block (by index) is taken, at most. */
static inline u32 edge_weight(const struct ra *ra, u32 from, u32 to)
{
	return ra->weight[from] < ra->weight[to] ? ra->weight[from] : ra->weight[to];
}

/* How often a move to what the use goes to would be executed. */
static inline u32 move_weight(const struct ra *ra, const struct ra_use *use)
{
	u32 from = block_at(ra, use->pos);

	if (use->kind != USE_PHI)
		return ra->weight[from];
	return edge_weight(ra, from, ra->index[ir_at(ra->fn, use->to)->block]);
}

/* From here on it has places, and no more what passes knew of it. */
static inline void ra_no_places(struct ir_insn *insn)
{
	insn->loc = IR_LOC_NONE;
	for (u32 i = 0; i < IR_MAX_ARGS; i++)
		insn->aloc[i] = IR_LOC_NONE;
}

/* ---- order.c ---- */
bool ra_order(struct ra *ra);

/* ---- live.c ---- */
/* What the target asks for, and what is the same for all targets. */
void ra_constrain(const struct ra *ra, ir_ref ref, struct jit_constraints *c);
/* The operand that the result overwrites; IR_MAX_ARGS: none. */
u32 ra_same_arg(const struct ir_insn *insn, const struct jit_constraints *c);
bool ra_live(struct ra *ra);
/* Exchanges operands 0 and 1 of @ref; @a and @b are the intervals in which they are just before. */
void ra_exchange(struct ra *ra, ir_ref ref, struct ra_interval *a, struct ra_interval *b);
/* Whether the instruction leaves its result in any register, and it cannot be had otherwise. */
bool ra_def_needs_reg(const struct ra *ra, ir_ref ref);

/* ---- interval.c ---- */
/* Position at or after @pos, which is not before the scan's, at which it lives next; POS_MAX: none.
 */
u32 ra_next_live(const struct ra_interval *it, u32 pos);
/* Whether @pos is within it and in no hole. */
bool ra_lives(const struct ra_interval *it, u32 pos);
/* The first position, not before @from, at which both live, or a lower one; POS_MAX. */
u32 ra_meet(const struct ra_interval *a, const struct ra_interval *b, u32 from);
u32 ra_meet_fixed(const struct ra *ra, const struct ra_interval *it, u32 reg);
struct ra_use *ra_next_use(const struct ra_interval *it, u32 pos);
struct ra_use *ra_next_reg_use(const struct ra *ra, const struct ra_interval *it, u32 pos);
/* Makes all from @pos on an interval of its own, which is next in the value's list. */
struct ra_interval *ra_split(struct ra *ra, struct ra_interval *it, u32 pos);
/* The best place for a split that moves something: after @min, at most @max; a gap or a block's
 * start. */
u32 ra_split_pos(const struct ra *ra, u32 min, u32 max);
/* Of @value at @pos; IR_LOC_NONE when it does not live there. */
struct ra_interval *ra_at(const struct ra *ra, ir_ref value, u32 pos);

/* Makes .at what it says, from @pos on. */
void ra_rewind(struct ra_interval *it, u32 pos);

void ra_push(struct ra *ra, struct ra_heap *heap, u32 key, struct ra_interval *it);
struct ra_interval *ra_pop(struct ra_heap *heap);

/* ---- hint.c ---- */
/* Connects phis with their operands. */
bool ra_webs(struct ra *ra);
/* Tells those connected with @it which register it has now. */
void ra_note_reg(struct ra *ra, const struct ra_interval *it);
/* Adds to .weights[register] what it is worth; less than nothing when another should have it. */
void ra_hints(const struct ra *ra, const struct ra_interval *it, s32 *weights);

/* ---- scan.c, slot.c, resolve.c ---- */
bool ra_scan(struct ra *ra);
bool ra_slots(struct ra *ra);
bool ra_resolve(struct ra *ra);

/* ---- edge.c ---- */
/* A new block on the edge by succ[@way] of @from. */
u32 ra_split_edge(struct ra *ra, u32 from, u32 way);
/* Gives the new blocks their places in fn->order. */
bool ra_place_edges(struct ra *ra);

/* ---- moves.c ---- */
struct ra_move {
	u16 from, to; /* from LOC_REMAT: made by the instruction .value */
	ir_ref value;
};

typedef VEC(struct ra_move) ra_moves;

/* Puts @moves in front of @before, so that all seem to happen at once. */
bool ra_emit_moves(struct ra *ra, ra_moves *moves, ir_ref before);

#endif
