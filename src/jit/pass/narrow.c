/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Narrows operations to the bits that anybody looks at. How many low bits of a
 * value count is found backwards from what has effects. Of what counts in its
 * low half only, 64-bit arithmetic becomes that of 32 bits, and extensions and
 * masks of bits that do not count go away. The other bits of such values may be
 * anything then: what was known of their ranges is found anew.
 */
#include <string.h>

#include "base/vec.h"
#include "jit/pass/pass.h"
#include "jit/pass/range.h"

struct narrow {
	struct ir_fn *fn;
	const struct mem *mem;
	u8 *demand; /* by value: low bits that count, 0, 8, 16, 32 or 64 */
	VEC(ir_ref) work;
	bool changed, lossy, failed;
};

/* ---- which bits count ---- */

static u8 round_up(u32 bits)
{
	return !bits ? 0 : bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64;
}

static void demand(struct narrow *n, ir_ref ref, u32 bits)
{
	if (!ref || ir_is_literal(n->fn, ref) || n->demand[ref] >= bits)
		return;
	n->demand[ref] = round_up(bits);
	n->failed |= !vec_push(&n->work, n->mem, ref);
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

static bool number(const struct narrow *n, ir_ref ref, u64 *value)
{
	*value = (u64)ir_at(n->fn, ref)->imm;
	return ir_is_const(n->fn, ref);
}

/* Of the shifted operand, when the low @bits of the result count. */
static u32 shifted_bits(const struct narrow *n, const struct ir_insn *insn, u32 bits)
{
	u32 width = insn->width * 8u;
	u64 by;

	if (!number(n, insn->arg[1], &by))
		return width;
	by &= width - 1;
	if (insn->op == IR_SHL)
		return bits > by ? least(width, bits) - (u32)by : 0;
	return least(width, bits + (u32)by);
}

static void demand_compared(struct narrow *n, const struct ir_insn *insn)
{
	u32 bits = insn->cmp_width * 8u;
	u64 c;

	if ((insn->cc == IR_TEST || insn->cc == IR_NTEST) && number(n, insn->arg[1], &c))
		bits = least(bits, bit_width(c));
	demand(n, insn->arg[0], bits);
	demand(n, insn->arg[1], bits);
}

/* How many bits of its operand an operation looks at, when the low @bits of the result count. */
static u32 low_part(u8 op, u32 bits)
{
	switch (op) {
	case IR_ZEXT8:
	case IR_SEXT8:
		return least(bits, 8);
	case IR_ZEXT16:
	case IR_SEXT16:
		return least(bits, 16);
	case IR_ZEXT32:
	case IR_SEXT32:
		return least(bits, 32);
	case IR_BSWAP16:
		return 16;
	case IR_BSWAP32:
		return 32;
	default:
		return 64;
	}
}

/* Operands of an operation of which the low @bits count. */
static void demand_pure(struct narrow *n, struct ir_insn *insn, u32 bits)
{
	u32 width = ir_flags(insn) & IR_OP_W ? insn->width * 8u : 64;
	u32 args = ir_nargs(n->fn, insn);
	u64 c;

	switch (insn->op) {
	case IR_AND:
		if (number(n, insn->arg[1], &c))
			bits = least(bits, bit_width(c));
		/* fallthrough */
	case IR_ADD:
	case IR_SUB:
	case IR_MUL:
	case IR_OR:
	case IR_XOR:
	case IR_ANDN:
	case IR_NOT:
	case IR_NEG:
	case IR_PHI:
		for (u32 i = 0; i < args; i++)
			demand(n, *ir_arg(insn, i), least(bits, width));
		return;
	case IR_SHL:
	case IR_SHR:
		demand(n, insn->arg[0], shifted_bits(n, insn, bits));
		demand(n, insn->arg[1], 8);
		return;
	case IR_SAR:
	case IR_ROL:
		demand(n, insn->arg[0], width);
		demand(n, insn->arg[1], 8);
		return;
	case IR_SELECT:
		demand(n, insn->arg[2], bits);
		demand(n, insn->arg[3], bits);
		/* fallthrough */
	case IR_SET:
		demand_compared(n, insn);
		return;
	default:
		for (u32 i = 0; i < args; i++)
			demand(n, insn->arg[i], least(low_part(insn->op, bits), width));
	}
}

/* Operands of what is executed for its effect. */
static void demand_effect(struct narrow *n, struct ir_insn *insn)
{
	u32 args = ir_nargs(n->fn, insn);

	if (insn->op == IR_BR) {
		demand_compared(n, insn);
		return;
	}
	for (u32 i = 0; i < args; i++) {
		bool stored = i >= 2 && (insn->op == IR_STORE || insn->op == IR_ATOMIC);

		demand(n, insn->arg[i], stored ? insn->size * 8u : 64);
	}
}

static void find_demand(struct narrow *n)
{
	struct ir_fn *fn = n->fn;

	for (u32 i = fn->norder; i-- > 0;)
		ir_each (fn, fn->order[i], ref)
			if (!(ir_flags(ir_at(fn, ref)) & IR_OP_PURE))
				demand_effect(n, ir_at(fn, ref));
	while (n->work.len && !n->failed) {
		ir_ref ref = n->work.at[--n->work.len];
		struct ir_insn *insn = ir_at(fn, ref);

		if (ir_flags(insn) & IR_OP_PURE)
			demand_pure(n, insn, n->demand[ref]);
	}
}

/* ---- narrowing ---- */

static bool works_on_halves(const struct narrow *n, const struct ir_insn *insn)
{
	u64 by;

	switch (insn->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_MUL:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
	case IR_ANDN:
	case IR_NOT:
	case IR_NEG:
		return true;
	case IR_SHL:
		return number(n, insn->arg[1], &by) && (by & 63) < 32;
	default:
		return false;
	}
}

/* Whether the result has the same low @bits as operand 0. */
static bool is_extension(const struct narrow *n, const struct ir_insn *insn, u32 bits)
{
	u64 c, mask = bits >= 64 ? UINT64_MAX : BIT_ULL(bits) - 1;

	switch (insn->op) {
	case IR_ZEXT8:
	case IR_SEXT8:
		return bits <= 8;
	case IR_ZEXT16:
	case IR_SEXT16:
		return bits <= 16;
	case IR_ZEXT32:
	case IR_SEXT32:
		return bits <= 32;
	case IR_AND:
		return number(n, insn->arg[1], &c) && (c & mask) == mask &&
		       bits <= insn->width * 8u;
	default:
		return false;
	}
}

/* Divisions take less time. */
static bool fits_half(const struct narrow *n, const struct ir_insn *insn)
{
	return (insn->op == IR_UDIV || insn->op == IR_UMOD) &&
	       range_of(n->fn, insn->arg[0]).max <= UINT32_MAX &&
	       range_of(n->fn, insn->arg[1]).max <= UINT32_MAX;
}

static void truncate_operands(struct narrow *n, struct ir_insn *insn)
{
	u64 c;

	for (u32 i = 0; i < 2; i++)
		if (insn->arg[i] && number(n, insn->arg[i], &c) && c > UINT32_MAX)
			insn->arg[i] = ir_const(n->fn, (u32)c);
}

static void narrow_insn(struct narrow *n, ir_ref ref)
{
	struct ir_insn *insn = ir_at(n->fn, ref);
	u32 bits = n->demand[ref];

	if (!(ir_flags(insn) & IR_OP_PURE) || !bits)
		return;
	if (bits < 64 && is_extension(n, insn, bits)) {
		n->lossy |= range_of(n->fn, insn->arg[0]).max > insn->umax;
		ir_replace(n->fn, ref, insn->arg[0]);
		n->changed = true;
	} else if (ir_flags(insn) & IR_OP_W && insn->width == 8 &&
		   ((bits <= 32 && works_on_halves(n, insn)) || fits_half(n, insn))) {
		n->lossy |= insn->umax > UINT32_MAX;
		insn->width = 4;
		truncate_operands(n, insn);
		n->changed = true;
	}
}

/* Values of which not all bits count, from the first to the last. */
static void find_ranges(struct narrow *n)
{
	struct ir_fn *fn = n->fn;

	for (u32 pass = 0; pass < 2; pass++) {
		ir_each_block (fn, b) {
			ir_each (fn, b, ref) {
				struct ir_insn *insn = ir_at(fn, ref);

				if (n->demand[ref] == 64 || !(ir_flags(insn) & IR_OP_PURE))
					continue;
				if (!pass) {
					insn->umin = 0;
					insn->umax = UINT64_MAX;
				} else {
					range_update(fn, insn);
				}
			}
		}
	}
}

static void resolve_operands(struct ir_fn *fn, struct ir_insn *insn)
{
	u32 args = ir_nargs(fn, insn);

	for (u32 i = 0; i < args; i++)
		*ir_arg(insn, i) = ir_resolve(fn, *ir_arg(insn, i));
}

bool pass_narrow(struct ir_fn *fn)
{
	struct narrow n = {.fn = fn, .mem = fn->arena->mem};

	n.demand = mem_zalloc(n.mem, fn->ninsns);
	n.failed = !n.demand;
	if (!n.failed)
		find_demand(&n);
	if (!n.failed) {
		ir_each_block (fn, b)
			ir_each (fn, b, ref)
				narrow_insn(&n, ref);
		ir_each_block (fn, b)
			ir_each (fn, b, ref)
				resolve_operands(fn, ir_at(fn, ref));
		if (n.lossy)
			find_ranges(&n);
	}
	fn->failed |= n.failed;
	mem_free(n.mem, n.demand);
	vec_free(&n.work, n.mem);
	return n.changed;
}
