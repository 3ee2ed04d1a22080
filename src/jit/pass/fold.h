/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of pass_fold. The walk (fold.c) visits blocks by dominance, so that
 * what was computed in a block is at hand in all that it dominates. Rules
 * (fold_*.c) look at one instruction whose operands have been through it.
 *
 * A rule returns the value that the instruction is equal to; or it changes the
 * instruction in place into a better one for the same value and says so by
 * fold_again(); or returns 0 and there is nothing to gain. New instructions come
 * from fold_make(), which simplifies them too and finds those that are there.
 */
#ifndef ANYBPF_JIT_PASS_FOLD_H
#define ANYBPF_JIT_PASS_FOLD_H

#include "base/vec.h"
#include "jit/pass/alias.h"
#include "jit/pass/range.h"

/*
 * How many entries back equal values are looked for. What was computed long ago
 * is seldom in a register any more, and what two far ends of a program have in
 * common would live all the way between: a program could be made to have any
 * number of values that live at once. The table stays in the caches, too.
 */
#define FOLD_WINDOW 1024

/* Something that holds in the blocks that the current one dominates. */
struct fold_entry {
	u32 hash, next;
	ir_ref key, value;
	u32 extra;
};

/* What to put back when the walk leaves a block. */
struct fold_undo {
	ir_ref ref;
	struct range was;
};

struct fold_scope {
	u32 last; /* number in the tree of the last block below */
	size_t entries, undos;
};

/* A number for what each kind holds: equal numbers, equal memory. */
struct fold_memory {
	u32 version[ALIAS_CNT];
};

struct fold {
	struct ir_fn *fn;
	const struct mem *mem;
	ir_ref at;    /* new instructions go before it */
	ir_ref fresh; /* the first number that is newer than the visit of it */
	bool changed, again, failed;
	bool *dead; /* by block: no longer reached */

	u32 *heads; /* of the hash table */
	u32 heads_mask;
	VEC(struct fold_entry) entries; /* at[0] is no entry */
	VEC(struct fold_undo) undos;
	VEC(struct fold_scope) scopes;
	VEC(u64) ones; /* by value: bits that may be set; 0: not known yet */

	struct fold_memory memory, *out; /* now, and at the end of each block */
	u8 *loop_writes;		 /* by header: BIT(kind) that the loop changes */
	u32 next_version;
};

typedef ir_ref (*fold_rule)(struct fold *f, struct ir_insn *insn);

/* ---- for rules ---- */

static inline struct ir_insn *fold_def(const struct fold *f, ir_ref ref)
{
	return ir_at(f->fn, ref);
}

static inline bool fold_const(const struct fold *f, ir_ref ref, u64 *value)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);

	*value = (u64)insn->imm;
	return insn->op == IR_CONST;
}

static inline bool fold_is(const struct fold *f, ir_ref ref, enum ir_op op, u8 width)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);

	return insn->op == op && insn->width == width;
}

/* Whether it is @op of that width with a constant on the right. */
static inline bool fold_is_by(const struct fold *f, ir_ref ref, enum ir_op op, u8 width, u64 *by)
{
	return fold_is(f, ref, op, width) && fold_const(f, ir_at(f->fn, ref)->arg[1], by);
}

/* The instruction at hand changed and is to be looked at again. */
static inline ir_ref fold_again(struct fold *f)
{
	f->again = true;
	return 0;
}

/* It becomes another operation for the same value. */
ir_ref fold_become(struct fold *f, struct ir_insn *insn, enum ir_op op, u8 width, ir_ref a,
		   ir_ref b);
ir_ref fold_become_by(struct fold *f, struct ir_insn *insn, enum ir_op op, u8 width, ir_ref a,
		      u64 by);

/* The value of a new instruction. */
ir_ref fold_make(struct fold *f, struct ir_insn insn);

static inline ir_ref fold_number(struct fold *f, u64 value)
{
	return ir_const(f->fn, value);
}

static inline ir_ref fold_binary(struct fold *f, enum ir_op op, u8 width, ir_ref a, ir_ref b)
{
	return fold_make(f, ir_binary(op, width, a, b));
}

static inline ir_ref fold_by(struct fold *f, enum ir_op op, u8 width, ir_ref a, u64 by)
{
	return fold_make(f, ir_binary(op, width, a, ir_const(f->fn, by)));
}

static inline ir_ref fold_unary(struct fold *f, enum ir_op op, u8 width, ir_ref a)
{
	return fold_make(f, ir_unary(op, width, a));
}

/* The value as a result of @width has it: without its upper half when that is 4. */
ir_ref fold_low(struct fold *f, ir_ref ref, u8 width);

/* Bits that may be set. */
u64 fold_ones(const struct fold *f, ir_ref ref);

/* ---- between the files ---- */

/* The value that is equal, or 0; the instruction may be changed. */
ir_ref fold_simplify(struct fold *f, struct ir_insn *insn);
/* What the condition comes to: 0, 1, or -1; it may be changed. */
int fold_condition(struct fold *f, struct ir_insn *insn);
/* What is known on the way from a branch by its succ[@way]. */
void fold_assume(struct fold *f, const struct ir_insn *branch, u32 way);
void fold_refine(struct fold *f, ir_ref ref, struct range range);

void fold_add_entry(struct fold *f, u32 hash, ir_ref key, ir_ref value, u32 extra);

/* @e if it is no older than what is looked for, else 0; older ones follow. */
static inline u32 fold_recent(const struct fold *f, u32 e)
{
	return e + FOLD_WINDOW >= f->entries.len ? e : 0;
}

/* Every entry that may have this hash. */
#define fold_each(f, hash, e)                                                                      \
	for (u32 e = fold_recent(f, (f)->heads[(hash) & (f)->heads_mask]); e;                      \
	     e = fold_recent(f, (f)->entries.at[e].next))

static inline u32 fold_mix(u32 hash, u32 value)
{
	u64 product = (hash ^ (u64)value << 32 ^ value) * 0x9e3779b97f4a7c15;

	return (u32)(product >> 32) ^ (u32)product;
}

bool fold_memory_open(struct fold *f);
void fold_memory_close(struct fold *f);
void fold_memory_enter(struct fold *f, u32 block);
void fold_memory_leave(struct fold *f, u32 block);
/* A load's value if it is known, or 0; stores and calls are noted. */
ir_ref fold_memory_access(struct fold *f, ir_ref ref);

/* Rules by the family of their operation; NULL: none. */
extern const fold_rule fold_arith_rules[IR_OP_CNT], fold_bits_rules[IR_OP_CNT],
	fold_flow_rules[IR_OP_CNT];

#endif
