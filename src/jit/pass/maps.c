/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of map helpers whose map is known: arrays are looked up in place, hash
 * tables by functions for their size of key, all else calls the function of
 * the map's type directly.
 *
 * First come lookups in arrays, which change no blocks: a look for a null
 * result right behind becomes the check of the index, and the address is
 * computed only where it is not null. Then comes what makes new blocks.
 */
#include "jit/pass/maps.h"

#include <string.h>

#include "jit/pass/frame.h"

/* ---- calls ---- */

static const u32 helper_kinds[][2] = {
	{HELPER_map_lookup_elem, MAP_CALL_LOOKUP},
	{HELPER_map_lookup_percpu_elem, MAP_CALL_LOOKUP_PERCPU},
	{HELPER_map_update_elem, MAP_CALL_UPDATE},
	{HELPER_map_delete_elem, MAP_CALL_DELETE},
};

static enum map_call_kind call_kind(u32 helper)
{
	for (u32 i = 0; i < ARRAY_SIZE(helper_kinds); i++)
		if (helper_kinds[i][0] == helper)
			return (enum map_call_kind)helper_kinds[i][1];
	return MAP_CALL_CNT;
}

/* Whether the instruction is a call of a map helper on one map that is known now. */
static bool map_call_at(struct ir_fn *fn, ir_ref ref, struct map_call *c)
{
	const struct ir_insn *insn = ir_at(fn, ref), *map;
	const struct ir_sym *sym;

	if (insn->op != IR_CALL || insn->nargs < IR_MAX_ARGS)
		return false;
	sym = &fn->syms[insn->sym];
	if (sym->kind != SYM_HELPER)
		return false;
	*c = (struct map_call){.fn = fn, .ref = ref, .kind = call_kind(sym->index)};
	map = ir_at(fn, ir_resolve(fn, insn->arg[0]));
	if (c->kind == MAP_CALL_CNT || map->op != IR_ADDR)
		return false;
	sym = &fn->syms[map->sym];
	if (sym->kind != SYM_MAP || sym->addend || sym->index >= fn->unit->prog->map_cnt)
		return false;
	c->index = sym->index;
	c->map = fn->unit->prog->maps[sym->index];
	/* Who will run code that is for a file may have another number of CPUs. */
	return c->kind != MAP_CALL_LOOKUP_PERCPU || !fn->unit->aot;
}

ir_ref map_emit(const struct map_call *c, struct ir_insn insn)
{
	insn.pc = map_call_insn(c)->pc;
	return ir_insert(c->fn, c->ref, insn);
}

ir_ref map_load_arg(const struct map_call *c, u32 arg, u32 off, u8 size)
{
	ir_ref base = map_call_arg(c, arg);
	bool stack = frame_address(c->fn, base, NULL);
	struct ir_insn load = ir_load(size, base, (s32)off, stack ? MEM_STACK : MEM_MIXED);

	if (!stack)
		load.flags |= IR_VOLATILE;
	return map_emit(c, load);
}

ir_ref map_run_cpu(const struct map_call *c)
{
	struct ir_insn load = ir_load(sizeof(u32), map_call_arg(c, 5),
				      (s32)offsetof(struct run, cpu), MEM_KERNEL);

	load.flags |= IR_UNALIASED;
	return map_emit(c, load);
}

static u64 op_address(const struct map *map, size_t op)
{
	u64 address;

	memcpy(&address, (const u8 *)map->ops + op, sizeof(address));
	return address;
}

static void call_other(const struct map_call *c, u32 sym, const ir_ref *args, u32 n)
{
	struct ir_insn *insn = map_call_insn(c);

	insn->sym = sym;
	insn->nargs = (u8)n;
	memset(insn->arg, 0, sizeof(insn->arg));
	memcpy(insn->arg, args, n * sizeof(*args));
}

void map_call_op(const struct map_call *c, size_t op, const ir_ref *args, u32 n)
{
	u32 sym = ir_sym(c->fn, SYM_MAP_OP, c->index, (s64)op, op_address(c->map, op));

	call_other(c, sym, args, n);
}

void map_call_runtime(const struct map_call *c, enum jit_runtime which, const ir_ref *args, u32 n)
{
	call_other(c, ir_runtime(c->fn, which), args, n);
}

/* ---- direct calls ---- */

/* The function's result is an int: what programs see of it. The call's uses become that. */
static void extend_result(const struct map_call *c)
{
	struct ir_insn call = *map_call_insn(c);
	ir_ref direct;

	call.umin = 0;
	call.umax = UINT64_MAX;
	direct = ir_insert(c->fn, c->ref, call);
	ir_replace(c->fn, c->ref, ir_insert_after(c->fn, direct, ir_unary(IR_SEXT32, 8, direct)));
}

static bool call_lookup(const struct map_call *c)
{
	ir_ref cpu;

	if (!c->map->ops->lookup)
		return false;
	if (c->kind == MAP_CALL_LOOKUP_PERCPU) {
		const struct ir_insn *third = ir_at(c->fn, map_call_arg(c, 2));

		if (third->op != IR_CONST || (u32)third->imm >= c->map->obj.host->env.nr_cpus)
			return false;
		cpu = map_call_arg(c, 2);
	} else {
		cpu = c->map->ops->percpu ? map_run_cpu(c) : ir_const(c->fn, 0);
	}
	map_call_op(c, offsetof(struct map_ops, lookup),
		    (ir_ref[]){map_call_arg(c, 0), map_call_arg(c, 1), cpu}, 3);
	return true;
}

static bool call_update(const struct map_call *c)
{
	if (!c->map->ops->update)
		return false;
	map_call_op(c, offsetof(struct map_ops, update),
		    (ir_ref[]){map_call_arg(c, 0), map_call_arg(c, 1), map_call_arg(c, 2),
			       map_call_arg(c, 3), map_run_cpu(c)},
		    5);
	extend_result(c);
	return true;
}

static bool call_delete(const struct map_call *c)
{
	if (!c->map->ops->delete)
		return false;
	map_call_op(c, offsetof(struct map_ops, delete),
		    (ir_ref[]){map_call_arg(c, 0), map_call_arg(c, 1)}, 2);
	extend_result(c);
	return true;
}

/* ---- what is found by a condition ---- */

/* Of all lookups done in place: where their results are used. */
struct uses {
	struct ir_fn *fn;
	VEC(struct map_found) found;
	u32 *of; /* by call: number in .found and 1 */
	u32 ninsns;
};

struct found_use {
	u32 some;    /* the block that is reached only when something was found, UINT32_MAX: none */
	u32 none;    /* likewise when nothing was */
	ir_ref both; /* address or 0, made when it is needed */
};

/* The branch of @call's block looks whether it is null, and its one way leads nowhere else. */
static void find_null_check(struct ir_fn *fn, const struct map_found *found, struct found_use *use)
{
	u32 block = ir_at(fn, found->call)->block;
	struct ir_insn *br = ir_term(fn, block);
	u32 some, none;
	bool eq;

	*use = (struct found_use){UINT32_MAX, UINT32_MAX, 0};
	if (br->op != IR_BR || (br->cc != IR_EQ && br->cc != IR_NE) || br->cmp_width != 8 ||
	    ir_resolve(fn, br->arg[0]) != found->call ||
	    !ir_is_const_of(fn, ir_resolve(fn, br->arg[1]), 0))
		return;
	eq = br->cc == IR_EQ;
	some = ir_block(fn, block)->succ[eq];
	none = ir_block(fn, block)->succ[!eq];
	br->cc = eq ? (u8)ir_cc_not((enum ir_cc)found->cc) : found->cc;
	br->cmp_width = found->cmp_width & 0xfu;
	br->arg[0] = found->a;
	br->arg[1] = found->b;
	if (!(br->flags & (IR_LIKELY | IR_UNLIKELY)))
		br->flags |= eq ? IR_UNLIKELY : IR_LIKELY;
	if (ir_block(fn, some)->npreds == 1)
		use->some = some;
	if (ir_block(fn, none)->npreds == 1)
		use->none = none;
}

/* What a use of the call in (for phis: at the end of) @block becomes. */
static ir_ref found_value(struct ir_fn *fn, const struct map_found *found, struct found_use *use,
			  u32 block)
{
	if (use->some != UINT32_MAX && ir_dominates(fn, use->some, block))
		return found->address;
	if (use->none != UINT32_MAX && ir_dominates(fn, use->none, block))
		return ir_const(fn, 0);
	if (!use->both)
		use->both = ir_insert(fn, found->call,
				      ir_select((enum ir_cc)found->cc, found->cmp_width, found->a,
						found->b, found->address, ir_const(fn, 0)));
	return use->both;
}

static void replace_in(struct uses *u, struct found_use *use, ir_ref ref)
{
	struct ir_fn *fn = u->fn;
	struct ir_insn *insn = ir_at(fn, ref);
	u32 n = ir_nargs(fn, insn);

	for (u32 i = 0; i < n; i++) {
		ir_ref arg = ir_resolve(fn, *ir_arg(insn, i));
		u32 which = arg < u->ninsns ? u->of[arg] : 0;
		u32 block = insn->op == IR_PHI ? ir_block(fn, insn->block)->preds[i] : insn->block;

		if (which)
			*ir_arg(insn, i) =
				found_value(fn, &u->found.at[which - 1], &use[which - 1], block);
	}
}

/* All uses of results that were found in place, in one walk over the function. */
static void replace_found(struct uses *u)
{
	struct ir_fn *fn = u->fn;
	struct found_use *use = arena_zalloc_array(fn->arena, u->found.len, sizeof(*use));

	u->ninsns = fn->ninsns;
	u->of = arena_zalloc_array(fn->arena, u->ninsns, sizeof(*u->of));
	if (!use || !u->of) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < u->found.len; i++)
		u->of[u->found.at[i].call] = i + 1;
	for (u32 i = 0; i < u->found.len; i++)
		find_null_check(fn, &u->found.at[i], &use[i]);
	ir_each_block (fn, b)
		ir_each (fn, b, ref)
			replace_in(u, use, ref);
	for (u32 i = 0; i < u->found.len; i++)
		ir_remove(fn, u->found.at[i].call);
}

/* ---- the pass ---- */

static bool is_array(const struct map *map)
{
	return map->desc.type == BPF_MAP_TYPE_ARRAY || map->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_lookup(const struct map_call *c)
{
	return c->kind == MAP_CALL_LOOKUP || c->kind == MAP_CALL_LOOKUP_PERCPU;
}

static bool find_in_arrays(struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;
	struct uses uses = {.fn = fn};
	struct map_call c;
	bool any;

	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct map_found found = {.call = ref};

			if (map_call_at(fn, ref, &c) && is_lookup(&c) && is_array(c.map) &&
			    map_array_lookup(&c, &found) && !vec_push(&uses.found, mem, found))
				fn->failed = true;
		}
	}
	any = uses.found.len;
	if (any && !fn->failed)
		replace_found(&uses);
	vec_free(&uses.found, mem);
	return any;
}

static bool change(const struct map_call *c)
{
	switch (c->kind) {
	case MAP_CALL_LOOKUP:
	case MAP_CALL_LOOKUP_PERCPU:
		return map_hash_lookup(c) || call_lookup(c);
	case MAP_CALL_UPDATE:
		return (is_array(c->map) && map_array_update(c)) || call_update(c);
	case MAP_CALL_DELETE:
		return call_delete(c);
	default:
		return false;
	}
}

/* Blocks that this makes have no calls of map helpers but what is behind the one at hand. */
static bool change_others(struct ir_fn *fn)
{
	VEC(ir_ref) calls = {0};
	struct map_call c;
	bool changed = false;

	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			if (map_call_at(fn, ref, &c) && !vec_push(&calls, fn->arena->mem, ref))
				fn->failed = true;
		}
	}
	for (u32 i = 0; i < calls.len && !fn->failed; i++)
		changed |= map_call_at(fn, calls.at[i], &c) && change(&c);
	vec_free(&calls, fn->arena->mem);
	return changed;
}

bool pass_maps(struct ir_fn *fn)
{
	bool changed = find_in_arrays(fn);

	return change_others(fn) || changed;
}
