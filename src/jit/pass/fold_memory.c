/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads of what is known: a load or store of the same bytes stands before,
 * and nothing that may change them between. Each kind of memory has a version
 * number that writes change. Where ways meet it stays if all agree; at the
 * header of a loop if the loop does not write the kind.
 */
#include <string.h>

#include "jit/pass/fold.h"

/* ---- versions ---- */

bool fold_memory_open(struct fold *f)
{
	f->out = mem_zalloc_array(f->mem, f->fn->nblocks, sizeof(*f->out));
	f->loop_writes = mem_zalloc_array(f->mem, f->fn->nblocks, sizeof(*f->loop_writes));
	if (!f->out || !f->loop_writes)
		return false;
	alias_loop_writes(f->fn, f->loop_writes);
	return true;
}

void fold_memory_close(struct fold *f)
{
	mem_free(f->mem, f->out);
	mem_free(f->mem, f->loop_writes);
}

/* Whether memory of the kind at the start of @block is what all ways there have; then @version. */
static bool kind_agrees(const struct fold *f, u32 block, u32 kind, u32 *version)
{
	const struct ir_block *b = ir_block(f->fn, block);

	*version = 0;
	for (u32 i = 0; i < b->npreds; i++) {
		u32 pred = b->preds[i], there = f->out[pred].version[kind];

		if (ir_block(f->fn, pred)->order >= b->order) {
			if (!ir_dominates(f->fn, block, pred) || f->loop_writes[block] & BIT(kind))
				return false;
			continue;
		}
		if (!there || (*version && *version != there))
			return false;
		*version = there;
	}
	return *version;
}

void fold_memory_enter(struct fold *f, u32 block)
{
	for (u32 kind = 0; kind < ALIAS_CNT; kind++) {
		u32 version;

		if (!kind_agrees(f, block, kind, &version))
			version = ++f->next_version;
		f->memory.version[kind] = version;
	}
}

void fold_memory_leave(struct fold *f, u32 block)
{
	f->out[block] = f->memory;
}

static void note_write(struct fold *f, const struct ir_insn *insn)
{
	u8 kinds = alias_written(insn);

	for (u32 kind = 0; kind < ALIAS_CNT; kind++)
		if (kinds & BIT(kind))
			f->memory.version[kind] = ++f->next_version;
}

/* ---- accesses ---- */

/*
 * Table entries of memory differ from others by the lowest bits of the hash. The
 * version is part of it: accesses of one address with writes between them would
 * all be in one chain.
 */
static u32 address_hash(const struct fold *f, const struct ir_insn *insn)
{
	u32 hash = fold_mix(insn->arg[0], insn->arg[1]);

	hash = fold_mix(hash, f->memory.version[alias_of(insn)]);
	hash = fold_mix(hash, (u32)insn->disp);
	return (fold_mix(hash, insn->size | (u32)insn->scale << 8) & ~3u) | 1;
}

static bool same_address(const struct ir_insn *a, const struct ir_insn *b)
{
	return a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->disp == b->disp &&
	       a->scale == b->scale && a->size == b->size;
}

static ir_ref find_memory(const struct fold *f, const struct ir_insn *insn, u32 hash)
{
	u32 version = f->memory.version[alias_of(insn)];

	fold_each (f, hash, e) {
		const struct fold_entry *entry = &f->entries.at[e];
		const struct ir_insn *key = ir_at(f->fn, entry->key);

		if (entry->hash == hash && entry->extra == version && same_address(key, insn) &&
		    alias_of(key) == alias_of(insn))
			return entry->value;
	}
	return 0;
}

/* What a load gives when memory holds the low bytes of @value. */
static ir_ref loaded(struct fold *f, const struct ir_insn *load, ir_ref value)
{
	static const u8 zero[] = {[1] = IR_ZEXT8, [2] = IR_ZEXT16, [4] = IR_ZEXT32};
	static const u8 sign[] = {[1] = IR_SEXT8, [2] = IR_SEXT16, [4] = IR_SEXT32};

	if (load->size == 8)
		return value;
	if (!(load->flags & IR_SEXT))
		return fold_unary(f, zero[load->size], 8, value);
	if (load->size == 4 && load->width == 4)
		return fold_unary(f, IR_ZEXT32, 8, value);
	return fold_unary(f, sign[load->size], load->width, value);
}

ir_ref fold_memory_access(struct fold *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);
	bool plain = (insn->op == IR_LOAD || insn->op == IR_STORE) &&
		     !(insn->flags & (IR_VOLATILE | IR_PROBE));
	u32 hash;
	ir_ref value;

	note_write(f, insn);
	if (!plain)
		return 0;
	hash = address_hash(f, insn);
	if (insn->op == IR_LOAD) {
		value = find_memory(f, insn, hash);
		if (value)
			return loaded(f, insn, value);
	}
	fold_add_entry(f, hash, ref, insn->op == IR_LOAD ? ref : insn->arg[2],
		       f->memory.version[alias_of(insn)]);
	return 0;
}
