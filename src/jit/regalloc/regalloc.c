/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of register allocation; see regalloc.h. */
#include "jit/regalloc/regalloc.h"

#include <errno.h>

static void release(struct ra *ra)
{
	for (u32 i = 0; i < JIT_MAX_REGS; i++) {
		vec_free(&ra->regs[i].fixed, ra->mem);
		vec_free(&ra->regs[i].inactive, ra->mem);
		vec_free(&ra->regs[i].wants, ra->mem);
	}
	vec_free(&ra->waiting, ra->mem);
	vec_free(&ra->edges, ra->mem);
	arena_free(&ra->arena);
}

int jit_regalloc(const struct jit_target *target, struct ir_fn *fn)
{
	struct ra ra = {
		.target = target,
		.fn = fn,
		.mem = fn->arena->mem,
		.spare_slot = IR_LOC_NONE,
	};
	bool ok;

	arena_init(&ra.arena, ra.mem);
	fn->reg_names = target->reg_names;
	ok = ra_order(&ra) && ra_live(&ra) && ra_scan(&ra) && ra_slots(&ra) && ra_resolve(&ra) &&
	     ra_place_edges(&ra);
	fn->used_regs = ra.used;
	release(&ra);
	if (ra.too_large)
		return -EOVERFLOW;
	return ok && !fn->failed ? 0 : -ENOMEM;
}
