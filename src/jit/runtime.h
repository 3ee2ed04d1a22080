/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C functions that machine code calls besides helpers. Arguments and results
 * are those of the C ABI; where a result is narrower than 64 bits its upper
 * half is anything.
 */
#ifndef ANYBPF_JIT_RUNTIME_H
#define ANYBPF_JIT_RUNTIME_H

#include "jit/ir/ir.h"
#include "map/hash.h"

enum jit_runtime {
#define RUNTIME(NAME, function) JIT_RUNTIME_##NAME,
#include "jit/runtime.def"
#undef RUNTIME
	JIT_RUNTIME_CNT
};

struct jit_runtime_fn {
	const char *name; /* of the C function */
	void (*fn)(void); /* to be called with its own type */
};

extern const struct jit_runtime_fn jit_runtime[JIT_RUNTIME_CNT];

/* The symbol of a function of runtime.def, for ir_call(). */
static inline u32 ir_runtime(struct ir_fn *fn, enum jit_runtime which)
{
	return ir_sym(fn, SYM_RUNTIME, which, 0, (u64)(uintptr_t)jit_runtime[which].fn);
}

/*
 * The classic packet loads: @size bytes (1, 2, 4) at @off of the packet, or of
 * SKF_NET_OFF or SKF_LL_OFF when negative. All 64 bits of the result count: a
 * negative one ends the program with 0.
 */
s64 jit_legacy_load(struct run *run, s32 off, u32 size);

/* Calls run->callee, a function of a program, by way of its trampoline. */
u64 jit_traced(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

/* budget_spent(), as a full register. */
u64 jit_budget_spent(struct run *run);

/*
 * Lookups in hash tables: the address of the value, for @cpu of types with one
 * per CPU, or NULL. The key is what lies in memory, as numbers of this machine.
 */
#define DECLARE_LOOKUPS(name)                                                                      \
	void *jit_##name##_4(struct hash_map *h, u32 key, u32 cpu);                                \
	void *jit_##name##_8(struct hash_map *h, u64 key, u32 cpu);                                \
	void *jit_##name##_16(struct hash_map *h, u64 first, u64 second, u32 cpu);

DECLARE_LOOKUPS(hash)
DECLARE_LOOKUPS(lru_hash)
DECLARE_LOOKUPS(percpu_hash)
DECLARE_LOOKUPS(lru_percpu_hash)
#undef DECLARE_LOOKUPS

#endif
