/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a function's BTF says what it is called with, for those who attach
 * to it later: compilers change the arguments of static functions. Nothing is
 * rejected here.
 */
#include "verify/global.h"

static const struct btf_type *proto_of(const struct verifier *v, u32 subprog)
{
	s32 info = v->subprogs[subprog].func_info;
	const struct btf_type *func;

	if (info < 0 || !v->in->btf)
		return NULL;
	func = btf_type_by_id(v->in->btf, v->in->func_info[info].type_id);
	return btf_type_by_id(v->in->btf, func->type);
}

static bool returns_number(const struct verifier *v, const struct btf_type *proto)
{
	return is_scalar_type(btf_skip_mods(v->in->btf, proto->type, NULL));
}

static bool arg_fits(struct verifier *v, const struct btf_type *t, const struct reg *reg)
{
	if (is_scalar_type(t))
		return reg->type == SCALAR_VALUE;
	return btf_kind(t) == BTF_KIND_PTR && is_ctx_pointer(v, t) && reg->type == PTR_TO_CTX &&
	       !reg->off;
}

void note_static_call(struct verifier *v, u32 subprog)
{
	struct subprog_info *sub = &v->subprogs[subprog];
	const struct btf_type *proto = sub->unreliable ? NULL : proto_of(v, subprog);
	const struct btf_param *params;

	if (!proto)
		return;
	params = btf_tail(proto);
	sub->unreliable = btf_vlen(proto) > 5 || !returns_number(v, proto);
	for (u32 i = 0; i < btf_vlen(proto) && !sub->unreliable; i++) {
		const struct btf_type *t = btf_skip_mods(v->in->btf, params[i].type, NULL);

		sub->unreliable = !t || !arg_fits(v, t, cur_reg(v, BPF_REG_1 + i));
	}
}

bool main_is_reliable(struct verifier *v)
{
	const struct btf_type *proto = proto_of(v, 0), *t;

	if (!proto || btf_vlen(proto) != 1 || !returns_number(v, proto))
		return false;
	t = btf_skip_mods(v->in->btf, ((const struct btf_param *)btf_tail(proto))->type, NULL);
	return t && btf_kind(t) == BTF_KIND_PTR && is_ctx_pointer(v, t);
}
