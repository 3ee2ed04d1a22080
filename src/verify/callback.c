/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callbacks. A synchronous one runs in a frame of its own, as often as its
 * caller likes: its paths go from the call through the callback back to the
 * call. An asynchronous one starts later on an empty stack: a root of paths.
 */
#include "verify/verifier.h"

/* ---- what each caller passes ---- */

static void pass(struct frame *callee, u32 to, const struct frame *caller, u32 from)
{
	callee->regs[to] = caller->regs[from];
}

/* callback(index, ctx) */
static int set_loop_args(struct verifier *v, struct frame *callee, const struct frame *caller,
			 const struct call_args *args)
{
	(void)v;
	(void)args;
	reg_set_unknown(&callee->regs[BPF_REG_1]);
	pass(callee, BPF_REG_2, caller, BPF_REG_3);
	return 0;
}

static bool has_for_each(const struct map_desc *map)
{
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	default:
		return false;
	}
}

/* map, key, value */
static void set_element(struct frame *callee, const struct call_args *args)
{
	static const u32 types[] = {CONST_PTR_TO_MAP, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE};

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		struct reg *reg = &callee->regs[BPF_REG_1 + i];

		reg_set_pointer(reg, types[i]);
		reg->map = args->map;
		reg->map_index = args->map_index;
		reg->map_uid = args->map_uid;
	}
}

/* callback(map, key, value, ctx) */
static int set_map_elem_args(struct verifier *v, struct frame *callee, const struct frame *caller,
			     const struct call_args *args)
{
	if (!has_for_each(args->map))
		return reject(v, -ENOTSUPP, "callback function not allowed for map");
	set_element(callee, args);
	pass(callee, BPF_REG_4, caller, BPF_REG_3);
	return 0;
}

/* callback(map, key, value) */
int set_timer_args(struct verifier *v, struct frame *callee, const struct frame *caller,
		   const struct call_args *args)
{
	(void)v;
	(void)caller;
	set_element(callee, args);
	return 0;
}

/* callback(task, vma, ctx) */
static int set_find_vma_args(struct verifier *v, struct frame *callee, const struct frame *caller,
			     const struct call_args *args)
{
	const struct btf *btf = kernel_btf(v);
	struct reg *vma = &callee->regs[BPF_REG_2];
	s32 id = btf ? btf_find(btf, BTF_KIND_STRUCT, "vm_area_struct") : -ENOENT;

	(void)args;
	if (id < 0)
		return reject(v, -EINVAL, "the kernel's BTF has no struct vm_area_struct");
	pass(callee, BPF_REG_1, caller, BPF_REG_1);
	reg_set_pointer(vma, PTR_TO_BTF_ID);
	vma->btf = btf;
	vma->btf_id = (u32)id;
	pass(callee, BPF_REG_3, caller, BPF_REG_4);
	return 0;
}

/* callback(dynptr, ctx) */
static int set_user_ringbuf_args(struct verifier *v, struct frame *callee,
				 const struct frame *caller, const struct call_args *args)
{
	(void)args;
	set_dynptr_reg(v, &callee->regs[BPF_REG_1], DYNPTR_TYPE_LOCAL);
	pass(callee, BPF_REG_2, caller, BPF_REG_3);
	return 0;
}

static const struct helper_callback {
	u32 helper;
	bool async;
	callback_args_fn set_args;
} helper_callbacks[] = {
	{BPF_FUNC_for_each_map_elem, false, set_map_elem_args},
	{BPF_FUNC_find_vma, false, set_find_vma_args},
	{BPF_FUNC_loop, false, set_loop_args},
	{BPF_FUNC_user_ringbuf_drain, false, set_user_ringbuf_args},
	{BPF_FUNC_timer_set_callback, true, set_timer_args},
};

static const struct helper_callback *find_callback(u32 id)
{
	for (u32 i = 0; i < ARRAY_SIZE(helper_callbacks); i++)
		if (helper_callbacks[i].helper == id)
			return &helper_callbacks[i];
	return NULL;
}

bool helper_calls_callback(u32 id)
{
	const struct helper_callback *cb = find_callback(id);

	return cb && !cb->async;
}

bool helper_calls_async_callback(u32 id)
{
	const struct helper_callback *cb = find_callback(id);

	return cb && cb->async;
}

/* ---- ways into a callback ---- */

static int push_sync(struct verifier *v, const struct callback *cb, const struct call_args *args)
{
	struct frame *callee;
	struct vstate *state;
	int err;

	state = push_path(v, v->subprogs[cb->subprog].start, v->insn, &err);
	if (!state)
		return err;
	callee = enter_subprog(v, state, cb->subprog, 0, &err);
	if (!callee)
		return err;
	err = cb->set_args(v, callee, cur_frame(v), args);
	callee->in_callback = true;
	callee->callback_ret = (struct ret_range){0, 1};
	state->callback_unroll_depth++;
	state->frame[state->curframe - 1]->callback_depth++;
	cur_frame(v)->callback_depth = 0;
	return err;
}

static int push_async(struct verifier *v, const struct callback *cb, const struct call_args *args)
{
	struct vstate *state;
	struct frame *callee;
	int err;

	v->subprogs[cb->subprog].is_async_callback = true;
	state = push_root(v, cb->subprog, &err);
	if (!state)
		return err;
	state->in_sleepable = cb->sleepable;
	callee = state->frame[0];
	callee->in_async_callback = true;
	callee->callback_ret = (struct ret_range){0, 0};
	callee->async_entries = cur_frame(v)->async_entries + 1;
	return cb->set_args(v, callee, cur_frame(v), args);
}

int push_callback(struct verifier *v, const struct callback *cb, const struct call_args *args)
{
	v->subprogs[cb->subprog].is_callback = true;
	return cb->async ? push_async(v, cb, args) : push_sync(v, cb, args);
}

int push_helper_callback(struct verifier *v, const struct call_args *args)
{
	const struct helper_callback *row = find_callback(args->proto->id);
	const struct callback cb = {
		.subprog = args->subprog,
		.async = row->async,
		.set_args = row->set_args,
	};

	return push_callback(v, &cb, args);
}
