/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables of the kernel: wide loads of their addresses, and helpers that
 * find a CPU's own copy.
 */
#include "verify/btf_ptr.h"

/* ---- wide loads ---- */

static int find_btf(struct verifier *v, s32 fd, const struct btf **btf)
{
	if (!fd) {
		*btf = kernel_btf(v);
		if (!*btf)
			return reject(v, -EINVAL,
				      "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is "
				      "specified in Kconfig.");
		return 0;
	}
	if (!v->in->resolve_btf || v->in->resolve_btf(v->in->resolve_arg, fd, false, btf))
		return reject(v, -EINVAL, "invalid module BTF object FD specified.");
	return 0;
}

/* Each CPU has its own: the address alone is of no use. */
static bool is_percpu(const struct btf *btf, u32 var)
{
	s32 id = btf_find(btf, BTF_KIND_DATASEC, ".data..percpu");
	const struct btf_type *sec = id > 0 ? btf_type_by_id(btf, (u32)id) : NULL;

	for (u32 i = 0; sec && i < btf_vlen(sec); i++)
		if (((const struct btf_var_secinfo *)btf_tail(sec))[i].type == var)
			return true;
	return false;
}

static int resolve_var(struct verifier *v, struct insn_aux *aux, u32 id, const struct btf_type *var)
{
	const struct btf_type *t = btf_skip_mods(aux->btf, var->type, NULL);
	s64 size;

	aux->btf_id = var->type;
	if (is_percpu(aux->btf, id)) {
		aux->btf_reg_type = PTR_TO_BTF_ID | MEM_PERCPU;
		return 0;
	}
	if (btf_is_struct(t)) {
		aux->btf_reg_type = PTR_TO_BTF_ID;
		return 0;
	}
	size = btf_size(aux->btf, var->type);
	if (size < 0)
		return reject(v, -EINVAL, "ldimm64 unable to resolve the size of type '%s': %d",
			      btf_name(aux->btf, t), -EINVAL);
	aux->btf_reg_type = PTR_TO_MEM | MEM_RDONLY;
	aux->btf_mem_size = (u32)size;
	return 0;
}

int resolve_btf_ref(struct verifier *v, u32 insn)
{
	struct insn_aux *aux = &v->aux[insn];
	u32 id = (u32)v->insns[insn].imm;
	const struct btf_type *t;
	int err = find_btf(v, v->insns[insn + 1].imm, &aux->btf);

	if (err)
		return err;
	t = btf_type_by_id(aux->btf, id);
	if (!t)
		return reject(v, -ENOENT, "ldimm64 insn specifies invalid btf_id %d.", (s32)id);
	if (btf_kind(t) == BTF_KIND_VAR)
		return resolve_var(v, aux, id, t);
	if (btf_kind(t) != BTF_KIND_FUNC)
		return reject(v, -EINVAL, "pseudo btf_id %d in ldimm64 isn't KIND_VAR or KIND_FUNC",
			      (s32)id);
	/* An address to compare, no memory. */
	aux->btf_reg_type = PTR_TO_MEM | MEM_RDONLY;
	aux->btf_mem_size = 0;
	return 0;
}

void load_btf_ref(const struct insn_aux *aux, struct reg *dst)
{
	reg_set_pointer(dst, aux->btf_reg_type);
	if (reg_kind(dst) == PTR_TO_MEM) {
		dst->mem_size = aux->btf_mem_size;
		return;
	}
	dst->btf = aux->btf;
	dst->btf_id = aux->btf_id;
}

/* ---- a CPU's own copy ---- */

int set_percpu_result(struct verifier *v, const struct call_args *args, u32 flags)
{
	const struct btf_type *t = btf_skip_mods(args->ret_btf, args->ret_btf_id, NULL);
	struct reg *r0 = cur_reg(v, BPF_REG_0);
	s64 size;

	if (btf_is_struct(t)) {
		if (args->ret_alloc)
			flags = MEM_ALLOC | MEM_RCU;
		reg_set_pointer(r0, PTR_TO_BTF_ID | (flags & ~MEM_RDONLY));
		r0->btf = args->ret_btf;
		r0->btf_id = args->ret_btf_id;
		return 0;
	}
	size = btf_size(args->ret_btf, args->ret_btf_id);
	if (size < 0)
		return reject(v, -EINVAL, "unable to resolve the size of type '%s': %d",
			      btf_name(args->ret_btf, t), -EINVAL);
	reg_set_pointer(r0, PTR_TO_MEM | flags);
	r0->mem_size = (u32)size;
	return 0;
}

int check_percpu_arg(struct verifier *v, u32 regno, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);

	if (!reg->btf_id)
		return reject(v, -EACCES, "Helper has invalid btf_id in R%u", regno);
	args->ret_btf = reg->btf;
	args->ret_btf_id = reg->btf_id;
	/* An object that the program allocated once for each CPU. */
	args->ret_alloc = reg->type & MEM_RCU;
	if (args->ret_alloc && !btf_is_struct(btf_type_by_id(reg->btf, reg->btf_id)))
		return reject(v, -EFAULT, "Helper has invalid btf/btf_id in R1");
	return 0;
}
