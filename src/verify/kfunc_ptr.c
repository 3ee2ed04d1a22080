/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers that kernel functions take as what their register is: objects of
 * the kernel, memory, functions.
 */
#include <inttypes.h>

#include "verify/btf_ptr.h"
#include "verify/global.h"
#include "verify/kfunc.h"

/* ---- what a register is taken for ---- */

/* Registers that stand for an object of the kernel without saying which in BTF. */
static const char *object_of(const struct reg *reg)
{
	switch (reg_kind(reg)) {
	case PTR_TO_SOCKET:
		return "sock";
	case PTR_TO_SOCK_COMMON:
		return "sock_common";
	case PTR_TO_TCP_SOCK:
		return "tcp_sock";
	case CONST_PTR_TO_MAP:
		return "bpf_map";
	default:
		return NULL;
	}
}

/* Members that are looked at before giving up: structs can hold each other many times over. */
#define MAX_MEMBERS (1u << 16)

static bool has_scalars(struct verifier *v, const struct btf *btf, const struct btf_type *t,
			u32 level, u32 *left)
{
	const struct btf_member *member = btf_tail(t);

	if (!btf_is_struct(t))
		return false;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *m = btf_skip_mods(btf, member[i].type, NULL);
		const struct btf_array *array;

		if (!(*left)--)
			return false;
		if (btf_is_struct(m)) {
			if (level >= 3) {
				note(v, "max struct nesting depth exceeded\n");
				return false;
			}
			if (!has_scalars(v, btf, m, level + 1, left))
				return false;
			continue;
		}
		if (btf_kind(m) == BTF_KIND_ARRAY) {
			array = btf_tail(m);
			if (!array->nelems)
				return false;
			m = btf_skip_mods(btf, array->type, NULL);
		}
		if (!is_scalar_type(m))
			return false;
	}
	return true;
}

bool is_scalar_struct(struct verifier *v, const struct btf *btf, const struct btf_type *t)
{
	u32 left = MAX_MEMBERS;

	return has_scalars(v, btf, t, 0, &left);
}

static bool has_size_arg(const struct verifier *v, const struct kfunc *kfunc, u32 arg)
{
	const struct kfunc_param *next = &kfunc->params[arg + 1];

	return arg + 1 < kfunc->param_cnt && is_scalar_type(next->type) &&
	       next->flags & (PARAM_F_SIZE | PARAM_F_CONST_SIZE) &&
	       cur_reg(v, arg + 2)->type == SCALAR_VALUE;
}

int kfunc_pointer_kind(struct verifier *v, const struct kfunc *kfunc, u32 arg)
{
	const struct kfunc_param *p = &kfunc->params[arg];
	const struct reg *reg = cur_reg(v, arg + 1);
	bool sized;

	if (p->kind == PARAM_CTX)
		return PARAM_CTX;
	if (p->flags & PARAM_F_NULLABLE && reg_is_null(reg))
		return PARAM_NULL;
	if (p->kind != PARAM_BY_REG)
		return (int)p->kind;
	if (reg_kind(reg) == PTR_TO_BTF_ID || object_of(reg)) {
		if (!btf_is_struct(p->to))
			return reject(
				v, -EINVAL,
				"kernel function %s args#%u pointer type %s %s is not supported",
				kfunc->name, arg, btf_kind_name(p->to), p->to_name);
		return PARAM_OBJ;
	}
	if (p->flags & PARAM_F_FUNC)
		return PARAM_CALLBACK;
	sized = has_size_arg(v, kfunc, arg);
	if (!is_scalar_type(p->to) && !is_scalar_struct(v, kfunc->btf, p->to) &&
	    !(sized && btf_kind(p->to) == BTF_KIND_UNKN))
		return reject(
			v, -EINVAL,
			"arg#%u pointer type %s %s must point to %sscalar, or struct with scalar",
			arg, btf_kind_name(p->to), p->to_name, sized ? "void, " : "");
	return sized ? PARAM_MEM_SIZE : PARAM_MEM;
}

/* ---- objects ---- */

#define TRUSTED_FLAGS (MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF)

static bool is_object(const struct reg *reg)
{
	u32 unsafe = reg->type & ~(REG_KIND_MASK | TRUSTED_FLAGS);

	if (object_of(reg))
		return true;
	return reg_kind(reg) == PTR_TO_BTF_ID && (!unsafe || reg_is_rcu(reg));
}

/* What is needed: of a map, whatever the kernel function calls it, struct bpf_map. */
static struct kfunc_param needed(struct verifier *v, const struct kfunc_param *p)
{
	struct kfunc_param need = *p;
	s32 id;

	if (p->kind != PARAM_MAP)
		return need;
	id = btf_find(kernel_btf(v), BTF_KIND_STRUCT, "bpf_map");
	if (id >= 0) {
		need.to_id = (u32)id;
		need.to = btf_type_by_id(kernel_btf(v), (u32)id);
		need.to_name = "bpf_map";
	}
	return need;
}

static bool given(struct verifier *v, const struct reg *reg, const struct btf **btf, u32 *id)
{
	const char *name = object_of(reg);
	s32 found;

	if (!name) {
		*btf = reg->btf;
		return btf_skip_mods(reg->btf, reg->btf_id, id);
	}
	*btf = kernel_btf(v);
	found = btf_find(*btf, BTF_KIND_STRUCT, name);
	*id = found < 0 ? 0 : (u32)found;
	return found >= 0;
}

int check_kfunc_obj(struct verifier *v, struct kfunc_args *args, u32 arg)
{
	const struct kfunc *kfunc = args->kfunc;
	const struct kfunc_param p = needed(v, &kfunc->params[arg]);
	const struct reg *reg = cur_reg(v, arg + 1);
	struct btf_match m = {.need_btf = kfunc->btf, .need_id = p.to_id};
	const char *name;

	if (!is_object(reg))
		return reject(v, -EINVAL, "arg#%u is %s expected %s or socket", arg,
			      TYPE_NAME(reg->type),
			      TYPE_NAME(reg->type & (REG_KIND_MASK | TRUSTED_FLAGS)));
	if (!given(v, reg, &m.btf, &m.id))
		return reject(v, -EINVAL, "the kernel's BTF has no struct %s", object_of(reg));
	m.off = reg->off;
	m.strict = (kfunc->flags & KF_RELEASE && reg->ref_id) ||
		   btf_is_nocast_alias(m.btf, m.id, m.need_btf, m.need_id);
	m.flexible = !(reg->type & MEM_ALLOC);
	name = btf_id_name(m.btf, m.id);
	if (is_projection_of(p.to_name, name) || btf_struct_ids_match(v, &m))
		return 0;
	return reject(v, -EINVAL,
		      "kernel function %s args#%u expected pointer to %s %s but R%u has a pointer "
		      "to %s %s",
		      kfunc->name, arg, btf_kind_name(p.to), p.to_name, arg + 1,
		      btf_kind_name(btf_type_by_id(m.btf, m.id)), name);
}

bool is_projection_of(const char *projection, const char *object)
{
	return (!strcmp(projection, "__sk_buff") && !strcmp(object, "sk_buff")) ||
	       (!strcmp(projection, "xdp_md") && !strcmp(object, "xdp_buff"));
}

/* ---- memory ---- */

/* NULL is the function's own to check for. */
static int check_memory(struct verifier *v, u32 regno, s64 size)
{
	struct reg *reg = cur_reg(v, regno), saved = *reg;
	int err;

	reg->type &= ~PTR_MAYBE_NULL;
	err = check_helper_mem(v, regno, size, ACCESS_READ, true, NULL);
	if (!err)
		err = check_helper_mem(v, regno, size, ACCESS_WRITE, true, NULL);
	*cur_reg(v, regno) = saved;
	return err;
}

int check_kfunc_mem(struct verifier *v, const struct kfunc *kfunc, u32 arg)
{
	const struct kfunc_param *p = &kfunc->params[arg];
	s64 size = btf_size(kfunc->btf, p->to_id);

	if (size < 0 || size > UINT32_MAX)
		return reject(v, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be determined: %d", arg,
			      btf_kind_name(p->to), p->to_name, -EINVAL);
	if (reg_is_null(cur_reg(v, arg + 1)))
		return mark_precise(v, arg + 1);
	return check_memory(v, arg + 1, size);
}

static int check_size(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (reg->s.smin < 0)
		return reject(v, -EACCES,
			      "R%u min value is negative, either use unsigned or 'var &= const'",
			      regno);
	if (reg->s.umax >= MAX_VAR_SIZ)
		return reject(v, -EACCES,
			      "R%u unbounded memory access, use 'var &= const' or 'if (var < "
			      "const)'",
			      regno);
	err = check_memory(v, regno - 1, (s64)reg->s.umax);
	return err ? err : mark_precise(v, regno);
}

int check_kfunc_mem_size(struct verifier *v, struct kfunc_args *args, u32 arg)
{
	const struct kfunc_param *p = &args->kfunc->params[arg];
	const struct reg *size = cur_reg(v, arg + 2);
	int err;

	if (reg_is_null(cur_reg(v, arg + 1)) && p->flags & PARAM_F_OPTIONAL) {
		err = mark_precise(v, arg + 1);
		if (err)
			return err;
	} else {
		err = check_size(v, arg + 2);
		if (err == -ENOMEM)
			return err;
		if (err)
			return reject(v, err,
				      "arg#%u arg#%u memory, len pair leads to invalid memory "
				      "access",
				      arg, arg + 1);
	}
	if (!(args->kfunc->params[arg + 1].flags & PARAM_F_CONST_SIZE))
		return 0;
	if (args->has_constant)
		return reject(v, -EFAULT,
			      "verifier internal error: only one constant argument permitted");
	if (!tnum_is_const(size->s.var_off))
		return reject(v, -EINVAL, "R%u must be a known constant", arg + 2);
	args->has_constant = true;
	args->constant = size->s.var_off.value;
	return 0;
}
