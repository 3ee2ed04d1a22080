/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing registers and spilled registers of the current state. */
#include <inttypes.h>
#include <stdio.h>

#include "verify/verifier.h"

int use_reg(struct verifier *v, u32 regno)
{
	if (regno >= MAX_BPF_REG)
		return reject(v, -EINVAL, "R%u is invalid", regno);
	v->scratched_regs |= BIT(regno);
	if (cur_reg(v, regno)->type == NOT_INIT)
		return reject(v, -EACCES, "R%u !read_ok", regno);
	if (regno != BPF_REG_FP)
		mark_reg_read(v, v->cur->curframe, regno);
	return 0;
}

int define_reg(struct verifier *v, u32 regno)
{
	if (regno >= MAX_BPF_REG)
		return reject(v, -EINVAL, "R%u is invalid", regno);
	v->scratched_regs |= BIT(regno);
	if (regno == BPF_REG_FP)
		return reject(v, -EACCES, "frame pointer is read only");
	cur_frame(v)->reg_written |= (u16)BIT(regno);
	return 0;
}

void set_reg_unknown(struct verifier *v, u32 regno)
{
	reg_set_unknown(cur_reg(v, regno));
}

bool leaks_pointer(const struct verifier *v, const struct reg *reg)
{
	return !v->ptr_leaks && reg->type != SCALAR_VALUE;
}

int check_invariants(struct verifier *v, struct scalar *s, const char *what)
{
	const char *wrong = scalar_contradiction(s);
	char text[320];

	if (!wrong)
		return 0;
	snprintf(text, sizeof(text),
		 "REG INVARIANTS VIOLATION (%s): %s u64=[%#" PRIx64 ", %#" PRIx64 "] s64=[%#" PRIx64
		 ", %#" PRIx64 "] u32=[%#x, %#x] s32=[%#x, %#x] var_off=(%#" PRIx64 ", %#" PRIx64
		 ")",
		 what, wrong, s->umin, s->umax, (u64)s->smin, (u64)s->smax, s->u32_min, s->u32_max,
		 (u32)s->s32_min, (u32)s->s32_max, s->var_off.value, s->var_off.mask);
	if (v->invariants)
		return reject(v, -EFAULT, "%s", text);
	note(v, "%s\n", text);
	scalar_forget_ranges(s);
	return 0;
}

void scalar_link(struct verifier *v, struct reg *reg)
{
	if (reg->type != SCALAR_VALUE)
		return;
	/* One constant distance per register is all that is tracked. */
	if (reg->id & ID_ADD_CONST)
		scalar_unlink(reg);
	if (!reg->id && !tnum_is_const(reg->s.var_off))
		reg->id = ++v->id_gen;
}

int slot_store(struct verifier *v, struct stack_slot *slot, const struct reg *reg)
{
	struct reg *copy;

	if (slot->spill && !memcmp(slot->spill, reg, sizeof(*reg)))
		return 0;
	copy = arena_dup(&v->arena, reg, sizeof(*reg));
	if (!copy)
		return -ENOMEM;
	slot->spill = copy;
	return 0;
}

int each_reg(struct verifier *v, struct vstate *state,
	     int (*fn)(struct verifier *, struct reg *, void *), void *arg)
{
	int err;

	for (u32 f = 0; f <= state->curframe; f++) {
		struct frame *frame = state->frame[f];

		for (u32 i = 0; i < MAX_BPF_REG; i++) {
			err = fn(v, &frame->regs[i], arg);
			if (err)
				return err;
		}
		for (u32 i = 0; i < frame->slot_cnt; i++) {
			struct stack_slot *slot = &frame->slots[i];
			struct reg changed;

			if (!slot_is_spill(slot) || !slot->spill)
				continue;
			changed = *slot->spill;
			err = fn(v, &changed, arg);
			if (!err && memcmp(&changed, slot->spill, sizeof(changed)))
				err = slot_store(v, slot, &changed);
			if (err)
				return err;
		}
	}
	return 0;
}
