/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups in hash tables: a call of the function for the type and the size of
 * the key, which it gets in registers (jit/lookup.c).
 */
#include "jit/pass/maps.h"
#include "map/hash.h"

struct hash_lookup {
	enum bpf_map_type type;
	bool percpu;
	bool marks; /* as used lately, so that it matters even when its result does not */
	enum jit_runtime by_size[3]; /* 4, 8, 16 bytes */
};

#define LOOKUPS(NAME)                                                                              \
	{                                                                                          \
		JIT_RUNTIME_##NAME##_4, JIT_RUNTIME_##NAME##_8, JIT_RUNTIME_##NAME##_16            \
	}

static const struct hash_lookup lookups[] = {
	{BPF_MAP_TYPE_HASH, false, false, LOOKUPS(HASH)},
	{BPF_MAP_TYPE_LRU_HASH, false, true, LOOKUPS(LRU_HASH)},
	{BPF_MAP_TYPE_PERCPU_HASH, true, false, LOOKUPS(PERCPU_HASH)},
	{BPF_MAP_TYPE_LRU_PERCPU_HASH, true, true, LOOKUPS(LRU_PERCPU_HASH)},
};

static const struct hash_lookup *lookup_of(const struct map *map)
{
	for (u32 i = 0; i < ARRAY_SIZE(lookups); i++)
		if (lookups[i].type == map->desc.type)
			return &lookups[i];
	return NULL;
}

bool map_hash_lookup(const struct map_call *c)
{
	const struct hash_lookup *lookup = lookup_of(c->map);
	u32 key_size = c->map->desc.key_size, n = 0;
	ir_ref args[4];

	if (!lookup || c->kind != MAP_CALL_LOOKUP ||
	    (key_size != 4 && key_size != 8 && key_size != 16))
		return false;
	args[n++] = map_call_arg(c, 0);
	args[n++] = map_load_arg(c, 1, 0, (u8)(key_size == 4 ? 4 : 8));
	if (key_size == 16)
		args[n++] = map_load_arg(c, 1, 8, 8);
	if (lookup->percpu)
		args[n++] = map_run_cpu(c);
	map_call_runtime(c, lookup->by_size[key_size / 8], args, n);
	if (!lookup->marks)
		map_call_insn(c)->flags |= IR_PURE_CALL;
	return true;
}
