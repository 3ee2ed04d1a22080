/* SPDX-License-Identifier: BSD-2-Clause */
/* What kernel functions return, by prototype or by what the function is. */
#include "verify/btf_ptr.h"
#include "verify/global.h"
#include "verify/kfunc.h"

static bool returns_null(const struct kfunc_args *args)
{
	if (kfunc_is(args, KFUNC_bpf_refcount_acquire_impl) && args->owning_ref)
		return false;
	return args->kfunc->flags & KF_RET_NULL;
}

/* ---- functions whose prototype does not say it ---- */

static int set_rdonly_cast(struct verifier *v, struct reg *r0, const struct kfunc_args *args)
{
	const struct btf *btf = args->kfunc->btf;
	const struct btf_type *t =
		args->constant > UINT32_MAX ? NULL : btf_type_by_id(btf, (u32)args->constant);

	if (!t || !btf_is_struct(t))
		return reject(v, -EINVAL,
			      "kfunc bpf_rdonly_cast type ID argument must be of a struct");
	reg_set_btf(v, r0, btf, (u32)args->constant, PTR_UNTRUSTED);
	return 0;
}

static int set_slice(struct verifier *v, struct reg *r0, const struct kfunc_args *args)
{
	u32 flags = dynptr_type_flag(args->dynptr.type);

	if (!args->has_constant)
		return reject(v, -EFAULT,
			      "verifier internal error: bpf_dynptr_slice(_rdwr) no constant size");
	if (kfunc_is(args, KFUNC_bpf_dynptr_slice))
		flags |= MEM_RDONLY;
	else if (!packet_access_allowed(v, NULL, ACCESS_WRITE))
		return reject(v, -EINVAL, "the prog does not allow writes to packet data");
	if (!args->dynptr.id)
		return reject(v, -EFAULT, "verifier internal error: no dynptr id");
	reg_set_pointer(r0, PTR_TO_MEM | flags);
	r0->mem_size = (u32)args->constant;
	r0->dynptr_id = args->dynptr.id;
	/* Linux forgets that a slice of a ring buffer's record ends with the record. */
	r0->ref_id = args->dynptr.ref_id;
	return 0;
}

/* 1: it is no such function. */
static int set_special(struct verifier *v, struct reg *r0, struct kfunc_args *args)
{
	switch (args->kfunc->kind) {
	case KFUNC_bpf_obj_new_impl:
	case KFUNC_bpf_percpu_obj_new_impl:
		return set_new_object(v, r0, args);
	case KFUNC_bpf_refcount_acquire_impl:
		reg_set_btf(v, r0, args->obj_btf, args->obj_id, MEM_ALLOC);
		return 0;
	case KFUNC_bpf_list_pop_front:
	case KFUNC_bpf_list_pop_back:
	case KFUNC_bpf_rbtree_remove:
	case KFUNC_bpf_rbtree_first:
		set_graph_node(v, r0, args->root);
		return 0;
	case KFUNC_bpf_cast_to_kern_ctx:
		reg_set_btf(v, r0, args->kfunc->btf, args->ret_btf_id, PTR_TRUSTED);
		return 0;
	case KFUNC_bpf_rdonly_cast:
		return set_rdonly_cast(v, r0, args);
	case KFUNC_bpf_dynptr_slice:
	case KFUNC_bpf_dynptr_slice_rdwr:
		return set_slice(v, r0, args);
	default:
		return 1;
	}
}

/* ---- pointers by type ---- */

static int set_memory(struct verifier *v, struct reg *r0, struct kfunc_args *args,
		      const struct btf_type *to, u32 to_id)
{
	s64 size;

	if (!args->ret_size) {
		size = btf_size(args->kfunc->btf, to_id);
		if (size > 0 && size <= UINT32_MAX) {
			args->ret_size = (u64)size;
			args->ret_rdonly = true;
		}
	}
	if (!args->ret_size)
		return reject(v, -EINVAL,
			      "kernel function %s returns pointer type %s %s is not supported",
			      args->kfunc->name, btf_kind_name(to), btf_name(args->kfunc->btf, to));
	reg_set_pointer(r0, PTR_TO_MEM | (args->ret_rdonly ? MEM_RDONLY : 0));
	r0->mem_size = (u32)args->ret_size;
	/* It is gone when what it was taken from is released. */
	r0->ref_id = args->ref_id;
	return 0;
}

static u32 iter_element_flags(const struct verifier *v, const struct kfunc_args *args)
{
	const struct frame *frame = v->cur->frame[args->iter.frame];
	const struct stack_slot *slot = &frame->slots[args->iter.slot];

	return slot->spill && slot->spill->type & MEM_RCU ? MEM_RCU : PTR_TRUSTED;
}

static int set_pointer(struct verifier *v, struct reg *r0, struct kfunc_args *args, u32 ptr_to)
{
	const struct kfunc *kfunc = args->kfunc;
	const struct btf_type *to;
	u32 to_id, flags = 0;
	int ret;

	to = btf_skip_mods(kfunc->btf, ptr_to, &to_id);
	ret = set_special(v, r0, args);
	if (ret <= 0)
		return ret;
	if (btf_kind(to) == BTF_KIND_UNKN) {
		reg_set_unknown(r0); /* void *: an address that is nothing but a number */
		return 0;
	}
	if (kfunc->kind == KFUNC_bpf_session_cookie)
		args->ret_size = sizeof(u64);
	if (btf_kind(to) != BTF_KIND_STRUCT)
		return set_memory(v, r0, args, to, to_id);
	if (kfunc->flags & KF_ITER_NEXT)
		flags = iter_element_flags(v, args);
	reg_set_btf(v, r0, kfunc->btf, to_id, flags);
	return 0;
}

static int finish_pointer(struct verifier *v, struct reg *r0, const struct kfunc_args *args)
{
	int err = 0;

	if (returns_null(args)) {
		r0->type |= PTR_MAYBE_NULL;
		r0->id = ++v->id_gen;
	}
	if (args->kfunc->flags & KF_ACQUIRE) {
		u32 id;

		err = acquire_ref(v, &id);
		if (err)
			return err;
		if (returns_null(args))
			r0->id = id;
		r0->ref_id = id;
	} else if (kfunc_is(args, KFUNC_bpf_rbtree_first)) {
		err = set_non_owning(v, r0);
	}
	if (!err && !r0->id && reg_has_lock(r0))
		r0->id = ++v->id_gen;
	return err;
}

static bool acquires_object(const struct kfunc *kfunc, const struct btf_type *ret)
{
	switch (kfunc->kind) {
	case KFUNC_bpf_obj_new_impl:
	case KFUNC_bpf_percpu_obj_new_impl:
	case KFUNC_bpf_refcount_acquire_impl:
		return true;
	default:
		return btf_kind(ret) == BTF_KIND_PTR &&
		       btf_is_struct(btf_skip_mods(kfunc->btf, ret->type, NULL));
	}
}

int set_kfunc_result(struct verifier *v, struct kfunc_args *args)
{
	const struct kfunc *kfunc = args->kfunc;
	const struct btf_type *ret = btf_skip_mods(kfunc->btf, kfunc->proto->type, NULL);
	struct reg *r0 = cur_reg(v, BPF_REG_0);
	int err;

	if (kfunc->flags & KF_ACQUIRE && !acquires_object(kfunc, ret))
		return reject(v, -EINVAL, "acquire kernel function does not return PTR_TO_BTF_ID");
	if (is_scalar_type(ret)) {
		reg_set_unknown(r0);
		return 0;
	}
	if (btf_kind(ret) != BTF_KIND_PTR)
		return 0;
	err = set_pointer(v, r0, args, ret->type);
	return err ? err : finish_pointer(v, r0, args);
}
