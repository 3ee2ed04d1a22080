/* SPDX-License-Identifier: BSD-2-Clause */
/* Wide loads (numbers, maps, addresses in map values, callbacks) and legacy packet loads. */
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

static int load_func(struct verifier *v, struct reg *dst)
{
	s32 subprog = subprog_at(v, (u32)((s64)v->insn + 1 + cur_insn(v)->imm));
	const struct subprog_info *sub;

	if (subprog < 0)
		return reject(v, -EFAULT, "No program starts at insn %d",
			      (s32)v->insn + 1 + cur_insn(v)->imm);
	sub = &v->subprogs[subprog];
	if (sub->func_info < 0)
		return reject(v, -EINVAL, "missing btf func_info");
	if (sub->is_global)
		return reject(v, -EINVAL, "callback function not static");
	if (!subprog)
		return reject(v, -EINVAL, "callback function cannot be the main program");
	reg_set_pointer(dst, PTR_TO_FUNC);
	dst->subprog = (u32)subprog;
	return 0;
}

static void load_map(struct verifier *v, struct reg *dst)
{
	const struct bpf_insn *insn = cur_insn(v);
	const struct insn_aux *aux = &v->aux[v->insn];
	bool value =
		insn->src_reg == BPF_PSEUDO_MAP_VALUE || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;

	if (value && aux->map->type == BPF_MAP_TYPE_ARENA) {
		/* An address of user space's: the program casts it before use. */
		reg_set_unknown(dst);
		return;
	}
	reg_set_pointer(dst, value ? PTR_TO_MAP_VALUE : CONST_PTR_TO_MAP);
	dst->map = aux->map;
	dst->map_index = aux->map_index;
	if (value)
		dst->off = (s32)aux->map_off;
	fact_map(v, v->insn, aux->map_index);
}

int check_wide_load(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	int err = define_reg(v, insn->dst_reg);

	if (err)
		return err;
	v->next = v->insn + 2;
	if (!v->cur->speculative)
		v->result->facts[v->insn + 1].flags |= FACT_SEEN;
	switch (insn->src_reg) {
	case 0:
		reg_set_const(dst, isa_wide_imm(insn));
		fact_result(v, v->insn, dst);
		return 0;
	case BPF_PSEUDO_FUNC:
		return load_func(v, dst);
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		load_map(v, dst);
		return 0;
	default:
		load_btf_ref(&v->aux[v->insn], dst);
		return 0;
	}
}

/* ---- LD_ABS, LD_IND: a hidden call that may end the function with 0 ---- */

static int check_legacy_operands(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	const struct reg *ctx = cur_reg(v, BPF_REG_6);
	int err = use_reg(v, BPF_REG_6);

	if (err)
		return err;
	err = check_ref_leaks(v, false);
	if (err)
		return reject(v, err, "BPF_LD_[ABS|IND] cannot be mixed with socket references");
	err = check_nothing_held(v, "BPF_LD_[ABS|IND]");
	if (err)
		return err;
	if (ctx->type != PTR_TO_CTX)
		return reject(v, -EINVAL, "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
	if (BPF_MODE(insn->code) == BPF_IND) {
		err = use_reg(v, insn->src_reg);
		if (err)
			return err;
		/* It is an offset, and a failing load tells something of it. */
		if (leaks_pointer(v, cur_reg(v, insn->src_reg)))
			return reject(v, -EACCES, "R%u leaks addr into packet", insn->src_reg);
	}
	return check_ptr_off(v, ctx, BPF_REG_6, false);
}

int check_legacy_load(struct verifier *v)
{
	struct reg *r0 = cur_reg(v, BPF_REG_0);
	int err;

	if (!v->rules->legacy_loads)
		return reject(v, -EINVAL,
			      "BPF_LD_[ABS|IND] instructions not allowed for this program type");
	for (u32 i = v->cur->curframe; i; i--)
		if (v->cur->frame[i]->in_callback)
			return reject(v, -EINVAL, "cannot use BPF_LD_[ABS|IND] within callback");
	err = check_legacy_operands(v);
	if (err)
		return err;
	clobber_caller_saved(v);
	reg_set_unknown(r0);
	fact_result(v, v->insn, r0);
	if (!v->cur->curframe)
		return 0;
	if (!push_path(v, v->insn + 1, v->insn, &err))
		return err;
	reg_set_const(r0, 0);
	return return_from_subprog(v);
}
