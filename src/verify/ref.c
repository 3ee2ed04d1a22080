/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References that a path has acquired and must release, and what becomes of
 * registers whose object is gone.
 */
#include "verify/verifier.h"

/* ---- invalidation ---- */

struct invalidate {
	bool (*match)(const struct reg *reg, u32 arg);
	u32 arg;
};

static int invalidate_reg(struct verifier *v, struct reg *reg, void *arg)
{
	const struct invalidate *inv = arg;

	if (!inv->match(reg, inv->arg))
		return 0;
	/* An address that is nothing but a number now; not even that to who may not see it. */
	if (v->ptr_leaks)
		reg_set_unknown(reg);
	else
		reg_set_not_init(reg);
	return 0;
}

int invalidate_regs(struct verifier *v, bool (*match)(const struct reg *, u32), u32 arg)
{
	struct invalidate inv = {match, arg};

	return each_reg(v, v->cur, invalidate_reg, &inv);
}

static bool is_packet_pointer(const struct reg *reg, u32 arg)
{
	(void)arg;
	return reg_is_packet(reg) || reg->type == PTR_TO_PACKET_END ||
	       (reg_kind(reg) == PTR_TO_MEM && reg->type & (DYNPTR_SKB | DYNPTR_XDP));
}

static bool has_reference(const struct reg *reg, u32 ref)
{
	return reg->ref_id == ref;
}

int invalidate_packet(struct verifier *v)
{
	return invalidate_regs(v, is_packet_pointer, 0);
}

/* ---- references ---- */

/* The innermost callback that the path is in: what it acquires it must release itself. */
static u32 callback_frame(const struct verifier *v)
{
	for (u32 i = v->cur->curframe; i > 0; i--)
		if (v->cur->frame[i]->in_callback)
			return i;
	return 0;
}

int acquire_ref(struct verifier *v, u32 *id)
{
	struct ref ref = {++v->id_gen, v->insn, callback_frame(v)};

	*id = ref.id;
	return state_add_ref(v->mem, v->cur, ref);
}

int forget_ref(struct verifier *v, u32 id)
{
	for (u32 i = 0; i < v->cur->ref_cnt; i++) {
		const struct ref *ref = &v->cur->refs[i];

		if (ref->id != id)
			continue;
		if (ref->callback != callback_frame(v))
			break;
		state_drop_ref(v->cur, id);
		return 0;
	}
	return -EINVAL;
}

int release_ref(struct verifier *v, u32 id)
{
	int err = forget_ref(v, id);

	return err ? err : invalidate_regs(v, has_reference, id);
}

int check_ref_leaks(struct verifier *v, bool exception)
{
	const struct frame *frame = cur_frame(v);
	int err = 0;

	if (!exception && frame->frameno && !frame->in_callback)
		return 0;
	for (u32 i = 0; i < v->cur->ref_cnt; i++) {
		const struct ref *ref = &v->cur->refs[i];

		if (!exception && frame->in_callback && ref->callback != frame->frameno)
			continue;
		err = reject(v, -EINVAL, "Unreleased reference id=%u alloc_insn=%u", ref->id,
			     ref->insn);
	}
	return err;
}
