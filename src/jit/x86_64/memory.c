/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads become operands of their only user, and a load, an operation and a
 * store of one place become one instruction that changes memory. Both move
 * the load to its user, over nothing that may write what it reads.
 *
 * Loads and stores of numbers in the other byte order become movbe.
 */
#include "jit/x86_64/x86_64.h"

struct moving {
	struct ir_fn *fn;
	u32 *at;   /* by value: its number in the order of this walk */
	u32 now;   /* of the instruction at hand */
	u32 block; /* number of the block's start */
	/* Number of the last instruction that may have written each kind of memory, and any. */
	u32 written[MEM_KERNEL + 1], private_written, all_written;
};

/* ---- what lies between ---- */

/* Kinds that share no memory with each other, and with no other kind but those below. */
static bool is_apart(u8 mem)
{
	return mem == MEM_STACK || mem == MEM_CTX || mem == MEM_PACKET || mem == MEM_MAP_VALUE;
}

static void note_write(struct moving *m, const struct ir_insn *insn)
{
	u16 flags = ir_flags(insn);

	if (!(flags & IR_OP_WRITE))
		return;
	if (!(flags & IR_OP_MEM))
		m->all_written = m->now; /* calls, fences */
	else if (insn->flags & IR_UNALIASED)
		m->private_written = m->now;
	else if (is_apart(insn->mem))
		m->written[insn->mem] = m->now;
	else
		m->written[MEM_NONE] = m->now;
}

/* The last instruction that may have changed what the load reads. */
static u32 last_write(const struct moving *m, const struct ir_insn *load)
{
	u32 last = m->all_written;

	if (load->flags & IR_UNALIASED)
		return last > m->private_written ? last : m->private_written;
	if (m->written[MEM_NONE] > last)
		last = m->written[MEM_NONE];
	for (u32 mem = 0; mem <= MEM_KERNEL; mem++) {
		if ((mem == load->mem || !is_apart(load->mem)) && m->written[mem] > last)
			last = m->written[mem];
	}
	return last;
}

/* A plain load that may be done here as well, and that nobody else asks for. */
static struct ir_insn *movable(const struct moving *m, ir_ref ref)
{
	struct ir_insn *load = ir_at(m->fn, ref);

	if (!ref || load->op != IR_LOAD || load->uses != 1 || load->target)
		return NULL;
	if (load->flags & (IR_PROBE | IR_SEXT) || m->at[ref] <= m->block)
		return NULL;
	return m->at[ref] > last_write(m, load) ? load : NULL;
}

/* ---- a load as operand ---- */

/* @insn reads operand @i from where @load does; @load goes away. */
static void fold_load(struct moving *m, struct ir_insn *insn, u32 i, u8 size)
{
	ir_ref ref = insn->arg[i];
	const struct ir_insn *load = ir_at(m->fn, ref);
	u32 base = x86_folded_at(insn);

	insn->target = i ? X86_MEM_ARG1 : X86_MEM_ARG0;
	insn->arg[i] = 0;
	insn->arg[base] = load->arg[0];
	insn->arg[base + 1] = load->arg[1];
	insn->nargs = (u8)(base + 2);
	insn->scale = load->scale;
	insn->disp = load->disp;
	insn->size = size;
	ir_remove(m->fn, ref);
}

static void fold_into_alu(struct moving *m, struct ir_insn *insn)
{
	const struct ir_insn *load = movable(m, insn->arg[1]);
	bool literal = ir_is_literal(m->fn, insn->arg[1]);

	if (!load && ir_flags(insn) & IR_OP_COMM && !literal && movable(m, insn->arg[0])) {
		jit_swap_args(insn);
		load = ir_at(m->fn, insn->arg[1]);
	}
	if (load && load->size >= insn->width)
		fold_load(m, insn, 1, insn->width);
}

/*
 * Not with a literal, though there is a form for it: what was stored just before
 * reaches a load of its own at once, and that form after some eight cycles.
 */
static void fold_into_mul(struct moving *m, struct ir_insn *insn)
{
	if (!ir_is_literal(m->fn, insn->arg[1]))
		fold_into_alu(m, insn);
}

/* ---- comparisons ---- */

/* What compares numbers below 2^31 as unsigned ones. */
static u8 unsigned_cc(u8 cc)
{
	switch (cc) {
	case IR_SLT:
		return IR_ULT;
	case IR_SGE:
		return IR_UGE;
	case IR_SLE:
		return IR_ULE;
	case IR_SGT:
		return IR_UGT;
	default:
		return cc;
	}
}

/* Bits of which a test reads no more than is loaded. */
static bool fits_test(const struct ir_insn *load, u64 bits)
{
	if (load->size == 2) /* as an immediate of 2 bytes it makes processors stumble */
		return bits <= UINT8_MAX || (bits <= UINT16_MAX && !(bits & UINT8_MAX));
	return load->size == 8 || bits < BIT_ULL(8 * load->size);
}

/* Against a literal: of as many bytes as are loaded. */
static void fold_compare_literal(struct moving *m, struct ir_insn *insn, const struct ir_insn *load)
{
	bool test = insn->cc == IR_TEST || insn->cc == IR_NTEST;
	u64 value = (u64)ir_at(m->fn, insn->arg[1])->imm;
	u64 most = load->size == 1 ? UINT8_MAX : INT8_MAX;

	if (insn->cmp_width == 4)
		value = (u32)value;
	if (test) {
		if (fits_test(load, value) && x86_encodable(m->fn, insn, 1))
			fold_load(m, insn, 0, load->size);
	} else if (load->size >= insn->cmp_width) {
		if (x86_encodable(m->fn, insn, 1))
			fold_load(m, insn, 0, insn->cmp_width);
	} else if (value <= most && load->size < 4) {
		insn->cc = unsigned_cc(insn->cc);
		insn->cmp_width = load->size & 0xfu;
		fold_load(m, insn, 0, load->size);
	}
}

static void fold_into_compare(struct moving *m, struct ir_insn *insn)
{
	const struct ir_insn *load;

	if (ir_is_const(m->fn, insn->arg[1])) {
		load = movable(m, insn->arg[0]);
		if (load)
			fold_compare_literal(m, insn, load);
		return;
	}
	for (u32 i = 2; i-- > 0;) {
		load = movable(m, insn->arg[i]);
		if (load && load->size >= insn->cmp_width && insn->arg[0] != insn->arg[1]) {
			fold_load(m, insn, i, insn->cmp_width);
			return;
		}
	}
}

/* ---- memory changed in place ---- */

static bool same_place(const struct ir_insn *a, const struct ir_insn *b)
{
	return a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->scale == b->scale &&
	       a->disp == b->disp && a->size == b->size &&
	       (a->flags & IR_UNALIASED) == (b->flags & IR_UNALIASED);
}

static u8 modify_mark(u8 op)
{
	switch (op) {
	case IR_ADD:
		return X86_RMW_ADD;
	case IR_SUB:
		return X86_RMW_SUB;
	case IR_AND:
		return X86_RMW_AND;
	case IR_OR:
		return X86_RMW_OR;
	case IR_XOR:
		return X86_RMW_XOR;
	default:
		return X86_PLAIN;
	}
}

/* Whether @ref can be the other operand: in a register, or as a literal. */
static bool modifies_by(const struct ir_fn *fn, const struct ir_insn *store, ir_ref ref)
{
	if (!ir_is_const(fn, ref))
		return !ir_is_literal(fn, ref);
	switch (store->size) {
	case 8:
		return fits_s32(ir_at(fn, ref)->imm);
	case 2: /* an immediate of 2 bytes makes processors stumble */
		return fits_s8(ir_at(fn, ref)->imm);
	default:
		return true;
	}
}

static void fold_modify(struct moving *m, struct ir_insn *store)
{
	ir_ref ref = store->arg[2];
	struct ir_insn *op = ir_at(m->fn, ref), *load = NULL;
	u8 mark = modify_mark(op->op);

	if (!mark || op->uses != 1 || op->target || m->at[ref] <= m->block ||
	    op->width < (store->size == 8 ? 8 : 4))
		return;
	load = movable(m, op->arg[0]);
	if ((!load || !same_place(load, store)) && ir_flags(op) & IR_OP_COMM &&
	    !ir_is_literal(m->fn, op->arg[1])) {
		load = movable(m, op->arg[1]);
		if (load && same_place(load, store))
			jit_swap_args(op);
	}
	if (!load || !same_place(load, store) || !modifies_by(m->fn, store, op->arg[1]))
		return;
	store->target = mark;
	store->arg[2] = op->arg[1];
	ir_remove(m->fn, op->arg[0]);
	ir_remove(m->fn, ref);
}

/* ---- the other byte order ---- */

static u8 swapped_size(u8 op)
{
	return op == IR_BSWAP64 ? 8 : op == IR_BSWAP32 ? 4 : op == IR_BSWAP16 ? 2 : 0;
}

/* The load itself does it, where it is; 2 bytes would leave the rest of the register. */
static void fold_swapped_load(struct moving *m, ir_ref ref)
{
	struct ir_insn *swap = ir_at(m->fn, ref), *load = ir_at(m->fn, swap->arg[0]);
	u8 size = swapped_size(swap->op);

	if (size < 4 || load->op != IR_LOAD || load->uses != 1 || load->size != size ||
	    load->target || load->flags & (IR_PROBE | IR_SEXT))
		return;
	load->target = X86_SWAPPED;
	load->umin = swap->umin;
	load->umax = swap->umax;
	load->uses = swap->uses;
	ir_replace(m->fn, ref, swap->arg[0]);
}

static void fold_swapped_store(struct moving *m, struct ir_insn *store)
{
	ir_ref ref = store->arg[2];
	const struct ir_insn *swap = ir_at(m->fn, ref);

	if (swapped_size(swap->op) != store->size || swap->uses != 1)
		return;
	store->target = X86_SWAPPED;
	store->arg[2] = swap->arg[0];
	ir_remove(m->fn, ref);
}

/* ---- all of it ---- */

static void fold_store(struct moving *m, ir_ref ref)
{
	struct ir_insn *insn = ir_at(m->fn, ref);

	if (insn->op == IR_STORE)
		fold_modify(m, insn);
}

static void fold_others(struct moving *m, ir_ref ref)
{
	struct ir_insn *insn = ir_at(m->fn, ref);
	bool movbe = x86_has(m->fn, X86_MOVBE);

	if (ir_flags(insn) & IR_OP_CC)
		fold_into_compare(m, insn);
	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
		fold_into_alu(m, insn);
		break;
	case IR_MUL:
		fold_into_mul(m, insn);
		break;
	case IR_STORE:
		if (movbe && !insn->target)
			fold_swapped_store(m, insn);
		break;
	case IR_BSWAP32:
	case IR_BSWAP64:
		if (movbe)
			fold_swapped_load(m, ref);
		break;
	default:
		break;
	}
}

static void walk(struct ir_fn *fn, u32 *at, void (*fold)(struct moving *m, ir_ref ref))
{
	struct moving m = {.fn = fn, .at = at};

	ir_each_block (fn, b) {
		m.block = ++m.now;
		ir_each (fn, b, ref) {
			at[ref] = ++m.now;
			fold(&m, ref);
			note_write(&m, ir_at(fn, ref));
		}
	}
}

void x86_fold_memory(struct ir_fn *fn)
{
	u32 *at = arena_zalloc_array(fn->arena, fn->ninsns, sizeof(*at));

	if (!at) {
		fn->failed = true;
		return;
	}
	/* Changes in place first: their loads would go into the operations else. */
	walk(fn, at, fold_store);
	walk(fn, at, fold_others);
}
