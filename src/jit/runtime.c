/* SPDX-License-Identifier: BSD-2-Clause */
/* What machine code calls besides helpers, see runtime.h. */
#include "jit/runtime.h"

#include <errno.h>

#include "object/prog.h"
#include "object/trampoline.h"

const struct jit_runtime_fn jit_runtime[JIT_RUNTIME_CNT] = {
#define RUNTIME(NAME, function) {#function, (void (*)(void))function},
#include "jit/runtime.def"
#undef RUNTIME
};

u64 jit_traced(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	const struct subprog *fn = run->callee;

	return atomic_load(&fn->trampoline)->call(run, fn, r1, r2, r3, r4, r5);
}

u64 jit_budget_spent(struct run *run)
{
	return budget_spent(run);
}

s64 jit_legacy_load(struct run *run, s32 off, u32 size)
{
	return run->legacy_load ? run->legacy_load(run, off, size) : -EFAULT;
}
