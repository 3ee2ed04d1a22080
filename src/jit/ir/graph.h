/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of ir_cfg(). */
#ifndef ANYBPF_JIT_IR_GRAPH_H
#define ANYBPF_JIT_IR_GRAPH_H

#include "jit/ir/ir.h"

/* Of the order, which is current. False when out of memory. */
bool ir_find_dominators(struct ir_fn *fn);

#endif
