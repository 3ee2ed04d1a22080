/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the text form, between print.c and parse.c. */
#ifndef ANYBPF_JIT_IR_TEXT_H
#define ANYBPF_JIT_IR_TEXT_H

#include "jit/ir/ir.h"

#define IR_MEM_CNT (MEM_KERNEL + 1)
#define IR_SYM_CNT (SYM_KFUNC_TYPE + 1)

extern const char *const ir_mem_names[IR_MEM_CNT];
extern const char *const ir_sym_names[IR_SYM_CNT];
extern const char *const ir_flag_names[8]; /* by bit */

void ir_print_insn(struct buf *out, const struct ir_fn *fn, ir_ref ref);

#endif
