/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANYBPF_JIT_FUEL_H
#define ANYBPF_JIT_FUEL_H

#include "jit/ir/ir.h"

/*
 * Makes a function keep to the budget of its execution. ir_cfg() must be
 * current, and is not any more afterwards.
 */
void jit_fuel(struct ir_fn *fn);

#endif
