/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opcodes, and what wide loads refer to: maps are looked up once, before any
 * path is followed.
 */
#include "verify/verifier.h"

const struct btf *kernel_btf(struct verifier *v)
{
	if (!v->vmlinux_asked && v->in->vmlinux && v->in->vmlinux(v->in->resolve_arg, &v->vmlinux))
		v->vmlinux = NULL;
	v->vmlinux_asked = true;
	return v->vmlinux;
}

static bool sleepable_map(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_ARENA:
		return true;
	default:
		return false;
	}
}

/* Those that may interrupt anything. */
static bool is_tracing(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return true;
	default:
		return false;
	}
}

static int check_map_fields(struct verifier *v, const struct map_desc *map)
{
	static const struct {
		u32 fields;
		const char *name;
	} not_traced[] = {
		{BTF_FIELD_LIST_HEAD | BTF_FIELD_RB_ROOT, "bpf_{list_head,rb_root}"},
		{BTF_FIELD_SPIN_LOCK, "bpf_spin_lock"},
		{BTF_FIELD_TIMER, "bpf_timer"},
		{BTF_FIELD_WORKQUEUE, "bpf_wq"},
	};
	u32 mask = map->fields ? map->fields->mask : 0;

	for (u32 i = 0; i < ARRAY_SIZE(not_traced); i++) {
		if (!(mask & not_traced[i].fields))
			continue;
		if (not_traced[i].fields == BTF_FIELD_SPIN_LOCK &&
		    v->info.type == BPF_PROG_TYPE_SOCKET_FILTER)
			return reject(v, -EINVAL,
				      "socket filter progs cannot use bpf_spin_lock yet");
		if (is_tracing(v->info.type))
			return reject(v, -EINVAL, "tracing progs cannot use %s yet",
				      not_traced[i].name);
	}
	return 0;
}

static int check_map_allowed(struct verifier *v, const struct map_desc *map)
{
	int err = check_map_fields(v, map);

	if (err)
		return err;
	if (map->type == BPF_MAP_TYPE_STRUCT_OPS)
		return reject(v, -EINVAL, "bpf_struct_ops map cannot be used in prog");
	if (v->info.sleepable && !sleepable_map(map->type))
		return reject(v, -EINVAL,
			      "Sleepable programs can only use array, hash, ringbuf and local "
			      "storage maps");
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
