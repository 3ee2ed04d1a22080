/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the maps pass: a call of a map helper whose map is known, and what
 * the files of the map types do with it.
 */
#ifndef ANYBPF_JIT_PASS_MAPS_H
#define ANYBPF_JIT_PASS_MAPS_H

#include "helper/helper.h"
#include "jit/pass/pass.h"
#include "jit/runtime.h"
#include "map/map.h"

enum map_call_kind {
	MAP_CALL_LOOKUP,
	MAP_CALL_LOOKUP_PERCPU, /* of the CPU in operand 2 */
	MAP_CALL_UPDATE,
	MAP_CALL_DELETE,
	MAP_CALL_CNT
};

struct map_call {
	struct ir_fn *fn;
	ir_ref ref; /* of the call */
	struct map *map;
	u32 index; /* in prog->maps */
	enum map_call_kind kind;
};

/*
 * A lookup done in place whose result is the value's address exactly if a
 * condition holds: what the uses of the call become, see maps.c.
 */
struct map_found {
	ir_ref call;
	u8 cc, cmp_width;
	ir_ref a, b;	/* the condition */
	ir_ref address; /* before the call; to be used where the condition holds */
};

static inline struct ir_insn *map_call_insn(const struct map_call *c)
{
	return ir_at(c->fn, c->ref);
}

static inline ir_ref map_call_arg(const struct map_call *c, u32 i)
{
	return ir_resolve(c->fn, map_call_insn(c)->arg[i]);
}

/* Inserts before the call. */
ir_ref map_emit(const struct map_call *c, struct ir_insn insn);
/* @size bytes at @off of memory that operand @arg of the call points to. */
ir_ref map_load_arg(const struct map_call *c, u32 arg, u32 off, u8 size);
/* The number of the CPU that runs. */
ir_ref map_run_cpu(const struct map_call *c);
/* Makes the call one of the map type's own function; @op is its offset in struct map_ops. */
void map_call_op(const struct map_call *c, size_t op, const ir_ref *args, u32 n);
/* Makes it one of a function of runtime.def. */
void map_call_runtime(const struct map_call *c, enum jit_runtime which, const ir_ref *args, u32 n);

/* Arrays; false leaves the call as it is. */
bool map_array_lookup(const struct map_call *c, struct map_found *found);
bool map_array_update(const struct map_call *c);
/* Hash tables: their lookup may remain a call. */
bool map_hash_lookup(const struct map_call *c);

#endif
