/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arenas: memory that a program and user space share. Any address may be
 * loaded from and stored to after a cast: what is not there faults and is
 * caught. So nothing is known of what a pointer into one points to.
 */
#include "verify/verifier.h"

int check_arena_map(struct verifier *v, const struct map_desc *map)
{
	if (v->arena_map == map)
		return 0;
	if (v->arena_map)
		return reject(v, -EBUSY, "Only one arena per program");
	if (!v->ptr_leaks || !v->bpf_capable)
		return reject(v, -EPERM, "CAP_BPF and CAP_PERFMON are required to use arena");
	v->arena_map = map;
	return 0;
}

int check_arena_cast(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	int err;

	if (!v->arena_map)
		return reject(v, -EINVAL,
			      "addr_space_cast insn can only be used in a program that has an "
			      "associated arena");
	err = use_reg(v, insn->src_reg);
	if (!err)
		err = define_reg(v, insn->dst_reg);
	if (err)
		return err;
	set_reg_unknown(v, insn->dst_reg);
	/* From user space's addresses to those that the kernel can use, or back. */
	if (insn->imm == 1)
		cur_reg(v, insn->dst_reg)->type = PTR_TO_ARENA;
	return 0;
}

int check_arena_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	(void)off;
	if (a->sign_extend)
		return reject(v, -EOPNOTSUPP,
			      "sign extending loads from arena are not supported yet");
	if (a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return 0;
}

/* x86 has no single instruction for these that can fault and go on. */
bool arena_takes_atomic(const struct bpf_insn *insn)
{
	return insn->imm != (BPF_AND | BPF_FETCH) && insn->imm != (BPF_OR | BPF_FETCH) &&
	       insn->imm != (BPF_XOR | BPF_FETCH);
}
