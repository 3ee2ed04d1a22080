/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf() of the program, for the engine: descriptors become handles in a copy of
 * the attributes, what the engine writes there goes back, but for those.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "preload.h"

#define MAX_ATTR 4096 /* Linux's limit, a page */

struct field {
	u32 cmd, offset;
};

static const struct field fields[] = {
#define DESCRIPTOR(cmd, field) {cmd, offsetof(union bpf_attr, field)},
#define RESULT(cmd)
#include "descriptors.def"
#undef DESCRIPTOR
#undef RESULT
};

static const u32 results[] = {
#define DESCRIPTOR(cmd, field)
#define RESULT(cmd) cmd,
#include "descriptors.def"
#undef DESCRIPTOR
#undef RESULT
};

/* What was replaced behind pointers, until the end of a call. */
struct pointed {
	u64 *at[4], was[4];
	void *own[4];
	u32 n;
};

static void *replace_pointer(struct pointed *pointed, u64 *at, size_t size)
{
	void *own = malloc(size ? size : 1);

	if (!own)
		abort();
	memcpy(own, (const void *)(uintptr_t)*at, size);
	pointed->at[pointed->n] = at;
	pointed->was[pointed->n] = *at;
	pointed->own[pointed->n++] = own;
	*at = (uintptr_t)own;
	return own;
}

static void put_back(struct pointed *pointed)
{
	for (u32 i = 0; i < pointed->n; i++) {
		*pointed->at[i] = pointed->was[i];
		free(pointed->own[i]);
	}
}

static void to_handle(void *field)
{
	put_u32(field, descriptor_handle(get_u32(field)));
}

static bool holds_descriptors(u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS ||
	       type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
	       type == BPF_MAP_TYPE_CGROUP_ARRAY;
}

/* The handles of instructions; the number of entries of fd_array that they use. */
static u32 insns_to_handles(struct bpf_insn *insns, u32 count)
{
	u32 used = 0;

	for (u32 i = 0; i < count; i++) {
		struct bpf_insn *insn = &insns[i];
		s64 index = -1;

		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
			index = insn->off;
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			if (insn->src_reg == BPF_PSEUDO_MAP_FD ||
			    insn->src_reg == BPF_PSEUDO_MAP_VALUE)
				insn->imm = (s32)descriptor_handle((u32)insn->imm);
			else if (insn->src_reg == BPF_PSEUDO_MAP_IDX ||
				 insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
				index = insn->imm;
			i++;
		}
		if (index >= used && index < count)
			used = (u32)index + 1;
	}
	return used;
}

static void translate_program(union bpf_attr *attr, struct pointed *pointed)
{
	struct bpf_insn *insns;
	u32 *fds, used;

	if (!attr->insns || attr->insn_cnt > BPF_COMPLEXITY_LIMIT_INSNS)
		return;
	insns = replace_pointer(pointed, &attr->insns, attr->insn_cnt * sizeof(*insns));
	used = insns_to_handles(insns, attr->insn_cnt);
	if (!attr->fd_array || !used)
		return;
	fds = replace_pointer(pointed, &attr->fd_array, used * sizeof(*fds));
	for (u32 i = 0; i < used; i++)
		to_handle(&fds[i]);
}

static void translate_values(u64 *values, u32 fd, u32 count, struct pointed *pointed)
{
	struct descriptor *map = descriptor_of((int)fd);
	u32 *value;

	if (!map || !holds_descriptors(map->map_type) || !*values || count > 1u << 20)
		return;
	value = replace_pointer(pointed, values, count * sizeof(*value));
	for (u32 i = 0; i < count; i++)
		value[i] = value[i] ? descriptor_handle(value[i]) : NO_HANDLE;
}

static void translate_pointed(enum bpf_cmd cmd, union bpf_attr *attr, struct pointed *pointed)
{
	if (cmd == BPF_PROG_LOAD)
		translate_program(attr, pointed);
	else if (cmd == BPF_MAP_UPDATE_ELEM)
		translate_values(&attr->value, attr->map_fd, 1, pointed);
	else if (cmd == BPF_MAP_UPDATE_BATCH)
		translate_values(&attr->batch.values, attr->batch.map_fd, attr->batch.count,
				 pointed);
	else if (cmd == BPF_MAP_CREATE && attr->map_flags & BPF_F_VTYPE_BTF_OBJ_FD)
		to_handle(&attr->value_type_btf_obj_fd);
}

static void each_field(enum bpf_cmd cmd, union bpf_attr *attr, const union bpf_attr *before)
{
	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		u8 *field = (u8 *)attr + fields[i].offset;

		if (fields[i].cmd != (u32)cmd)
			continue;
		if (before)
			put_u32(field, get_u32((const u8 *)before + fields[i].offset));
		else
			to_handle(field);
	}
}

static bool is_descriptor(enum bpf_cmd cmd)
{
	for (u32 i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i] == (u32)cmd)
			return true;
	return false;
}

int preload_bpf(struct preload *preload, enum bpf_cmd cmd, union bpf_attr *attr, u32 size)
{
	u32 map_type = cmd == BPF_MAP_CREATE && attr ? attr->map_type : 0;
	union {
		union bpf_attr attr;
		u8 bytes[MAX_ATTR];
	} copy = {0};
	struct pointed pointed = {0};
	union bpf_attr before;
	int result;

	if (size > MAX_ATTR)
		return -E2BIG;
	memcpy(copy.bytes, attr, size);
	before = copy.attr;
	translate_pointed(cmd, &copy.attr, &pointed);
	each_field(cmd, &copy.attr, NULL);
	preload_enter();
	result = engine_bpf(preload->engine, cmd, &copy.attr, size);
	preload_leave();
	put_back(&pointed);
	each_field(cmd, &copy.attr, &before);
	if (cmd == BPF_MAP_CREATE)
		copy.attr.value_type_btf_obj_fd = before.value_type_btf_obj_fd;
	memcpy(attr, copy.bytes, size);
	return result >= 0 && is_descriptor(cmd) ? descriptor_new(result, map_type) : result;
}
