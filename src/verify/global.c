/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Global functions: their BTF prototypes say what they may be called with,
 * and each is verified once for all that fits.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "verify/verifier.h"

static const struct btf_type *prototype(const struct verifier *v, u32 subprog)
{
	const struct bpf_func_info *info = &v->in->func_info[v->subprogs[subprog].func_info];
	const struct btf_type *func = btf_type_by_id(v->in->btf, info->type_id);

	return btf_type_by_id(v->in->btf, func->type);
}

static bool is_scalar_type(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT || btf_kind(t) == BTF_KIND_ENUM ||
	       btf_kind(t) == BTF_KIND_ENUM64;
}

/* "struct xdp_md", by name, as programs declare their context. */
static bool is_ctx_struct(const struct verifier *v, const struct btf_type *t)
{
	return t && btf_kind(t) == BTF_KIND_STRUCT && v->rules->ctx_name &&
	       !strcmp(btf_name(v->in->btf, t), v->rules->ctx_name);
}

/* Tags change what an argument means; none is known here yet. */
static bool has_arg_tag(const struct verifier *v, u32 func_id, u32 arg)
{
	const struct btf *btf = v->in->btf;

	for (u32 i = 1; i < btf_type_cnt(btf); i++) {
		const struct btf_type *t = btf_type_by_id(btf, i);

		if (btf_kind(t) == BTF_KIND_DECL_TAG && t->type == func_id &&
		    ((const struct btf_decl_tag *)btf_tail(t))->component_idx == (s32)arg &&
		    !strncmp(btf_name(btf, t), "arg:", 4))
			return true;
	}
	return false;
}

static const char *const kind_names[BTF_KINDS] = {
	[BTF_KIND_UNKN] = "UNKNOWN",	  [BTF_KIND_INT] = "INT",
	[BTF_KIND_PTR] = "PTR",		  [BTF_KIND_ARRAY] = "ARRAY",
	[BTF_KIND_STRUCT] = "STRUCT",	  [BTF_KIND_UNION] = "UNION",
	[BTF_KIND_ENUM] = "ENUM",	  [BTF_KIND_FWD] = "FWD",
	[BTF_KIND_TYPEDEF] = "TYPEDEF",	  [BTF_KIND_VOLATILE] = "VOLATILE",
	[BTF_KIND_CONST] = "CONST",	  [BTF_KIND_RESTRICT] = "RESTRICT",
	[BTF_KIND_FUNC] = "FUNC",	  [BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	[BTF_KIND_VAR] = "VAR",		  [BTF_KIND_DATASEC] = "DATASEC",
	[BTF_KIND_FLOAT] = "FLOAT",	  [BTF_KIND_DECL_TAG] = "DECL_TAG",
	[BTF_KIND_TYPE_TAG] = "TYPE_TAG", [BTF_KIND_ENUM64] = "ENUM64",
};

static int prepare_pointer(struct verifier *v, u32 i, const struct btf_type *ptr,
			   struct global_arg *arg)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *to;
	u32 id;
	s64 size;

	/* Its own name for the type hides the context's. */
	to = btf_skip_mods(btf, ptr->type, &id);
	if (is_ctx_struct(v, to)) {
		arg->kind = ARG_PTR_TO_CTX;
		return 0;
	}
	if (to && btf_kind(to) == BTF_KIND_STRUCT && !strcmp(btf_name(btf, to), "bpf_dynptr"))
		return reject(v, -EOPNOTSUPP, "dynptr arguments are not supported yet");
	size = to ? btf_size(btf, id) : -EINVAL;
	if (size < 0 || size > UINT32_MAX)
		return reject(v, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be determined: %d", i,
			      to ? kind_names[btf_kind(to)] : "UNKNOWN",
			      to ? btf_name(btf, to) : "", -EINVAL);
	arg->kind = ARG_PTR_TO_MEM | PTR_MAYBE_NULL;
	arg->mem_size = (u32)size;
	return 0;
}

static int prepare_arg(struct verifier *v, u32 subprog, u32 i, u32 type, struct global_arg *arg)
{
	const struct btf *btf = v->in->btf;
	u32 func = v->in->func_info[v->subprogs[subprog].func_info].type_id;
	const struct btf_type *t = btf_skip_mods(btf, type, NULL);

	if (has_arg_tag(v, func, i))
		return reject(v, -EOPNOTSUPP, "arg#%u tags are not supported yet", i);
	if (t && btf_kind(t) == BTF_KIND_PTR)
		return prepare_pointer(v, i, t, arg);
	if (t && is_scalar_type(t)) {
		arg->kind = ARG_ANYTHING;
		return 0;
	}
	return reject(v, -EINVAL, "Arg#%u type %s in %s() is not supported yet.", i,
		      t ? kind_names[btf_kind(t)] : "UNKNOWN", v->subprogs[subprog].name);
}

int prepare_global_args(struct verifier *v, u32 subprog)
{
	struct subprog_info *sub = &v->subprogs[subprog];
	const struct btf_type *proto, *ret;
	const struct btf_param *params;

	if (sub->args_done)
		return 0;
	proto = prototype(v, subprog);
	params = btf_tail(proto);
	if (btf_vlen(proto) > 5)
		return reject(v, -EINVAL, "Global function %s() with %u > 5 args. Buggy compiler.",
			      sub->name, btf_vlen(proto));
	ret = btf_skip_mods(v->in->btf, proto->type, NULL);
	if (!ret || !is_scalar_type(ret))
		return reject(v, -EINVAL,
			      "Global function %s() doesn't return scalar. Only those are "
			      "supported.",
			      sub->name);
	for (u32 i = 0; i < btf_vlen(proto); i++) {
		int err = prepare_arg(v, subprog, i, params[i].type, &sub->args[i]);

		if (err)
			return err;
	}
	sub->arg_cnt = btf_vlen(proto);
	sub->args_done = true;
	return 0;
}

/* ---- at a call ---- */

static int check_mem(struct verifier *v, u32 regno, const struct global_arg *arg)
{
	struct reg *reg = cur_reg(v, regno);
	struct reg saved = *reg;
	int err;

	if (reg_is_null(reg))
		return 0;
	/* As if it were not null; the callee checks. */
	reg->type &= ~PTR_MAYBE_NULL;
	err = check_helper_mem(v, regno, arg->mem_size, ACCESS_READ, true, NULL);
	if (!err)
		err = check_helper_mem(v, regno, arg->mem_size, ACCESS_WRITE, true, NULL);
	*reg = saved;
	return err ? -EINVAL : 0;
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
		if (reg->type != PTR_TO_CTX)
			return reject(v, -EINVAL, "arg#%u expects pointer to ctx", i);
		return check_ptr_off(v, reg, regno, false);
	default:
		/* Only memory may be at an offset, and only what is no reference is safe to lend.
		 */
		if (reg->type == NOT_INIT)
			return reject(v, -EINVAL, "R%u type=%s expected=%s", regno,
				      TYPE_NAME(reg->type), TYPE_NAME(PTR_TO_STACK));
		err = check_mem(v, regno, arg);
		return err;
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

void set_global_args(struct verifier *v, u32 subprog)
{
	const struct subprog_info *sub = &v->subprogs[subprog];

	for (u32 i = 0; i < sub->arg_cnt; i++) {
		struct reg *reg = cur_reg(v, BPF_REG_1 + i);
		const struct global_arg *arg = &sub->args[i];

		switch (ARG_BASE(arg->kind)) {
		case ARG_ANYTHING:
			reg_set_unknown(reg);
			break;
		case ARG_PTR_TO_CTX:
			reg_set_pointer(reg, PTR_TO_CTX);
			break;
		default:
			reg_set_pointer(reg, PTR_TO_MEM | PTR_MAYBE_NULL);
			reg->mem_size = arg->mem_size;
			reg->id = ++v->id_gen;
		}
	}
}
