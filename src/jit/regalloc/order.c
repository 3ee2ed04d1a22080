/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the scan: reverse postorder, with cold blocks (and what only
 * they lead to) moved to the end. So values that only cold code uses are not in
 * the way of the rest, and calls of cold code do not end the stay of hot values
 * in registers. A block stands behind its dominator, always.
 */
#include "jit/regalloc/regalloc.h"

#define WEIGHT_ONCE  16u
#define WEIGHT_COLD  1u
#define DEPTH_MAX    6
#define WEIGHT_SHIFT 3 /* a loop is taken to run eight times */

static bool order_blocks(struct ra *ra)
{
	const struct ir_fn *fn = ra->fn;
	bool *cold = arena_zalloc(&ra->arena, fn->nblocks);
	u32 n = 0;

	ra->blocks = arena_alloc(&ra->arena, fn->norder * sizeof(u32));
	ra->index = arena_alloc(&ra->arena, fn->nblocks * sizeof(u32));
	ra->weight = arena_alloc(&ra->arena, fn->norder * sizeof(u32));
	ra->start = arena_alloc(&ra->arena, (fn->norder + 1) * sizeof(u32));
	ra->loop_end = arena_zalloc_array(&ra->arena, fn->norder, sizeof(u32));
	if (!ra->loop_end || !cold || !ra->blocks || !ra->index || !ra->weight || !ra->start)
		return false;
	ir_each_block (fn, b) {
		cold[b] = b && (ir_block(fn, b)->cold || cold[ir_block(fn, b)->idom]);
		if (!cold[b])
			ra->blocks[n++] = b;
	}
	ra->nblocks = n;
	ir_each_block (fn, b)
		if (cold[b])
			ra->blocks[n++] = b;
	for (u32 i = 0; i < n; i++) {
		u32 depth = ir_block(fn, ra->blocks[i])->loop_depth;

		ra->index[ra->blocks[i]] = i;
		ra->weight[i] = i < ra->nblocks
					? WEIGHT_ONCE << (depth < DEPTH_MAX ? depth : DEPTH_MAX) *
								 WEIGHT_SHIFT
					: WEIGHT_COLD;
	}
	ra->cold_from = ra->nblocks; /* an index still */
	ra->nblocks = n;
	return true;
}

/* Positions at which loops end, without their cold blocks. */
static void end_loops(struct ra *ra)
{
	for (u32 i = 0; i < ra->nblocks && ra->start[i] < ra->cold_from; i++) {
		u32 loop = ir_block(ra->fn, ra->blocks[i])->loop;

		if (loop != IR_NO_LOOP)
			ra->loop_end[ra->index[loop]] = ra->start[i + 1];
	}
	for (u32 i = ra->nblocks; i-- > 0;) { /* inner ones stand behind outer ones */
		const struct ir_block *b = ir_block(ra->fn, ra->blocks[i]);
		u32 *around;

		if (!b->is_loop_header || b->loop_parent == IR_NO_LOOP)
			continue;
		around = &ra->loop_end[ra->index[b->loop_parent]];
		*around = *around > ra->loop_end[i] ? *around : ra->loop_end[i];
	}
}

static u64 count_units(const struct ra *ra)
{
	u64 n = 1;

	for (u32 i = 0; i < ra->nblocks; i++) {
		n++;
		ir_each (ra->fn, ra->blocks[i], ref)
			n += ir_at(ra->fn, ref)->op != IR_PHI;
	}
	return n;
}

static void number(struct ra *ra)
{
	u32 unit = 0;

	for (u32 i = 0; i < ra->nblocks; i++) {
		ra->start[i] = unit * UNIT;
		ra->unit_block[unit++] = i;
		ir_each (ra->fn, ra->blocks[i], ref) {
			const struct ir_insn *insn = ir_at(ra->fn, ref);

			if (!(ir_flags(insn) & IR_OP_VOID))
				ra->number[ref] = ++ra->nvalues;
			if (insn->op == IR_PHI)
				continue;
			ra->unit_block[unit] = i;
			ra->unit_insn[unit++] = ref;
		}
	}
	ra->start[ra->nblocks] = unit * UNIT;
	ra->nunits = unit;
}

bool ra_order(struct ra *ra)
{
	u64 units;

	if (!order_blocks(ra))
		return false;
	units = count_units(ra);
	if (units > POS_MAX / UNIT - 2)
		return false;
	ra->unit_insn = arena_zalloc_array(&ra->arena, units, sizeof(ir_ref));
	ra->unit_block = arena_zalloc_array(&ra->arena, units, sizeof(u32));
	ra->number = arena_zalloc_array(&ra->arena, ra->fn->ninsns, sizeof(u32));
	if (!ra->unit_insn || !ra->unit_block || !ra->number)
		return false;
	number(ra);
	ra->cold_from = ra->start[ra->cold_from];
	end_loops(ra);
	return true;
}
