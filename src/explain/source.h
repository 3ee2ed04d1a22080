/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From instructions to C: the line an instruction was compiled from, the
 * expression in it, the variable that gets its result. Lines and columns are
 * BTF's line information; the rest is read from the line's text alone, and
 * nothing is said where the text does not fit.
 */
#ifndef ANYBPF_EXPLAIN_SOURCE_H
#define ANYBPF_EXPLAIN_SOURCE_H

#include "explain/explain.h"
#include "explain/vlog.h"

enum expr_role {
	EXPR_VALUE, /* what is computed, loaded or called */
	EXPR_STORE, /* what is stored to */
	EXPR_CONDITION,
};

/* The place of an instruction, with the extent of its expression; false: there is none. */
bool source_place(const struct explain_input *in, u32 insn, enum expr_role role,
		  struct explain_place *place);
/* The expression at a place; false when it has no column. */
bool place_expression(const struct explain_place *place, struct span *expr);
/*
 * The pointer within it that is followed: `p` of `p->x`, `p[i]` and `*p`;
 * false where it is none of these.
 */
bool place_pointer(const struct explain_place *place, struct span *pointer);
/* The variable that the expression at the place is assigned to, alone and as it is. */
bool place_variable(const struct explain_input *in, const struct explain_place *place,
		    struct span *variable);
/* Argument @n (from 1) of the call at the place, when it is on that line. */
bool place_argument(const struct explain_place *place, u32 n, struct span *argument);

#endif
