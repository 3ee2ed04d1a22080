/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a processor may do ahead of a branch's outcome, for programs whose
 * loader may not see addresses (without CAP_PERFMON). Two things follow from
 * it, both as in Linux:
 *
 * - the side of a branch that is never taken is explored as well, knowing
 *   nothing of the numbers compared: what it does must be allowed, too;
 * - a number that moves a pointer must be maskable to the pointer's bounds,
 *   so its mask must be the same on all paths, and the path is explored where
 *   the mask has made it 0.
 *
 * The masks are facts (struct insn_mask). A speculative state proves nothing
 * of real ones and leaves no other facts.
 */
#include <stdlib.h>

#include "verify/verifier.h"

static struct vstate *push_speculative(struct verifier *v, u32 insn, int *err)
{
	struct vstate *state = push_path(v, insn, v->insn, err);

	if (state)
		state->speculative = true;
	return state;
}

int spec_check_branch(struct verifier *v, u32 insn)
{
	const struct bpf_insn *jump = cur_insn(v);
	struct vstate *state;
	struct reg *regs;
	int err;

	if (v->ptr_leaks)
		return 0;
	state = push_speculative(v, insn, &err);
	if (!state)
		return err;
	regs = state_frame(state)->regs;
	reg_set_unknown(&regs[jump->dst_reg]);
	if (BPF_SRC(jump->code) == BPF_X)
		reg_set_unknown(&regs[jump->src_reg]);
	return 0;
}

/* ---- masks ---- */

enum reason {
	REASON_NONE,
	REASON_SIGNS,
	REASON_KIND,
	REASON_PATHS,
	REASON_BOUNDS,
};

static int reject_mask(struct verifier *v, enum reason reason)
{
	static const char prohibited[] = "pointer arithmetic with it prohibited for !root";
	const struct bpf_insn *insn = cur_insn(v);
	const char *op = BPF_OP(insn->code) == BPF_ADD ? "add" : "sub";
	u32 dst = insn->dst_reg, src = insn->src_reg;

	switch (reason) {
	case REASON_NONE:
		return 0;
	case REASON_SIGNS:
		return reject(v, -EACCES, "R%u has unknown scalar with mixed signed bounds, %s",
			      src, prohibited);
	case REASON_KIND:
		return reject(v, -EACCES, "R%u has pointer with unsupported alu operation, %s", dst,
			      prohibited);
	case REASON_PATHS:
		return reject(v, -EACCES,
			      "R%u tried to %s from different maps, paths or scalars, %s", dst, op,
			      prohibited);
	case REASON_BOUNDS:
		return reject(v, -EACCES, "R%u tried to %s beyond pointer bounds, %s", dst, op,
			      prohibited);
	}
	return -EACCES;
}

/* One mask per instruction, whatever path leads to it. */
static enum reason set_mask(struct insn_mask *mask, u8 state, u32 limit)
{
	if (mask->state && (mask->state != state || mask->limit != limit))
		return REASON_PATHS;
	mask->state = state;
	mask->limit = limit;
	return REASON_NONE;
}

/* Only sums and differences of registers: an immediate is no speculation. */
static bool is_masked(const struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	u8 op = BPF_OP(insn->code);

	return !v->ptr_leaks && BPF_SRC(insn->code) == BPF_X && (op == BPF_ADD || op == BPF_SUB);
}

int spec_check_number(struct verifier *v)
{
	if (!is_masked(v))
		return 0;
	return reject_mask(v, set_mask(&v->result->masks[v->insn], MASK_NUMBER, 0));
}

/* How far the pointer is from the end of its memory that the number moves it towards. */
static enum reason find_limit(const struct reg *ptr, bool to_left, u32 *limit)
{
	u32 max;

	switch (ptr->type) {
	case PTR_TO_STACK:
		/* The frame pointer itself is out of bounds, but where all addresses start. */
		max = MAX_BPF_STACK + (to_left ? 1 : 0);
		*limit = (u32) - (s64)(ptr->s.var_off.value + (u64)(s64)ptr->off);
		break;
	case PTR_TO_MAP_VALUE:
		max = ptr->map->value_size;
		*limit = (u32)((to_left ? (u64)ptr->s.smin : ptr->s.umax) + (u64)(s64)ptr->off);
		break;
	default:
		return REASON_KIND;
	}
	return *limit >= max ? REASON_BOUNDS : REASON_NONE;
}

static enum reason plan_mask(struct verifier *v, const struct reg *ptr, const struct scalar *by,
			     bool ptr_in_dst, struct spec_move *move)
{
	bool known = tnum_is_const(by->var_off), negative = by->smin < 0;
	enum reason reason;

	if (!known && negative != (by->smax < 0))
		return REASON_SIGNS;
	move->to_left = (BPF_OP(cur_insn(v)->code) == BPF_ADD) == negative;
	reason = find_limit(ptr, move->to_left, &move->mask.limit);
	if (reason)
		return reason;
	move->mask.state = (u8)((negative ? MASK_NEGATIVE : 0) | (known ? MASK_CONST : 0) |
				(ptr_in_dst ? MASK_SRC : MASK_DST));
	/* Other paths may lead here with other numbers: those must be seen. */
	if (!known)
		v->exact_numbers = true;
	return REASON_NONE;
}

/* @dst is the pointer, not moved yet: what it stays when the mask makes the number 0. */
int spec_check_move(struct verifier *v, const struct scalar *by, bool ptr_in_dst,
		    struct spec_move *move)
{
	const struct reg *ptr = cur_reg(v, cur_insn(v)->dst_reg);
	enum reason reason = REASON_NONE;
	int err;

	if (!is_masked(v))
		return 0;
	/* The real path has left the mask already; here only bad accesses are looked for. */
	if (!v->cur->speculative) {
		reason = plan_mask(v, ptr, by, ptr_in_dst, move);
		if (reason)
			return reject_mask(v, reason);
	}
	if (tnum_is_const(by->var_off))
		return 0;
	if (push_speculative(v, v->insn + 1, &err))
		return 0;
	if (err == -ENOMEM)
		return err;
	return reject(v, -EACCES,
		      "R%u could not be pushed for speculative verification, pointer arithmetic "
		      "with it prohibited for !root",
		      cur_insn(v)->dst_reg);
}

int spec_check_moved(struct verifier *v, const struct spec_move *move)
{
	const struct reg *ptr = cur_reg(v, cur_insn(v)->dst_reg);
	enum reason reason;
	u32 limit;

	if (!is_masked(v) || v->cur->speculative)
		return 0;
	reason = find_limit(ptr, move->to_left, &limit);
	/* The window is as wide as the pointer was seen to move. */
	if (!reason)
		reason = set_mask(&v->result->masks[v->insn], move->mask.state,
				  (u32)abs((int)(move->mask.limit - limit)));
	return reject_mask(v, reason);
}

/* ---- tail calls: the index is masked to the size of the one map ---- */

int spec_check_tail_calls(struct verifier *v)
{
	for (u32 i = 0; i < v->insn_cnt && !v->ptr_leaks; i++) {
		const struct bpf_insn *insn = &v->insns[i];

		if (isa_is_helper_call(insn) && insn->imm == BPF_FUNC_tail_call &&
		    v->result->facts[i].flags & FACT_SEEN && v->aux[i].maps_differ)
			return reject_program(v, -EINVAL, "tail_call abusing map_ptr");
	}
	return 0;
}

/* ---- stores ---- */

void spec_note_store(struct verifier *v, const struct reg *value, const u8 *types, u32 size)
{
	bool address = value && value->type != SCALAR_VALUE && value->type != NOT_INIT;

	/* Helpers fill memory at once. */
	if (v->ptr_leaks || BPF_CLASS(cur_insn(v)->code) == BPF_JMP)
		return;
	for (u32 i = 0; i < size && !address; i++)
		address = types[i] != STACK_MISC && types[i] != STACK_ZERO;
	if (address)
		v->result->facts[v->insn].flags |= FACT_BARRIER;
}
