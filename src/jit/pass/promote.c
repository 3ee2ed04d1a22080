/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stack slots become values. A slot is a row of bytes of the frame that loads
 * and stores overlap in, 8 at most, which nothing else reaches; its value is
 * those bytes as a number, the lowest address lowest. Loads take their part
 * of it, stores put theirs in. Where functions only read the bytes, as they do
 * with keys, the stores stay for them, and loads still take the value.
 *
 * Values meet in phis, made where a load first asks for one (Braun and others,
 * "Simple and Efficient Construction of Static Single Assignment Form"). Blocks
 * come in an order in which the only predecessor of a block precedes it; phis
 * get their operands at the end, when all blocks are done.
 */
#include "jit/pass/frame.h"
#include "jit/pass/pass.h"

#define SLOT_MAX 8
#define NO_SLOT	 UINT32_MAX
/*
 * Each slot may need a phi in each block where ways meet, and a value in each
 * block: beyond these numbers the stack stays in memory. A million
 * instructions would take gigabytes else.
 */
#define PHIS_MOST   (1u << 19)
#define VALUES_MOST (1u << 24)
/* After so many rounds phis of phis are left as they are. */
#define PHI_ROUNDS 8

struct stack_slot {
	u32 off;   /* of the frame's lowest byte */
	u32 size;  /* 1 to 8 */
	bool read; /* from memory, too: stores stay */
};

struct phi_todo {
	ir_ref phi;
	u32 slot;
};

struct promote {
	struct ir_fn *fn;
	struct frame_use use;
	u32 *slot_at; /* by byte of the frame */
	VEC(struct stack_slot) slots;
	/* By block: the slots' values at its end (of one under way: now); NULL: none yet. */
	ir_ref **values;
	VEC(struct phi_todo) phis;
	VEC(u32) way; /* of read_slot() */
};

/* ---- slots ---- */

enum byte_use { BYTE_UNUSED, BYTE_STARTS, BYTE_JOINED /* with the one before */ };

/* Bytes that one access covers belong together. */
static void join_bytes(struct promote *p, u8 *bytes)
{
	vec_each (&p->use.accesses, access) {
		if (!bytes[access->off])
			bytes[access->off] = BYTE_STARTS;
		for (u32 i = 1; i < ir_at(p->fn, access->ref)->size; i++)
			bytes[access->off + i] = BYTE_JOINED;
	}
}

/* FRAME_* of all that is done with the bytes in memory. */
static u8 in_memory(const struct promote *p, u32 off, u32 size)
{
	u8 how = 0;

	for (u32 i = off; i < off + size; i++)
		how |= p->use.in_memory[i];
	return how;
}

static bool find_slots(struct promote *p)
{
	const struct mem *mem = p->fn->arena->mem;
	u32 size = p->use.size, end;
	u8 *bytes = mem_zalloc_array(mem, size + 1, sizeof(*bytes));
	bool ok = bytes;

	if (!ok)
		return false;
	join_bytes(p, bytes);
	for (u32 at = 0; at < size && ok; at = end) {
		struct stack_slot slot = {.off = at};

		for (end = at + 1; end < size && bytes[end] == BYTE_JOINED;)
			end++;
		slot.size = end - at;
		if (!bytes[at] || slot.size > SLOT_MAX ||
		    in_memory(p, at, slot.size) & FRAME_WRITTEN)
			continue;
		slot.read = in_memory(p, at, slot.size);
		for (u32 i = at; i < end; i++)
			p->slot_at[i] = (u32)p->slots.len;
		ok = vec_push(&p->slots, mem, slot);
	}
	mem_free(mem, bytes);
	return ok;
}

/* ---- values at blocks ---- */

static ir_ref *block_values(struct promote *p, u32 block)
{
	if (!p->values[block])
		p->values[block] = arena_zalloc_array(p->fn->arena, p->slots.len, sizeof(ir_ref));
	if (!p->values[block])
		p->fn->failed = true;
	return p->values[block];
}

static void write_slot(struct promote *p, u32 block, u32 slot, ir_ref value)
{
	ir_ref *values = block_values(p, block);

	if (values)
		values[slot] = value;
}

static u64 low_bits(u32 n)
{
	return n >= 64 ? UINT64_MAX : BIT_ULL(n) - 1;
}

static ir_ref new_phi(struct promote *p, u32 block, u32 slot)
{
	ir_ref phi = ir_phi(p->fn, block);
	struct phi_todo todo = {phi, slot};

	ir_at(p->fn, phi)->umax = low_bits(8 * p->slots.at[slot].size);
	if (!vec_push(&p->phis, p->fn->arena->mem, todo))
		p->fn->failed = true;
	return phi;
}

/* The slot's value at the end of @block, or now if it is under way. */
static ir_ref read_slot(struct promote *p, u32 block, u32 slot)
{
	struct ir_fn *fn = p->fn;
	ir_ref value = 0;

	p->way.len = 0;
	while (!value && !fn->failed) {
		const struct ir_block *b = ir_block(fn, block);

		if (p->values[block])
			value = p->values[block][slot];
		if (value)
			break;
		if (b->npreds == 1) {
			if (!vec_push(&p->way, fn->arena->mem, block))
				fn->failed = true;
			block = b->preds[0];
			continue;
		}
		/* What was never stored is any value: 0 is one that folds well. */
		value = b->npreds ? new_phi(p, block, slot) : ir_const(fn, 0);
		write_slot(p, block, slot, value);
	}
	value = ir_resolve(fn, value);
	vec_each (&p->way, passed)
		write_slot(p, *passed, slot, value);
	return value;
}

/* ---- parts of values ---- */

struct part {
	u32 slot;
	u32 shift, bits; /* of the part within the slot */
	u32 slot_bits;
};

static ir_ref emit(struct promote *p, ir_ref before, enum ir_op op, ir_ref a, ir_ref b, u64 umax)
{
	struct ir_insn insn = ir_binary(op, 8, a, b);

	insn.umax = umax;
	insn.pc = ir_at(p->fn, before)->pc;
	return ir_insert(p->fn, before, insn);
}

static ir_ref emit_number(struct promote *p, ir_ref before, enum ir_op op, ir_ref a, u64 b,
			  u64 umax)
{
	return emit(p, before, op, a, ir_const(p->fn, b), umax);
}

/* The low bits of a value, with nothing above. */
static ir_ref zero_extend(struct promote *p, ir_ref before, ir_ref value, u32 bits)
{
	enum ir_op op = bits == 8 ? IR_ZEXT8 : bits == 16 ? IR_ZEXT16 : IR_ZEXT32;
	const struct ir_insn *insn = ir_at(p->fn, value);

	if (insn->op == IR_CONST)
		return ir_const(p->fn, (u64)insn->imm & low_bits(bits));
	if (insn->umax <= low_bits(bits) || (bits == 32 && ir_upper_zero(p->fn, value)))
		return value;
	return emit(p, before, op, value, 0, low_bits(bits));
}

static ir_ref sign_extend(struct promote *p, ir_ref load, ir_ref value, u32 bits)
{
	enum ir_op op = bits == 8 ? IR_SEXT8 : bits == 16 ? IR_SEXT16 : IR_SEXT32;
	u8 width = ir_at(p->fn, load)->width;
	struct ir_insn insn = ir_unary(op, width, value);

	if (bits == 32 && width == 4)
		return zero_extend(p, load, value, bits);
	insn.pc = ir_at(p->fn, load)->pc;
	return ir_insert(p->fn, load, insn);
}

static void replace_load(struct promote *p, ir_ref load, const struct part *part)
{
	const struct ir_insn *insn = ir_at(p->fn, load);
	ir_ref value = read_slot(p, insn->block, part->slot);

	if (part->shift)
		value = emit_number(p, load, IR_SHR, value, part->shift,
				    low_bits(part->slot_bits - part->shift));
	if (part->bits < 64 && insn->flags & IR_SEXT)
		value = sign_extend(p, load, value, part->bits);
	else if (part->shift + part->bits < part->slot_bits)
		value = zero_extend(p, load, value, part->bits);
	ir_replace(p->fn, load, value);
}

/* The slot's value with the part's bits 0; @old's range may tell that they are. */
static ir_ref clear_part(struct promote *p, ir_ref store, ir_ref old, const struct part *part)
{
	const struct ir_insn *insn = ir_at(p->fn, old);
	u64 mask = low_bits(part->bits) << part->shift;

	if (insn->op == IR_CONST)
		return ir_const(p->fn, (u64)insn->imm & ~mask);
	if (insn->umax <= low_bits(part->shift))
		return old;
	return emit_number(p, store, IR_AND, old, ~mask & low_bits(part->slot_bits),
			   insn->umax < low_bits(part->slot_bits) ? insn->umax
								  : low_bits(part->slot_bits));
}

static void replace_store(struct promote *p, ir_ref store, const struct part *part)
{
	struct ir_fn *fn = p->fn;
	u32 block = ir_at(fn, store)->block;
	ir_ref value = ir_resolve(fn, ir_at(fn, store)->arg[2]), old;

	if (part->bits < 64)
		value = zero_extend(p, store, value, part->bits);
	if (part->bits < part->slot_bits) {
		old = clear_part(p, store, read_slot(p, block, part->slot), part);
		if (part->shift && !ir_is_const_of(fn, value, 0))
			value = emit_number(p, store, IR_SHL, value, part->shift,
					    low_bits(part->shift + part->bits));
		if (!ir_is_const_of(fn, old, 0)) {
			u32 bits = bit_width(ir_at(fn, old)->umax | ir_at(fn, value)->umax);

			value = emit(p, store, IR_OR, old, value, low_bits(bits));
		}
	}
	write_slot(p, block, part->slot, value);
	if (!p->slots.at[part->slot].read)
		ir_remove(fn, store);
}

static void replace_access(struct promote *p, const struct frame_access *access)
{
	const struct ir_insn *insn = ir_at(p->fn, access->ref);
	const struct stack_slot *slot;
	struct part part = {.slot = p->slot_at[access->off]};

	if (part.slot == NO_SLOT)
		return;
	slot = &p->slots.at[part.slot];
	part.shift = 8 * (access->off - slot->off);
	part.bits = 8 * insn->size;
	part.slot_bits = 8 * slot->size;
	if (insn->op == IR_LOAD)
		replace_load(p, access->ref, &part);
	else
		replace_store(p, access->ref, &part);
}

/* ---- phis ---- */

static void fill_phis(struct promote *p)
{
	for (u32 i = 0; i < p->phis.len && !p->fn->failed; i++) { /* more may come */
		struct phi_todo todo = p->phis.at[i];
		const struct ir_block *b = ir_block(p->fn, ir_at(p->fn, todo.phi)->block);

		for (u32 k = 0; k < b->npreds; k++) {
			ir_ref value = read_slot(p, b->preds[k], todo.slot);

			ir_at(p->fn, todo.phi)->phi[k] = value;
		}
	}
}

static void drop_phis(struct promote *p)
{
	bool changed = true;

	for (u32 round = 0; changed && round < PHI_ROUNDS; round++) {
		changed = false;
		vec_each (&p->phis, todo) {
			ir_ref one = ir_at(p->fn, todo->phi)->op == IR_PHI
					     ? ir_phi_value(p->fn, todo->phi)
					     : 0;

			if (one)
				ir_replace(p->fn, todo->phi, one);
			changed |= one;
		}
	}
}

/* ---- the pass ---- */

/* The frame needs to reach down only as far as something is still there. */
static void shrink_frame(struct promote *p)
{
	u32 lowest = p->use.size;

	for (u32 i = 0; i < p->use.size && lowest == p->use.size; i++)
		if (p->use.in_memory[i])
			lowest = i;
	vec_each (&p->use.accesses, access) {
		u32 slot = p->slot_at[access->off];

		if ((slot == NO_SLOT || p->slots.at[slot].read) && access->off < lowest)
			lowest = access->off;
	}
	p->fn->frame_size = ROUND_UP(p->use.size - lowest, 8u);
}

static bool is_too_much(const struct promote *p)
{
	const struct ir_fn *fn = p->fn;
	u64 joins = 0;

	ir_each_block (fn, b)
		joins += ir_block(fn, b)->npreds > 1;
	return joins * p->slots.len > PHIS_MOST || (u64)fn->nblocks * p->slots.len > VALUES_MOST;
}

static bool promote(struct promote *p)
{
	struct ir_fn *fn = p->fn;

	p->slot_at = arena_alloc(fn->arena, (p->use.size + 1) * sizeof(*p->slot_at));
	p->values = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*p->values));
	if (!p->slot_at || !p->values) {
		fn->failed = true;
		return false;
	}
	for (u32 i = 0; i <= p->use.size; i++)
		p->slot_at[i] = NO_SLOT;
	if (!find_slots(p)) {
		fn->failed = true;
		return false;
	}
	if (is_too_much(p))
		return false;
	for (u32 i = 0; i < p->use.accesses.len && !fn->failed; i++)
		replace_access(p, &p->use.accesses.at[i]);
	fill_phis(p);
	drop_phis(p);
	shrink_frame(p);
	return p->slots.len;
}

bool pass_promote(struct ir_fn *fn)
{
	struct promote p = {.fn = fn};
	bool changed = false;

	if (!fn->frame_size)
		return false;
	if (frame_use_find(&p.use, fn)) {
		fn->failed = true;
		return false;
	}
	if (!p.use.escapes && !fn->failed)
		changed = promote(&p);
	frame_use_free(&p.use);
	vec_free(&p.slots, fn->arena->mem);
	vec_free(&p.phis, fn->arena->mem);
	vec_free(&p.way, fn->arena->mem);
	return changed;
}
