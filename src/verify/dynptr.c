/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: objects in two slots of the stack, and pointers to constant ones
 * that callbacks are given. Both slots always hold the same dynptr: what
 * writes to one of them destroys it, and memory that was had from it is gone.
 */
#include "verify/verifier.h"

#define DYNPTR_SLOTS 2

/* ---- objects that live in slots ---- */

int stack_object(struct verifier *v, const struct reg *reg, const char *what, u32 slots, u32 *slot)
{
	s64 off = reg->off + (s64)reg->s.var_off.value;

	*slot = 0;
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL, "%s has to be at a constant offset", what);
	if (off % SLOT_SIZE || off > -(s64)slots * SLOT_SIZE)
		return reject(v, -EINVAL, "cannot pass in %s at an offset=%d", what, (s32)off);
	if (off < -(s64)reg_frame(v, reg)->slot_cnt * SLOT_SIZE)
		return -ERANGE;
	*slot = (u32)(-off - 1) / SLOT_SIZE;
	return 0;
}

int make_room(struct verifier *v, u32 regno, u32 slots)
{
	struct mem_access a = {
		.insn = v->insn,
		.regno = regno,
		.size = SLOT_SIZE,
		.kind = ACCESS_WRITE,
		.value = -1,
	};

	for (u32 i = 0; i < slots; i++) {
		int err;

		a.off = (s32)(i * SLOT_SIZE);
		err = check_access(v, &a);
		if (err)
			return err;
	}
	return 0;
}

void clear_object(struct verifier *v, struct frame *frame, u32 slot, u32 slots)
{
	for (u32 i = slot - slots + 1; i <= slot; i++) {
		memset(&frame->slots[i], 0, sizeof(frame->slots[i]));
		/* What is read from here on was not there before. */
		frame->slot_written |= BIT_ULL(i);
		v->scratched_slots |= BIT_ULL(i);
	}
}

int store_object(struct verifier *v, struct frame *frame, u32 slot, enum slot_type type,
		 const struct reg *reg)
{
	int err = slot_store(v, &frame->slots[slot], reg);

	if (err)
		return err;
	memset(frame->slots[slot].type, (int)type, SLOT_SIZE);
	frame->slot_written |= BIT_ULL(slot);
	v->scratched_slots |= BIT_ULL(slot);
	return 0;
}

/* ---- kinds of dynptrs ---- */

static const char *const type_names[] = {
	[DYNPTR_TYPE_INVALID] = "<invalid>", [DYNPTR_TYPE_LOCAL] = "local",
	[DYNPTR_TYPE_RINGBUF] = "ringbuf",   [DYNPTR_TYPE_SKB] = "skb",
	[DYNPTR_TYPE_XDP] = "xdp",
};

const char *dynptr_type_name(u32 type)
{
	return type < ARRAY_SIZE(type_names) ? type_names[type] : "<unknown>";
}

static enum dynptr_type type_of_arg(u32 arg)
{
	switch (arg & (DYNPTR_LOCAL | DYNPTR_RINGBUF | DYNPTR_SKB | DYNPTR_XDP)) {
	case DYNPTR_LOCAL:
		return DYNPTR_TYPE_LOCAL;
	case DYNPTR_RINGBUF:
		return DYNPTR_TYPE_RINGBUF;
	case DYNPTR_SKB:
		return DYNPTR_TYPE_SKB;
	case DYNPTR_XDP:
		return DYNPTR_TYPE_XDP;
	default:
		return DYNPTR_TYPE_INVALID;
	}
}

u32 dynptr_type_flag(u32 type)
{
	switch (type) {
	case DYNPTR_TYPE_LOCAL:
		return DYNPTR_LOCAL;
	case DYNPTR_TYPE_RINGBUF:
		return DYNPTR_RINGBUF;
	case DYNPTR_TYPE_SKB:
		return DYNPTR_SKB;
	case DYNPTR_TYPE_XDP:
		return DYNPTR_XDP;
	default:
		return 0;
	}
}

/* Must be submitted or discarded. */
static bool is_counted(const struct reg *dynptr)
{
	return dynptr->dynptr.type == DYNPTR_TYPE_RINGBUF;
}

/* ---- ends ---- */

static bool is_slice_of(const struct reg *reg, u32 id)
{
	return (reg->type & ~(PTR_MAYBE_NULL | MEM_RDONLY)) == PTR_TO_MEM && reg->dynptr_id == id;
}

int overwrite_dynptr(struct verifier *v, struct frame *frame, u32 slot)
{
	const struct reg *dynptr;

	if (slot >= frame->slot_cnt || frame->slots[slot].type[0] != STACK_DYNPTR)
		return 0;
	if (!frame->slots[slot].spill->dynptr.first)
		slot++;
	dynptr = frame->slots[slot].spill;
	if (is_counted(dynptr))
		return reject(v, -EINVAL, "cannot overwrite referenced dynptr");
	clear_object(v, frame, slot, DYNPTR_SLOTS);
	return invalidate_regs(v, is_slice_of, dynptr->id);
}

static void clear_clones(struct verifier *v, u32 ref)
{
	for (u32 f = 0; f <= v->cur->curframe; f++) {
		struct frame *frame = v->cur->frame[f];

		for (u32 i = 1; i < frame->slot_cnt; i++) {
			const struct stack_slot *slot = &frame->slots[i];

			if (slot->type[0] == STACK_DYNPTR && slot->spill->dynptr.first &&
			    slot->spill->ref_id == ref)
				clear_object(v, frame, i, DYNPTR_SLOTS);
		}
	}
}

int release_dynptr(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	u32 slot, ref;
	int err = stack_object(v, reg, "dynptr", DYNPTR_SLOTS, &slot);

	if (err)
		return err;
	if (!is_counted(frame->slots[slot].spill)) {
		clear_object(v, frame, slot, DYNPTR_SLOTS);
		return 0;
	}
	ref = frame->slots[slot].spill->ref_id;
	err = release_ref(v, ref);
	if (!err)
		clear_clones(v, ref);
	return err;
}

/* ---- beginnings ---- */

/* Both slots at @regno, which are writable, become a dynptr. */
static int make_dynptr(struct verifier *v, u32 regno, enum dynptr_type type, u32 clone_ref)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	struct reg dynptr;
	u32 slot;
	int err = stack_object(v, reg, "dynptr", DYNPTR_SLOTS, &slot);

	/* They may belong to two different ones. */
	if (!err)
		err = overwrite_dynptr(v, frame, slot);
	if (!err)
		err = overwrite_dynptr(v, frame, slot - 1);
	if (err)
		return err;
	if (type == DYNPTR_TYPE_INVALID)
		return -EINVAL;
	reg_set_pointer(&dynptr, CONST_PTR_TO_DYNPTR);
	dynptr.id = ++v->id_gen;
	dynptr.dynptr.type = (u8)type;
	dynptr.dynptr.first = true;
	dynptr.ref_id = clone_ref;
	if (is_counted(&dynptr) && !clone_ref)
		err = acquire_ref(v, &dynptr.ref_id);
	if (!err)
		err = store_object(v, frame, slot, STACK_DYNPTR, &dynptr);
	dynptr.dynptr.first = false;
	return err ? err : store_object(v, frame, slot - 1, STACK_DYNPTR, &dynptr);
}

void set_dynptr_reg(struct verifier *v, struct reg *reg, u32 type)
{
	reg_set_pointer(reg, CONST_PTR_TO_DYNPTR);
	reg->id = ++v->id_gen;
	reg->dynptr.type = (u8)type;
	reg->dynptr.first = true;
}

/* ---- as arguments ---- */

const struct reg *dynptr_of(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 slot;

	if (reg->type == CONST_PTR_TO_DYNPTR)
		return reg;
	if (reg->type != PTR_TO_STACK || stack_object(v, reg, "dynptr", DYNPTR_SLOTS, &slot))
		return NULL;
	if (reg_frame(v, reg)->slots[slot].type[0] != STACK_DYNPTR ||
	    !reg_frame(v, reg)->slots[slot].spill->dynptr.first)
		return NULL;
	return reg_frame(v, reg)->slots[slot].spill;
}

static int check_uninit(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 slot;
	int err = -EINVAL;

	/* Beyond the stack in use so far: it grows when the helper writes there. */
	if (reg->type != CONST_PTR_TO_DYNPTR)
		err = stack_object(v, reg, "dynptr", DYNPTR_SLOTS, &slot);
	if (err && err != -ERANGE)
		return reject(v, -EINVAL, "Dynptr has to be an uninitialized dynptr");
	return 0;
}

static int check_init(struct verifier *v, u32 regno, u32 arg)
{
	const struct reg *reg = cur_reg(v, regno), *dynptr;
	enum dynptr_type type = type_of_arg(arg);
	u32 slot;

	if (reg->type == CONST_PTR_TO_DYNPTR && !(arg & MEM_RDONLY))
		return reject(v, -EINVAL,
			      "cannot pass pointer to const bpf_dynptr, the helper mutates it");
	dynptr = dynptr_of(v, regno);
	if (!dynptr)
		return reject(v, -EINVAL, "Expected an initialized dynptr as arg #%u", regno - 1);
	if (type != DYNPTR_TYPE_INVALID && dynptr->dynptr.type != type)
		return reject(v, -EINVAL, "Expected a dynptr of type %s as arg #%u",
			      dynptr_type_name(type), regno - 1);
	if (reg->type == CONST_PTR_TO_DYNPTR)
		return 0;
	slot = (u32)(-(reg->off + (s64)reg->s.var_off.value) - 1) / SLOT_SIZE;
	mark_slot_read(v, reg->frameno, slot);
	mark_slot_read(v, reg->frameno, slot - 1);
	return 0;
}

int check_dynptr_arg(struct verifier *v, u32 regno, u32 arg, u32 clone_ref)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (reg->type != PTR_TO_STACK && reg->type != CONST_PTR_TO_DYNPTR)
		return reject(v, -EINVAL,
			      "arg#%u expected pointer to stack or const struct bpf_dynptr",
			      regno - 1);
	if (!(arg & MEM_UNINIT))
		return check_init(v, regno, arg);
	err = check_uninit(v, regno);
	if (!err)
		err = make_room(v, regno, DYNPTR_SLOTS);
	return err ? err : make_dynptr(v, regno, type_of_arg(arg), clone_ref);
}

int check_dynptr_release(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct stack_slot *at;
	u32 slot;

	if (reg->type != PTR_TO_STACK)
		return reject(v, -EINVAL, "cannot release unowned const bpf_dynptr");
	if (stack_object(v, reg, "dynptr", DYNPTR_SLOTS, &slot))
		return reject(v, -EINVAL, "arg %u is an unacquired reference", regno);
	at = &reg_frame(v, reg)->slots[slot];
	if (!at->spill || !at->spill->ref_id)
		return reject(v, -EINVAL, "arg %u is an unacquired reference", regno);
	return 0;
}
