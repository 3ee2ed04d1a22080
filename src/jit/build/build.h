/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the prepared form to the intermediate form: one subprogram at a time,
 * in static single assignment form at once (Braun et al., "Simple and
 * Efficient Construction of SSA Form", 2013).
 */
#ifndef ANYBPF_JIT_BUILD_BUILD_H
#define ANYBPF_JIT_BUILD_BUILD_H

#include "jit/ir/ir.h"
#include "jit/unit.h"

/*
 * Looks at all subprograms before any is built: fills in unit->subs, which is
 * the caller's to free whatever the result, and unit->has_tail_call. 0,
 * -ENOMEM, -EFAULT.
 */
int unit_analyse(struct jit_unit *unit);

/*
 * Fills @fn, fresh from ir_fn_init(), with @subprog, and cleans it. 0, -ENOMEM, -EOPNOTSUPP
 * with the instruction that cannot be compiled in unit->err.
 */
int jit_build(struct jit_unit *unit, u32 subprog, struct ir_fn *fn);

#endif
