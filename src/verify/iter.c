/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators that programs drive themselves (bpf_iter_num_new, _next,
 * _destroy and their like): objects in as many stack slots as their BTF type
 * has. The first slot, at the lowest address, holds the reference. A loop
 * over one ends because next returns NULL some time and then for good: a path
 * that comes to next again with nothing new need not be followed.
 */
#include "verify/verifier.h"

#define ITER_PREFIX "bpf_iter_"

const char *iter_type_name(const struct btf *btf, u32 btf_id)
{
	const struct btf_type *t = btf && btf_id ? btf_type_by_id(btf, btf_id) : NULL;
	const char *name = t ? btf_name(btf, t) : "";

	if (strncmp(name, ITER_PREFIX, strlen(ITER_PREFIX)))
		return "<invalid>";
	return name + strlen(ITER_PREFIX);
}

static bool in_rcu_section(const struct verifier *v)
{
	return v->cur->rcu_locked || v->cur->lock_origin || !v->cur->in_sleepable;
}

static u32 slots_of(const struct iter_arg *arg)
{
	return arg->size / SLOT_SIZE;
}

/* ---- new ---- */

static int check_uninit(struct verifier *v, u32 regno, const struct iter_arg *arg)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 slot;
	int err = stack_object(v, reg, "iter", slots_of(arg), &slot);
	bool used = false;

	if (err == -ERANGE)
		return 0;
	for (u32 i = 0; !err && i < slots_of(arg); i++)
		for (u32 b = 0; b < SLOT_SIZE; b++)
			used |= reg_frame(v, reg)->slots[slot - i].type[b] == STACK_ITER;
	if (err || used)
		return reject(v, -EINVAL, "expected uninitialized iter_%s as arg #%u",
			      iter_type_name(arg->btf, arg->btf_id), regno - 1);
	return 0;
}

static int make_iter(struct verifier *v, u32 regno, const struct iter_arg *arg)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	struct reg iter;
	u32 slot;
	int err = stack_object(v, reg, "iter", slots_of(arg), &slot);

	if (err)
		return err;
	reg_set_pointer(&iter, PTR_TO_STACK);
	if (arg->rcu_protected)
		iter.type |= in_rcu_section(v) ? MEM_RCU : PTR_UNTRUSTED;
	iter.btf = arg->btf;
	iter.btf_id = arg->btf_id;
	iter.iter.state = ITER_ACTIVE;
	err = acquire_ref(v, &iter.ref_id);
	for (u32 i = 0; !err && i < slots_of(arg); i++) {
		err = store_object(v, frame, slot - i, STACK_ITER, &iter);
		iter.ref_id = 0;
	}
	return err;
}

/* ---- next, destroy, and other uses ---- */

/* All slots must be of this one iterator, in order. */
static bool is_iter(const struct frame *frame, u32 slot, const struct iter_arg *arg)
{
	for (u32 i = 0; i < slots_of(arg); i++) {
		const struct stack_slot *at = &frame->slots[slot - i];

		if (at->type[0] != STACK_ITER || !at->spill->ref_id != (i != 0) ||
		    at->spill->btf != arg->btf || at->spill->btf_id != arg->btf_id)
			return false;
	}
	return true;
}

static int check_init(struct verifier *v, u32 regno, struct iter_arg *arg)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	const char *name = iter_type_name(arg->btf, arg->btf_id);
	u32 slot;

	if (stack_object(v, reg, "iter", slots_of(arg), &slot))
		return reject(v, -EINVAL, "expected an initialized iter_%s as arg #%u", name,
			      regno - 1);
	if (frame->slots[slot].type[0] == STACK_ITER &&
	    frame->slots[slot].spill->type & PTR_UNTRUSTED)
		return reject(v, -EPROTO, "expected an RCU CS when using %s", arg->func);
	if (!is_iter(frame, slot, arg))
		return reject(v, -EINVAL, "expected an initialized iter_%s as arg #%u", name,
			      regno - 1);
	for (u32 i = 0; i < slots_of(arg); i++) {
		mark_slot_read(v, reg->frameno, slot - i);
		v->scratched_slots |= BIT_ULL(slot - i);
	}
	arg->frame = reg->frameno;
	arg->slot = slot;
	arg->ref_id = frame->slots[slot].spill->ref_id;
	return 0;
}

static int destroy(struct verifier *v, const struct iter_arg *arg)
{
	int err = release_ref(v, arg->ref_id);

	/* Its caller's, which a callback has no business to end. */
	if (err == -EINVAL)
		return reject(v, err, "func %s reference has not been acquired before", arg->func);
	if (!err)
		clear_object(v, v->cur->frame[arg->frame], arg->slot, slots_of(arg));
	return err;
}

int check_iter_arg(struct verifier *v, u32 regno, struct iter_arg *arg)
{
	int err;

	if (cur_reg(v, regno)->type != PTR_TO_STACK)
		return reject(v, -EINVAL, "arg#%u expected pointer to an iterator on stack",
			      regno - 1);
	if (!slots_of(arg))
		return reject(v, -EINVAL, "expected valid iter pointer as arg #%u", regno - 1);
	if (arg->use == ITER_USE_NEW) {
		err = check_uninit(v, regno, arg);
		if (!err)
			err = make_room(v, regno, slots_of(arg));
		return err ? err : make_iter(v, regno, arg);
	}
	err = check_init(v, regno, arg);
	return err || arg->use != ITER_USE_DESTROY ? err : destroy(v, arg);
}

/* ---- the loop ---- */

static int set_iter_state(struct verifier *v, struct vstate *state, const struct iter_arg *arg,
			  enum iter_state to, u32 rounds)
{
	struct stack_slot *slot = &state->frame[arg->frame]->slots[arg->slot];
	struct reg iter = *slot->spill;

	iter.iter.state = (u16)to;
	if (iter.iter.depth + rounds <= UINT16_MAX)
		iter.iter.depth = (u16)(iter.iter.depth + rounds);
	return slot_store(v, slot, &iter);
}

/* Another round: the element is there, and what changes from round to round may be anything. */
static int push_round(struct verifier *v, const struct iter_arg *arg)
{
	struct vstate *parent = v->cur->parent, *next, *old;
	int err;

	if (!parent || parent->insn != v->insn || !same_callsites(parent, v->cur))
		return reject(v, -EFAULT, "bug: bad parent state for iter next call");
	old = find_previous_entry(v, v->insn, parent->depth);
	next = push_path(v, v->insn + 1, v->insn, &err);
	if (!next)
		return err;
	err = set_iter_state(v, next, arg, ITER_ACTIVE, 1);
	if (!err && old)
		err = widen_imprecise(v, old, next);
	reg_set_not_null(&state_frame(next)->regs[BPF_REG_0]);
	return err;
}

int follow_iter_next(struct verifier *v, const struct iter_arg *arg)
{
	const struct stack_slot *slot = &v->cur->frame[arg->frame]->slots[arg->slot];
	int err = 0;

	if (slot->spill->iter.state == ITER_ACTIVE)
		err = push_round(v, arg);
	if (!err)
		err = set_iter_state(v, v->cur, arg, ITER_DRAINED, 0);
	/* No more elements. */
	reg_set_const(cur_reg(v, BPF_REG_0), 0);
	return err;
}

bool iter_is_active(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 slot;

	if (reg->type != PTR_TO_STACK || stack_object(v, reg, "iter", 1, &slot))
		return false;
	return reg_frame(v, reg)->slots[slot].type[0] == STACK_ITER &&
	       reg_frame(v, reg)->slots[slot].spill->iter.state == ITER_ACTIVE;
}

bool iter_depths_differ(const struct vstate *old, const struct vstate *cur)
{
	for (u32 f = 0; f <= old->curframe; f++) {
		const struct frame *a = old->frame[f], *b = cur->frame[f];

		for (u32 i = 0; i < a->slot_cnt && i < b->slot_cnt; i++) {
			if (a->slots[i].type[0] != STACK_ITER ||
			    b->slots[i].type[0] != STACK_ITER ||
			    a->slots[i].spill->iter.state != ITER_ACTIVE)
				continue;
			if (a->slots[i].spill->iter.depth != b->slots[i].spill->iter.depth)
				return true;
		}
	}
	return false;
}

int end_rcu_iters(struct verifier *v)
{
	for (u32 f = 0; f <= v->cur->curframe; f++) {
		struct frame *frame = v->cur->frame[f];

		for (u32 i = 0; i < frame->slot_cnt; i++) {
			struct stack_slot *slot = &frame->slots[i];
			struct reg iter;
			int err;

			if (slot->type[0] != STACK_ITER || !(slot->spill->type & MEM_RCU))
				continue;
			iter = *slot->spill;
			iter.type = (iter.type & ~(MEM_RCU | PTR_MAYBE_NULL)) | PTR_UNTRUSTED;
			err = slot_store(v, slot, &iter);
			if (err)
				return err;
		}
	}
	return 0;
}
