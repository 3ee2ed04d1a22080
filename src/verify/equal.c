/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing states. states_equal() is true when everything that can happen
 * from @cur can happen from @old: what @old's paths have shown to be safe is
 * then safe for @cur, too. Ids are compared up to renaming.
 */
#include "verify/verifier.h"

static bool ids_match(u32 old, u32 cur, struct id_map *map)
{
	if (!old || !cur)
		return !old && !cur;
	for (u32 i = 0; i < map->cnt; i++) {
		if (map->at[i].old == old)
			return map->at[i].cur == cur;
		if (map->at[i].cur == cur)
			return false;
	}
	if (map->cnt == ID_MAP_SIZE)
		return false;
	map->at[map->cnt++] = (struct id_pair){old, cur};
	return true;
}

/* Scalars that @old knew to be equal must be so in @cur; more equality does no harm. */
static bool scalar_ids_match(u32 old, u32 cur, struct id_map *map)
{
	if (!old)
		return true;
	if (!cur)
		cur = ++map->tmp_id;
	if (!ids_match(old, cur, map))
		return false;
	if (!(old & ID_ADD_CONST))
		return true;
	return ids_match(old & ~ID_ADD_CONST, cur & ~ID_ADD_CONST, map);
}

static bool regs_exact(const struct reg *old, const struct reg *cur, struct id_map *map)
{
	return !memcmp(old, cur, REG_EXACT_PART) && ids_match(old->id, cur->id, map) &&
	       ids_match(old->ref_id, cur->ref_id, map);
}

bool scalar_safe(const struct reg *old, const struct reg *cur, struct id_map *map)
{
	if (old->id && (old->id & ID_ADD_CONST) != (cur->id & ID_ADD_CONST))
		return false;
	if (old->id & ID_ADD_CONST && old->off != cur->off)
		return false;
	return scalar_ids_match(old->id, cur->id, map) && scalar_contains(&old->s, &cur->s);
}

static bool packet_safe(const struct reg *old, const struct reg *cur, struct id_map *map)
{
	if (old->range < 0 || cur->range < 0) {
		if (old->range != cur->range)
			return false;
	} else if (old->range > cur->range) {
		return false;
	}
	return old->off == cur->off && ids_match(old->id, cur->id, map) &&
	       scalar_contains(&old->s, &cur->s);
}

static bool reg_safe(struct verifier *v, const struct reg *old, const struct reg *cur, bool precise,
		     enum exactness exact)
{
	struct id_map *map = &v->ids;

	if (exact == EXACT)
		return regs_exact(old, cur, map);
	if (old->type == NOT_INIT && (exact == NOT_EXACT || cur->type == NOT_INIT))
		return true;
	if (old->type != cur->type)
		return false;
	switch (reg_kind(old)) {
	case SCALAR_VALUE:
		if (v->exact_numbers)
			return !memcmp(old, cur, REG_EXACT_PART) &&
			       scalar_ids_match(old->id, cur->id, map);
		if (!precise && exact == NOT_EXACT)
			return true;
		return scalar_safe(old, cur, map);
	case PTR_TO_MAP_KEY:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MEM:
	case PTR_TO_BUF:
	case PTR_TO_TP_BUFFER:
		return !memcmp(old, cur, REG_TYPE_PART) && scalar_contains(&old->s, &cur->s) &&
		       ids_match(old->id, cur->id, map) && ids_match(old->ref_id, cur->ref_id, map);
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET:
		return packet_safe(old, cur, map);
	case PTR_TO_ARENA:
		return true;
	default:
		return regs_exact(old, cur, map);
	}
}

/* What a load of the whole slot gives when that is a number. */
static const struct reg *slot_scalar(const struct verifier *v, const struct stack_slot *slot)
{
	if (slot_is_scalar_spill64(slot))
		return slot->spill;
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (slot->type[i] != STACK_MISC &&
		    !(slot->type[i] == STACK_INVALID && v->ptr_leaks))
			return NULL;
	return &reg_unknown;
}

static bool slot_bytes_safe(const struct verifier *v, const struct stack_slot *old,
			    const struct stack_slot *cur, bool cur_exists)
{
	for (u32 i = 0; i < SLOT_SIZE; i++) {
		u8 type = old->type[i];

		if (type == STACK_INVALID || (type == STACK_MISC && v->ptr_leaks))
			continue;
		if (!cur_exists)
			return false;
		if (type == STACK_MISC && cur->type[i] == STACK_ZERO)
			continue;
		if (type != cur->type[i])
			return false;
	}
	return true;
}

/* Types of the slots' bytes are the same. How often an iterator moved on is no difference. */
static bool object_safe(struct verifier *v, const struct stack_slot *old,
			const struct stack_slot *cur)
{
	const struct reg *a = old->spill, *b = cur->spill;

	if (old->type[0] == STACK_DYNPTR)
		return a->dynptr.type == b->dynptr.type && a->dynptr.first == b->dynptr.first &&
		       ids_match(a->ref_id, b->ref_id, &v->ids);
	return a->type == b->type && a->btf == b->btf && a->btf_id == b->btf_id &&
	       a->iter.state == b->iter.state && ids_match(a->ref_id, b->ref_id, &v->ids);
}

static bool slot_safe(struct verifier *v, const struct frame *old_frame,
		      const struct frame *cur_frame_, u32 i, enum exactness exact, bool all_precise)
{
	static const struct stack_slot none;
	bool exists = i < cur_frame_->slot_cnt;
	const struct stack_slot *old = &old_frame->slots[i];
	const struct stack_slot *cur = exists ? &cur_frame_->slots[i] : &none;
	const struct reg *old_reg, *cur_reg;
	bool precise = all_precise || old_frame->slot_precise & BIT_ULL(i);

	if (exact != NOT_EXACT && (!exists || memcmp(old->type, cur->type, SLOT_SIZE)))
		return false;
	if (exact == NOT_EXACT && !(old_frame->slot_read & BIT_ULL(i)))
		return true;
	/* The same register, spilled once: nothing to rename. */
	if (exists && old->spill == cur->spill && !memcmp(old->type, cur->type, SLOT_SIZE) &&
	    (!old->spill || (!old->spill->id && !old->spill->ref_id)))
		return true;
	if (exists) {
		old_reg = slot_scalar(v, old);
		cur_reg = slot_scalar(v, cur);
		/* An unknown number on the stack is as precise as it will ever be. */
		if (old_reg && cur_reg)
			return reg_safe(v, old_reg, cur_reg, precise && old_reg != &reg_unknown,
					exact);
	}
	if (!slot_bytes_safe(v, old, cur, exists))
		return false;
	if (exists && (old->type[0] == STACK_DYNPTR || old->type[0] == STACK_ITER))
		return object_safe(v, old, cur);
	if (!slot_is_spill(old) || !old->spill || !exists)
		return true;
	/* Both are spilled registers: the types of the bytes are the same. */
	return cur->spill && reg_safe(v, old->spill, cur->spill, precise, exact);
}

static bool frame_safe(struct verifier *v, const struct frame *old, const struct frame *cur,
		       enum exactness exact, bool all_precise)
{
	if (old->callsite != cur->callsite || old->callback_depth > cur->callback_depth)
		return false;
	for (u32 i = 0; i < MAX_BPF_REG; i++) {
		bool precise = all_precise || old->reg_precise & BIT(i);

		if (exact == NOT_EXACT && i < BPF_REG_FP && !(old->reg_read & BIT(i)))
			continue;
		if (!reg_safe(v, &old->regs[i], &cur->regs[i], precise, exact))
			return false;
	}
	for (u32 i = 0; i < old->slot_cnt; i++)
		if (!slot_safe(v, old, cur, i, exact, all_precise))
			return false;
	return true;
}

static bool refs_match(struct verifier *v, const struct vstate *old, const struct vstate *cur)
{
	if (old->ref_cnt != cur->ref_cnt)
		return false;
	for (u32 i = 0; i < old->ref_cnt; i++)
		if (!ids_match(old->refs[i].id, cur->refs[i].id, &v->ids))
			return false;
	return true;
}

/* What is held, and where the path is besides its instruction. */
static bool sections_match(struct verifier *v, const struct vstate *old, const struct vstate *cur)
{
	/* A speculative path is checked less: it says nothing of a real one. */
	if (old->speculative && !cur->speculative)
		return false;
	return old->lock_origin == cur->lock_origin &&
	       ids_match(old->lock_id, cur->lock_id, &v->ids) &&
	       old->rcu_locked == cur->rcu_locked && old->preempt_locked == cur->preempt_locked &&
	       old->in_sleepable == cur->in_sleepable;
}

bool states_equal(struct verifier *v, const struct vstate *old, const struct vstate *cur,
		  enum exactness exact)
{
	bool all_precise = !v->bpf_capable || old->marks_unsure;

	if (old->curframe != cur->curframe)
		return false;
	v->ids.cnt = 0;
	v->ids.tmp_id = v->id_gen;
	if (!sections_match(v, old, cur))
		return false;
	for (u32 i = 0; i <= old->curframe; i++)
		if (!frame_safe(v, old->frame[i], cur->frame[i], exact, all_precise))
			return false;
	return refs_match(v, old, cur);
}
