/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays and per-CPU arrays in place: an element's address is the region's,
 * which stays where it is, and a multiple of the index. (What is known of the
 * index folds the check away later.)
 */
#include <errno.h>

#include "helper/helper.h"
#include "jit/pass/maps.h"
#include "map/array.h"

/* Values up to this size are stored in place. */
#define UPDATE_MAX 32

static bool percpu(const struct map_call *c)
{
	return c->map->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static ir_ref multiple(const struct map_call *c, ir_ref number, u64 by)
{
	if (by & (by - 1))
		return map_emit(c, ir_binary(IR_MUL, 8, number, ir_const(c->fn, by)));
	by = (u64)__builtin_ctzll(by);
	return map_emit(c, ir_binary(IR_SHL, 8, number, ir_const(c->fn, by)));
}

static ir_ref entries(const struct map_call *c)
{
	return ir_const(c->fn, c->map->desc.max_entries);
}

/*
 * Where the loader may not see addresses: 0 for an index beyond the end, so
 * that a processor that runs ahead of the check reads no other memory
 * (docs/adr/0007-speculation.md).
 */
static ir_ref masked(const struct map_call *c, ir_ref key)
{
	const struct jit_options *options = c->fn->unit->options;
	ir_ref within;

	if (!options || !options->masks)
		return key;
	key = map_emit(c, ir_unary(IR_HIDE, 8, key));
	within = map_emit(c, ir_binary(IR_SUB, 8, key, entries(c)));
	within = map_emit(c, ir_binary(IR_SAR, 8, within, ir_const(c->fn, 63)));
	return map_emit(c, ir_binary(IR_AND, 8, key, within));
}

static ir_ref element(const struct map_call *c, ir_ref key, ir_ref cpu)
{
	const struct array_map *array = array_map_of(c->map);
	ir_ref base = ir_addr(c->fn, SYM_MAP_VALUE, c->index, 0, (u64)(uintptr_t)array->values);

	if (percpu(c))
		base = map_emit(c, ir_binary(IR_ADD, 8, multiple(c, cpu, array->cpu_stride), base));
	key = multiple(c, masked(c, key), array->stride);
	return map_emit(c, ir_binary(IR_ADD, 8, key, base));
}

bool map_array_lookup(const struct map_call *c, struct map_found *found)
{
	ir_ref key = map_load_arg(c, 1, 0, sizeof(u32)), cpu = 0;

	if (c->kind == MAP_CALL_LOOKUP_PERCPU)
		cpu = map_emit(c, ir_unary(IR_ZEXT32, 8, map_call_arg(c, 2)));
	else if (percpu(c))
		cpu = map_run_cpu(c);
	found->cc = IR_ULT;
	found->cmp_width = 4;
	found->a = key;
	found->b = entries(c);
	found->address = element(c, key, cpu);
	if (c->kind == MAP_CALL_LOOKUP_PERCPU) {
		/* Null for a CPU that is not there: an index that is not there either. */
		ir_ref cpus = ir_const(c->fn, c->map->obj.host->env.nr_cpus);

		found->a = map_emit(
			c, ir_select(IR_ULT, 4, cpu, cpus, key, ir_const(c->fn, UINT32_MAX)));
	}
	return true;
}

/* ---- updates ---- */

/* The value in pieces as large as they can be: each is whole for others that look. */
static u32 pieces(u32 size, u32 *off, u8 *bytes)
{
	u32 n = 0;

	for (u32 at = 0; at < size; n++) {
		u32 piece = 8;

		while (piece > size - at)
			piece /= 2;
		off[n] = at;
		bytes[n] = (u8)piece;
		at += piece;
	}
	return n;
}

/* Loads the value, before the call, and stores it at the end of @block. */
static void copy_value(const struct map_call *c, ir_ref address, u32 block)
{
	u32 off[UPDATE_MAX / 8 + 3], n;
	u8 bytes[UPDATE_MAX / 8 + 3];
	ir_ref part[UPDATE_MAX / 8 + 3];

	n = pieces(c->map->desc.value_size, off, bytes);
	for (u32 i = 0; i < n; i++)
		part[i] = map_load_arg(c, 2, off[i], bytes[i]);
	for (u32 i = 0; i < n; i++) {
		struct ir_insn store =
			ir_store(bytes[i], address, (s32)off[i], part[i], MEM_MAP_VALUE);

		store.map = (u16)c->index;
		store.pc = map_call_insn(c)->pc;
		ir_append(c->fn, block, store);
	}
}

bool map_array_update(const struct map_call *c)
{
	struct ir_fn *fn = c->fn;
	ir_ref flags = map_call_arg(c, 3), key, address, result;
	u32 block = map_call_insn(c)->block, store, rest;

	if (c->map->fields.mask || c->map->desc.value_size > UPDATE_MAX ||
	    !(ir_is_const_of(fn, flags, BPF_ANY) || ir_is_const_of(fn, flags, BPF_EXIST)))
		return false;
	key = map_load_arg(c, 1, 0, sizeof(u32));
	address = element(c, key, percpu(c) ? map_run_cpu(c) : 0);
	store = ir_new_block(fn);
	if (fn->failed)
		return true;
	copy_value(c, address, store);
	rest = ir_block_split(fn, block, c->ref);
	ir_jmp(fn, store, rest);
	ir_remove(fn, ir_block(fn, block)->last);
	ir_edge_remove(fn, block, rest);
	ir_block(fn, block)->nsucc = 0;
	ir_br(fn, block, IR_ULT, 4, key, entries(c), store, rest);
	result = ir_phi(fn, rest);
	if (fn->failed)
		return true;
	ir_at(fn, result)->phi[0] = ir_const(fn, 0);
	ir_at(fn, result)->phi[1] = ir_const(fn, (u64)-E2BIG);
	ir_replace(fn, c->ref, result);
	return true;
}
