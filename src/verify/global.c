/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global functions: their BTF prototypes say what they may be called with,
 * and each is verified once for all that fits. So it is with the main
 * function of a program that is to replace another program's function.
 */
#include "verify/btf_ptr.h"
#include "verify/global.h"

static const struct btf_type *prototype(const struct verifier *v, u32 subprog)
{
	const struct bpf_func_info *info = &v->in->func_info[v->subprogs[subprog].func_info];
	const struct btf_type *func = btf_type_by_id(v->in->btf, info->type_id);

	return btf_type_by_id(v->in->btf, func->type);
}

static int check_prototype(struct verifier *v, u32 subprog)
{
	const struct subprog_info *sub = &v->subprogs[subprog];
	const struct btf_type *proto = prototype(v, subprog), *ret;

	if (btf_vlen(proto) > 5)
		return reject(v, -EINVAL, "Global function %s() with %u > 5 args. Buggy compiler.",
			      sub->name, btf_vlen(proto));
	ret = btf_skip_mods(v->in->btf, proto->type, NULL);
	if (!ret || !is_scalar_type(ret))
		return reject(v, -EINVAL,
			      "Global function %s() doesn't return scalar. Only those are "
			      "supported.",
			      sub->name);
	return 0;
}

int prepare_global_args(struct verifier *v, u32 subprog)
{
	struct subprog_info *sub = &v->subprogs[subprog];
	const struct btf_param *params;
	u32 cnt;
	int err;

	if (sub->args_done)
		return 0;
	if (sub->func_info < 0)
		return reject(v, -EFAULT, "Global functions need valid BTF");
	err = check_prototype(v, subprog);
	if (err)
		return err;
	params = btf_tail(prototype(v, subprog));
	cnt = btf_vlen(prototype(v, subprog));
	for (u32 i = 0; i < cnt; i++) {
		err = set_arg_kind(v, subprog, i, params[i].type, &sub->args[i]);
		if (err)
			return err;
	}
	sub->arg_cnt = cnt;
	sub->args_done = true;
	return 0;
}

/* ---- at a call ---- */

static int check_mem_arg(struct verifier *v, u32 i, const struct global_arg *arg)
{
	u32 regno = BPF_REG_1 + i;
	struct reg *reg = cur_reg(v, regno);
	bool nonnull = !(arg->kind & PTR_MAYBE_NULL);
	struct reg saved = *reg;
	int err = check_arg_offset(v, regno, ARG_DONTCARE);

	if (err)
		return err;
	if (reg_is_null(reg)) {
		if (nonnull)
			return reject(v, -EINVAL, "arg#%u is expected to be non-NULL", i);
		return mark_precise(v, regno);
	}
	/* As if it were not null; the callee checks. */
	reg->type &= ~PTR_MAYBE_NULL;
	err = check_helper_mem(v, regno, arg->mem_size, ACCESS_READ, true, NULL);
	if (!err)
		err = check_helper_mem(v, regno, arg->mem_size, ACCESS_WRITE, true, NULL);
	*reg = saved;
	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	if (nonnull && reg_maybe_null(reg))
		return reject(v, -EINVAL, "arg#%u is expected to be non-NULL", i);
	return 0;
}

static int check_btf_arg(struct verifier *v, u32 i, const struct global_arg *arg)
{
	u32 regno = BPF_REG_1 + i;
	const struct reg *reg = cur_reg(v, regno);
	const struct btf_match match = {
		.btf = reg->btf,
		.id = reg->btf_id,
		.off = reg->off,
		.need_btf = kernel_btf(v),
		.need_id = arg->btf_id,
	};
	u32 type = reg->type;

	if (arg->kind & PTR_MAYBE_NULL) {
		if (reg_is_null(reg))
			return mark_precise(v, regno);
		type &= ~PTR_MAYBE_NULL;
	}
	if (type != PTR_TO_BTF_ID && type != (PTR_TO_BTF_ID | PTR_TRUSTED) &&
	    type != (PTR_TO_BTF_ID | MEM_RCU))
		return reject(v, -EACCES, "R%u type=%s expected=ptr_, trusted_ptr_, rcu_ptr_",
			      regno, TYPE_NAME(reg->type));
	if (!btf_struct_ids_match(v, &match))
		return reject(v, -EACCES, "R%u is of type %s but %s is expected", regno,
			      btf_id_name(reg->btf, reg->btf_id),
			      btf_id_name(kernel_btf(v), arg->btf_id));
	return check_arg_offset(v, regno, arg->kind);
}

static int check_global_arg(struct verifier *v, u32 i, const struct global_arg *arg)
{
	u32 regno = BPF_REG_1 + i;
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (reg->type != NOT_INIT)
		mark_reg_read(v, v->cur->curframe, regno);
	switch (ARG_BASE(arg->kind)) {
	case ARG_ANYTHING:
		if (reg->type != SCALAR_VALUE)
			return reject(v, -EINVAL, "R%u is not a scalar", regno);
		return 0;
	case ARG_PTR_TO_CTX:
		err = check_arg_offset(v, regno, ARG_DONTCARE);
		if (!err && reg->type != PTR_TO_CTX)
			return reject(v, -EINVAL, "arg#%u expects pointer to ctx", i);
		return err;
	case ARG_PTR_TO_MEM:
		return check_mem_arg(v, i, arg);
	case ARG_PTR_TO_ARENA:
		if (reg->type != PTR_TO_ARENA && reg->type != SCALAR_VALUE)
			return reject(v, -EINVAL, "R%u is not a pointer to arena or scalar.",
				      regno);
		return 0;
	case ARG_PTR_TO_DYNPTR:
		err = check_arg_offset(v, regno, ARG_PTR_TO_DYNPTR);
		return err ? err : check_dynptr_arg(v, regno, arg->kind, 0);
	default:
		return check_btf_arg(v, i, arg);
	}
}

int check_global_args(struct verifier *v, u32 subprog)
{
	struct subprog_info *sub = &v->subprogs[subprog];
	int err = prepare_global_args(v, subprog);

	for (u32 i = 0; !err && i < sub->arg_cnt; i++)
		err = check_global_arg(v, i, &sub->args[i]);
	return err;
}

/* ---- at its entry ---- */

static void set_global_arg(struct verifier *v, struct reg *reg, const struct global_arg *arg)
{
	u32 null = arg->kind & PTR_MAYBE_NULL;

	switch (ARG_BASE(arg->kind)) {
	case ARG_PTR_TO_CTX:
		reg_set_pointer(reg, PTR_TO_CTX);
		break;
	case ARG_PTR_TO_DYNPTR:
		/* Of no kind that more could be done with. */
		set_dynptr_reg(v, reg, DYNPTR_TYPE_LOCAL);
		break;
	case ARG_PTR_TO_MEM:
		reg_set_pointer(reg, PTR_TO_MEM | null);
		reg->mem_size = arg->mem_size;
		reg->id = ++v->id_gen;
		break;
	case ARG_PTR_TO_BTF_ID:
		reg_set_btf(v, reg, kernel_btf(v), arg->btf_id, PTR_TRUSTED | null);
		if (!null)
			reg->id = ++v->id_gen;
		break;
	default:
		/* A number, or an address in the arena, which a cast tells it to be. */
		reg_set_unknown(reg);
	}
}

void set_global_args(struct verifier *v, u32 subprog)
{
	const struct subprog_info *sub = &v->subprogs[subprog];

	for (u32 i = 0; i < sub->arg_cnt; i++)
		set_global_arg(v, cur_reg(v, BPF_REG_1 + i), &sub->args[i]);
}
