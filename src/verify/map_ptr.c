/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads through a pointer to a map itself: of the kernel's structure behind
 * it, by the kernel's BTF.
 */
#include "verify/btf_ptr.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

/* The structure that a map of each type is, as of Linux 6.12. */
static const char *const map_structs[] = {
	[BPF_MAP_TYPE_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PROG_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PERCPU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_PERCPU_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_STACK_TRACE] = "bpf_stack_map",
	[BPF_MAP_TYPE_CGROUP_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_LRU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_LPM_TRIE] = "lpm_trie",
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = "bpf_array",
	[BPF_MAP_TYPE_HASH_OF_MAPS] = "bpf_htab",
	[BPF_MAP_TYPE_DEVMAP] = "bpf_dtab",
	[BPF_MAP_TYPE_SOCKMAP] = "bpf_stab",
	[BPF_MAP_TYPE_CPUMAP] = "bpf_cpu_map",
	[BPF_MAP_TYPE_XSKMAP] = "xsk_map",
	[BPF_MAP_TYPE_SOCKHASH] = "bpf_shtab",
	[BPF_MAP_TYPE_CGROUP_STORAGE] = "bpf_cgroup_storage_map",
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = "reuseport_array",
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "bpf_cgroup_storage_map",
	[BPF_MAP_TYPE_QUEUE] = "bpf_queue_stack",
	[BPF_MAP_TYPE_STACK] = "bpf_queue_stack",
	[BPF_MAP_TYPE_SK_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_DEVMAP_HASH] = "bpf_dtab",
	[BPF_MAP_TYPE_STRUCT_OPS] = "bpf_struct_ops_map",
	[BPF_MAP_TYPE_RINGBUF] = "bpf_ringbuf_map",
	[BPF_MAP_TYPE_INODE_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_TASK_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_BLOOM_FILTER] = "bpf_bloom_filter",
	[BPF_MAP_TYPE_USER_RINGBUF] = "bpf_ringbuf_map",
	[BPF_MAP_TYPE_CGRP_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_ARENA] = "bpf_arena",
};

static s32 find_struct(struct verifier *v, enum bpf_map_type type)
{
	if ((u32)type >= ARRAY_SIZE(map_structs) || !map_structs[type])
		return -ENOENT;
	return btf_find(kernel_btf(v), BTF_KIND_STRUCT, map_structs[type]);
}

static int check_address(struct verifier *v, const struct mem_access *a, s32 off, const char *name)
{
	if (!v->ptr_leaks)
		return reject(v, -EPERM,
			      "'struct %s' access is allowed only to CAP_PERFMON and "
			      "CAP_SYS_ADMIN",
			      name);
	if (off < 0)
		return reject(v, -EACCES, "R%u is %s invalid negative access: off=%d", a->regno,
			      name, off);
	if (a->kind == ACCESS_WRITE)
		return reject(v, -EACCES, "only read from %s is supported", name);
	return 0;
}

int check_map_ptr_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct map_desc *map = cur_reg(v, a->regno)->map;
	struct btf_walk w = {.btf = kernel_btf(v), .flexible = true};
	int part, err;
	s32 id;

	if (!kernel_btf(v))
		return reject(v, -ENOTSUPP,
			      "map_ptr access not supported without CONFIG_DEBUG_INFO_BTF");
	id = find_struct(v, map->type);
	if (id < 0)
		return reject(v, -ENOTSUPP, "map_ptr access not supported for map type %d",
			      map->type);
	err = check_address(v, a, off, btf_id_name(kernel_btf(v), (u32)id));
	if (err)
		return err;
	v->result->reads_kernel = true;
	part = btf_walk(&w, (u32)id, off, a->size);
	if (part < 0)
		return reject(v, part, "%s", w.text);
	if (a->value < 0)
		return 0;
	if (part == BTF_PART_PTR)
		reg_set_btf(v, cur_reg(v, (u32)a->value), w.btf, w.id, w.flags);
	else
		set_reg_unknown(v, (u32)a->value);
	return 0;
}
