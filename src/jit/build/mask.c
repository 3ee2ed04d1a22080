/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps a program whose loader may not see addresses from reading them
 * where the processor runs ahead: numbers that move pointers are masked to
 * what the verifier saw them move by, and loads wait for stores that they must
 * not overtake (docs/adr/0007-speculation.md). Nothing of it changes a result.
 */
#include "jit/build/internal.h"

static const struct insn_mask *mask_of(const struct body *body)
{
	const struct jit_options *options = body->b->unit->options;

	return options && options->masks ? &options->masks[body->pc] : NULL;
}

bool is_masked(const struct body *body)
{
	const struct insn_mask *mask = mask_of(body);

	return mask && mask->state & (MASK_SRC | MASK_DST);
}

/* The distance, not negative any more, or 0 when it is beyond the limit. */
static ir_ref masked_distance(struct body *body, const struct insn_mask *mask, ir_ref number)
{
	ir_ref n, over;

	if (mask->state & MASK_CONST)
		return constant(body, mask->limit);
	/* Compilers that know the number's range would drop what follows. */
	n = emit(body, ir_unary(IR_HIDE, 8, number));
	if (mask->state & MASK_NEGATIVE)
		n = emit(body, ir_unary(IR_NEG, 8, n));
	over = emit(body, ir_binary(IR_SUB, 8, constant(body, mask->limit), n));
	over = emit(body, ir_binary(IR_OR, 8, over, n));
	over = emit(body, ir_unary(IR_NEG, 8, over));
	over = emit(body, ir_binary(IR_SAR, 8, over, constant(body, 63)));
	return emit(body, ir_binary(IR_AND, 8, over, n));
}

void mask_operands(struct body *body, enum ir_op *op, ir_ref *a, ir_ref *b)
{
	const struct insn_mask *mask = mask_of(body);
	ir_ref ptr = mask->state & MASK_SRC ? *a : *b, number = mask->state & MASK_SRC ? *b : *a;

	*a = ptr;
	*b = masked_distance(body, mask, number);
	if (mask->state & MASK_NEGATIVE)
		*op = *op == IR_ADD ? IR_SUB : IR_ADD;
}

void fence_after_store(struct body *body)
{
	const struct jit_options *options = body->b->unit->options;

	if (options && options->masks && options->facts &&
	    options->facts[body->pc].flags & FACT_BARRIER)
		emit(body, (struct ir_insn){.op = IR_FENCE});
}
