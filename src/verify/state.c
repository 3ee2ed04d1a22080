/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, copying and freeing states. Nothing here knows what an instruction does. */
#include "verify/state.h"

#include <errno.h>
#include <string.h>

void reg_set_not_init(struct reg *reg)
{
	memset(reg, 0, sizeof(*reg));
}

const struct reg reg_unknown = {
	.type = SCALAR_VALUE,
	.s = {.var_off = {.mask = UINT64_MAX},
	      .smin = INT64_MIN,
	      .smax = INT64_MAX,
	      .umax = UINT64_MAX,
	      .s32_min = INT32_MIN,
	      .s32_max = INT32_MAX,
	      .u32_max = UINT32_MAX},
};

void reg_set_unknown(struct reg *reg)
{
	*reg = reg_unknown;
}

void reg_set_const(struct reg *reg, u64 value)
{
	memset(reg, 0, sizeof(*reg));
	reg->type = SCALAR_VALUE;
	reg->s = scalar_const(value);
}

void reg_set_pointer(struct reg *reg, u32 type)
{
	memset(reg, 0, sizeof(*reg));
	reg->type = type;
	reg->s = scalar_const(0);
}

u32 reg_width(const struct reg *reg)
{
	return bit_width(reg->s.umax);
}

struct frame *frame_new(const struct mem *mem, u32 slots)
{
	return mem_zalloc(mem, sizeof(struct frame) + slots * sizeof(struct stack_slot));
}

void frame_grow(struct frame *frame, u32 n)
{
	if (n <= frame->slot_cnt)
		return;
	memset(frame->slots + frame->slot_cnt, 0,
	       (n - frame->slot_cnt) * sizeof(struct stack_slot));
	frame->slot_cnt = n;
}

static int copy_refs(const struct mem *mem, struct vstate *dst, const struct vstate *src)
{
	if (dst->ref_cap < src->ref_cnt) {
		struct ref *refs =
			mem_realloc(mem, dst->refs, (size_t)src->ref_cnt * sizeof(struct ref));

		if (!refs)
			return -ENOMEM;
		dst->refs = refs;
		dst->ref_cap = src->ref_cnt;
	}
	if (src->ref_cnt)
		memcpy(dst->refs, src->refs, src->ref_cnt * sizeof(struct ref));
	dst->ref_cnt = src->ref_cnt;
	return 0;
}

/* All that is not memory of the state's own. */
static void copy_plain(struct vstate *dst, const struct vstate *src)
{
	struct vstate own = *dst;

	*dst = *src;
	memcpy(dst->frame, own.frame, sizeof(own.frame));
	dst->refs = own.refs;
	dst->ref_cnt = own.ref_cnt;
	dst->ref_cap = own.ref_cap;
}

int state_save(const struct mem *mem, struct vstate *dst, const struct vstate *src)
{
	memset(dst, 0, sizeof(*dst));
	copy_plain(dst, src);
	if (copy_refs(mem, dst, src))
		goto fail;
	for (u32 i = 0; i <= src->curframe; i++) {
		dst->frame[i] = mem_dup(mem, src->frame[i], frame_room(src->frame[i]));
		if (!dst->frame[i])
			goto fail;
	}
	return 0;
fail:
	state_free(mem, dst);
	return -ENOMEM;
}

int state_load(const struct mem *mem, struct vstate *dst, const struct vstate *src)
{
	if (copy_refs(mem, dst, src))
		return -ENOMEM;
	copy_plain(dst, src);
	for (u32 i = 0; i <= src->curframe; i++) {
		if (!dst->frame[i])
			dst->frame[i] = frame_new(mem, MAX_SLOTS);
		if (!dst->frame[i])
			return -ENOMEM;
		memcpy(dst->frame[i], src->frame[i], frame_room(src->frame[i]));
	}
	return 0;
}

void state_free(const struct mem *mem, struct vstate *state)
{
	for (u32 i = 0; i < MAX_CALL_FRAMES; i++)
		mem_free(mem, state->frame[i]);
	mem_free(mem, state->refs);
	memset(state, 0, sizeof(*state));
}

int state_add_ref(const struct mem *mem, struct vstate *state, struct ref ref)
{
	if (state->ref_cnt == state->ref_cap) {
		u32 cap = state->ref_cap ? state->ref_cap * 2 : 4;
		struct ref *refs = mem_realloc(mem, state->refs, cap * sizeof(*refs));

		if (!refs)
			return -ENOMEM;
		state->refs = refs;
		state->ref_cap = cap;
	}
	state->refs[state->ref_cnt++] = ref;
	return 0;
}

bool state_drop_ref(struct vstate *state, u32 id)
{
	for (u32 i = 0; i < state->ref_cnt; i++) {
		if (state->refs[i].id != id)
			continue;
		/* As Linux does: the last one moves into the gap. */
		state->refs[i] = state->refs[--state->ref_cnt];
		return true;
	}
	return false;
}
