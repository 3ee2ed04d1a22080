/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of memory by what may alias what. */
#ifndef ANYBPF_JIT_PASS_ALIAS_H
#define ANYBPF_JIT_PASS_ALIAS_H

#include "jit/ir/ir.h"

enum alias {
	ALIAS_STACK,
	ALIAS_CTX,
	ALIAS_PACKET,
	ALIAS_MAP,
	ALIAS_HELPER,
	ALIAS_OTHER,
	ALIAS_PRIVATE, /* what no program sees */
	ALIAS_CNT
};

/* Of a memory operation. */
enum alias alias_of(const struct ir_insn *insn);
/* BIT(kind) of all that the instruction may change. */
u8 alias_written(const struct ir_insn *insn);
/* By header, in an array of zeros with one element per block: what the loop may change. */
void alias_loop_writes(const struct ir_fn *fn, u8 *writes);

#endif
