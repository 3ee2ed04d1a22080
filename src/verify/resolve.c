/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opcodes, and what wide loads refer to: maps are looked up once, before any
 * path is followed.
 */
#include "map/cgroup_storage.h"
#include "verify/btf_ptr.h"

const struct btf *kernel_btf(struct verifier *v)
{
	int err;

	if (v->vmlinux_asked || !v->in->vmlinux)
		return v->vmlinux;
	v->vmlinux_asked = true;
	err = v->in->vmlinux(v->in->resolve_arg, &v->vmlinux);
	if (err)
		v->vmlinux = NULL;
	v->no_memory |= err == -ENOMEM;
	return v->vmlinux;
}

/* A run has one value of each kind at hand. */
static int check_cgroup_storage(struct verifier *v, const struct map_desc *map)
{
	const struct map_desc **first = &v->cgroup_storage[cgroup_storage_kind(map->type)];

	if (!*first)
		*first = map;
	return *first == map ? 0
			     : reject(v, -EBUSY, "only one cgroup storage of each type is allowed");
}

static int check_map_allowed(struct verifier *v, const struct map_desc *map)
{
	int err = check_map_prog(v, map);

	if (!err && map_is_cgroup_storage(map->type))
		err = check_cgroup_storage(v, map);
	if (err)
		return err;
	return map->type == BPF_MAP_TYPE_ARENA ? check_arena_map(v, map) : 0;
}

static int reject_map_fd(struct verifier *v, s32 fd, int err)
{
	switch (err) {
	case -E2BIG:
		return reject(v, err,
			      "The total number of maps per program has reached the limit of %u",
			      MAX_MAPS_PER_PROG);
	case -EPROTO:
		return reject(v, err, "fd_idx without fd_array is invalid");
	default:
		return reject(v, err, "fd %d is not pointing to valid bpf_map", fd);
	}
}

static int check_direct_value(struct verifier *v, const struct map_desc *map, u32 off)
{
	if (off >= MAX_VAR_OFF)
		return reject(v, -EINVAL, "direct value offset of %u is not allowed", off);
	if (!map->direct_size)
		return reject(v, -EINVAL, "no direct value access support for this map type");
	if (off >= map->direct_size)
		return reject(v, map->type == BPF_MAP_TYPE_ARENA ? -ERANGE : -EINVAL,
			      "invalid access to map value pointer, value_size=%u off=%u",
			      map->value_size, off);
	return 0;
}

static int resolve_map(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	struct insn_aux *aux = &v->aux[i];
	bool by_index =
		insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
	bool value =
		insn->src_reg == BPF_PSEUDO_MAP_VALUE || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
	int err = v->in->resolve_map ? v->in->resolve_map(v->in->resolve_arg, insn->imm, by_index,
							  &aux->map, &aux->map_index)
				     : -EBADF;

	if (err)
		return reject_map_fd(v, insn->imm, err);
	err = check_map_allowed(v, aux->map);
	if (err || !value)
		return err;
	aux->map_off = (u32)insn[1].imm;
	return check_direct_value(v, aux->map, aux->map_off);
}

int resolve_references(struct verifier *v)
{
	for (u32 i = 0; i < v->insn_cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];
		struct isa_error text;
		int err;

		v->insn = i;
		err = isa_check_opcode(v->insns, v->insn_cnt, i, &text);
		if (err)
			return reject_isa(v, err, &text);
		if (isa_is_map_ref(insn))
			err = resolve_map(v, i);
		else if (isa_is_wide(insn) && insn->src_reg == BPF_PSEUDO_BTF_ID)
			err = resolve_btf_ref(v, i);
		if (err)
			return err;
		i += isa_slots(insn) - 1;
	}
	return 0;
}

int check_insn_fields(struct verifier *v)
{
	struct isa_error text;
	int err = isa_check_fields(v->insns, v->insn, &text);

	return err ? reject_isa(v, err, &text) : 0;
}

int check_insn_operands(struct verifier *v)
{
	struct isa_error text;
	int err = isa_check_operands(v->insns, v->insn, &text);

	return err ? reject_isa(v, err, &text) : 0;
}
