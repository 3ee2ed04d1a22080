/* SPDX-License-Identifier: BSD-2-Clause */
/* What the targets' lowerings have in common, see lower.h. */
#include "jit/lower.h"

ir_ref jit_before(struct ir_fn *fn, ir_ref at, struct ir_insn insn)
{
	insn.pc = ir_at(fn, at)->pc;
	return ir_insert(fn, at, insn);
}

void jit_rewrite(struct ir_insn *insn, enum ir_op op, ir_ref a, ir_ref b)
{
	insn->op = (u8)op;
	insn->arg[0] = a;
	insn->arg[1] = b;
}

void jit_swap_args(struct ir_insn *insn)
{
	ir_ref first = insn->arg[0];

	insn->arg[0] = insn->arg[1];
	insn->arg[1] = first;
}

void jit_narrow_division(const struct ir_fn *fn, struct ir_insn *insn)
{
	u64 most = u64_max(ir_at(fn, insn->arg[0])->umax, ir_at(fn, insn->arg[1])->umax);

	if (most <= INT32_MAX && insn->op == IR_SDIV)
		insn->op = IR_UDIV;
	if (most <= INT32_MAX && insn->op == IR_SMOD)
		insn->op = IR_UMOD;
	if (most <= UINT32_MAX && (insn->op == IR_UDIV || insn->op == IR_UMOD))
		insn->width = 4;
}

/* Bits in pairs, in fours, in bytes; a product sums the bytes up in the highest one. */
void jit_expand_popcnt(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	u8 w = insn->width;
	u64 all = w == 8 ? UINT64_MAX : UINT32_MAX;
	ir_ref pairs = ir_const(fn, all / 15 * 3), fours = ir_const(fn, all / 255 * 15);
	ir_ref x = insn->arg[0], t;

	t = jit_before(fn, ref, ir_binary(IR_SHR, w, x, ir_const(fn, 1)));
	t = jit_before(fn, ref, ir_binary(IR_AND, w, t, ir_const(fn, all / 3)));
	x = jit_before(fn, ref, ir_binary(IR_SUB, w, x, t));
	t = jit_before(fn, ref, ir_binary(IR_SHR, w, x, ir_const(fn, 2)));
	t = jit_before(fn, ref, ir_binary(IR_AND, w, t, pairs));
	x = jit_before(fn, ref, ir_binary(IR_AND, w, x, pairs));
	x = jit_before(fn, ref, ir_binary(IR_ADD, w, x, t));
	t = jit_before(fn, ref, ir_binary(IR_SHR, w, x, ir_const(fn, 4)));
	x = jit_before(fn, ref, ir_binary(IR_ADD, w, x, t));
	x = jit_before(fn, ref, ir_binary(IR_AND, w, x, fours));
	x = jit_before(fn, ref, ir_binary(IR_MUL, w, x, ir_const(fn, all / 255)));
	jit_rewrite(insn, IR_SHR, x, ir_const(fn, w * 8u - 8));
}

/* ---- literals ---- */

/* Where a literal was put last. */
struct placed {
	ir_ref imm;
	u32 block;
};

/* By block: the one that it is run no more often than, and outside of all loops. NULL: no memory.
 */
static u32 *outside_loops(const struct ir_fn *fn)
{
	u32 *outside = arena_alloc(fn->arena, fn->nblocks * sizeof(*outside));

	ir_each_block (fn, b) { /* dominators come first */
		u32 loop = ir_block(fn, b)->loop;

		if (outside)
			outside[b] = loop == IR_NO_LOOP ? b : outside[ir_block(fn, loop)->idom];
	}
	return outside;
}

static ir_ref place(struct ir_fn *fn, struct placed *placed, const u32 *outside, ir_ref literal,
		    ir_ref at)
{
	const struct ir_insn *value = ir_at(fn, literal);
	u32 use = ir_at(fn, at)->block, block = outside[use];
	struct ir_insn imm = {
		.op = IR_IMM,
		.width = 8,
		.imm = value->imm,
		.sym = value->sym,
		.umin = value->umin,
		.umax = value->umax,
		.pc = ir_at(fn, at)->pc,
	};

	if (placed[literal].imm && placed[literal].block == block)
		return placed[literal].imm;
	placed[literal].block = block;
	placed[literal].imm = ir_insert(fn, block == use ? at : ir_block(fn, block)->last, imm);
	return placed[literal].imm;
}

void jit_place_literals(struct ir_fn *fn, bool (*encodable)(const struct ir_fn *fn,
							    const struct ir_insn *insn, u32 i))
{
	struct placed *placed = arena_zalloc_array(fn->arena, fn->ninsns, sizeof(*placed));
	u32 *outside = outside_loops(fn);

	if (!placed || !outside) {
		fn->failed = true;
		return;
	}
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct ir_insn *insn = ir_at(fn, ref);
			u32 n = insn->op == IR_PHI ? 0 : ir_nargs(fn, insn);

			for (u32 i = 0; i < n; i++) {
				ir_ref arg = insn->arg[i];

				if (arg && ir_is_literal(fn, arg) && !encodable(fn, insn, i))
					insn->arg[i] = place(fn, placed, outside, arg, ref);
			}
		}
	}
}

/* ---- landings ---- */

/* The block that this one jumps on to without doing anything, else UINT32_MAX. */
static u32 passes_on_to(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = ir_block(fn, block);
	ir_ref first = b->first;

	while (ir_at(fn, first)->op == IR_PHI)
		first = ir_at(fn, first)->next;
	return ir_at(fn, first)->op == IR_JMP ? b->succ[0] : UINT32_MAX;
}

u32 *jit_landings(const struct ir_fn *fn)
{
	u32 *landing = arena_zalloc_array(fn->arena, fn->nblocks, sizeof(*landing));

	if (!landing)
		return NULL;
	for (u32 i = 0; i < fn->nblocks; i++)
		landing[i] = i;
	for (u32 i = fn->norder; i-- > 0;) {
		u32 block = fn->order[i], to = passes_on_to(fn, block);

		if (to == UINT32_MAX)
			continue;
		/* One that is laid out before is followed if it does something: no jumps in
		 * circles. */
		if (landing[to] != to || passes_on_to(fn, to) == UINT32_MAX)
			landing[block] = landing[to];
	}
	return landing;
}
