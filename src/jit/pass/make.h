/* SPDX-License-Identifier: BSD-2-Clause */
/* New instructions in front of another one, with what ranges say of them. */
#ifndef ANYBPF_JIT_PASS_MAKE_H
#define ANYBPF_JIT_PASS_MAKE_H

#include "jit/pass/range.h"

struct make {
	struct ir_fn *fn;
	ir_ref at; /* they go before it */
};

static inline ir_ref make_insn(const struct make *m, struct ir_insn insn)
{
	ir_ref ref;

	insn.pc = ir_at(m->fn, m->at)->pc;
	insn.umin = 0;
	insn.umax = UINT64_MAX;
	ref = ir_insert(m->fn, m->at, insn);
	range_update(m->fn, ir_at(m->fn, ref));
	return ref;
}

/* The new value is known to be within @range as well. */
static inline void make_narrow(const struct make *m, ir_ref ref, struct range range)
{
	struct ir_insn *insn = ir_at(m->fn, ref);

	if (ir_is_literal(m->fn, ref))
		return;
	range = range_both(range_of(m->fn, ref), range);
	insn->umin = range.min;
	insn->umax = range.max;
}

static inline ir_ref make_binary(const struct make *m, enum ir_op op, u8 width, ir_ref a, ir_ref b)
{
	return make_insn(m, ir_binary(op, width, a, b));
}

static inline ir_ref make_by(const struct make *m, enum ir_op op, u8 width, ir_ref a, u64 by)
{
	return make_binary(m, op, width, a, ir_const(m->fn, by));
}

static inline ir_ref make_unary(const struct make *m, enum ir_op op, u8 width, ir_ref a)
{
	return make_insn(m, ir_unary(op, width, a));
}

#endif
