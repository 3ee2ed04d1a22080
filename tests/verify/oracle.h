/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verifier's tests give to this verifier and to the running kernel
 * alike: program types and maps, described here and made there.
 */
#ifndef ANYBPF_TESTS_VERIFY_ORACLE_H
#define ANYBPF_TESTS_VERIFY_ORACLE_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/uapi_structs.h"
#include "tap.h"
#include "verify/verify.h"

/* ---- program types as Linux has them, in as far as the cases use them ---- */

#define FIELD(type, name, flags, value)                                                            \
	{                                                                                          \
#name, offsetof(struct type, name), sizeof(((struct type *)0)->name), sizeof(u32), \
			flags, value, 0, 0, 0, 0, NULL                                             \
	}

static const struct ctx_field xdp_fields[] = {
	FIELD(xdp_md, data, CTX_READ, CTX_PACKET),
	FIELD(xdp_md, data_end, CTX_READ, CTX_PACKET_END),
	FIELD(xdp_md, data_meta, CTX_READ, CTX_PACKET_META),
	FIELD(xdp_md, ingress_ifindex, CTX_READ, CTX_SCALAR),
	FIELD(xdp_md, rx_queue_index, CTX_READ, CTX_SCALAR),
};

#define SKB(name) FIELD(__sk_buff, name, CTX_READ | CTX_NARROW, CTX_SCALAR)

static const struct ctx_field filter_fields[] = {
	SKB(len),
	SKB(pkt_type),
	SKB(mark),
	SKB(queue_mapping),
	SKB(protocol),
	SKB(vlan_present),
	SKB(vlan_tci),
	SKB(vlan_proto),
	SKB(priority),
	SKB(ingress_ifindex),
	SKB(ifindex),
	SKB(hash),
	FIELD(__sk_buff, cb, CTX_READ | CTX_WRITE | CTX_BYTES, CTX_SCALAR),
};

static const struct ctx_field cls_fields[] = {
	SKB(len),
	FIELD(__sk_buff, mark, CTX_READ | CTX_WRITE | CTX_NARROW, CTX_SCALAR),
	SKB(protocol),
	FIELD(__sk_buff, cb, CTX_READ | CTX_WRITE | CTX_BYTES, CTX_SCALAR),
	FIELD(__sk_buff, data, CTX_READ, CTX_PACKET),
	FIELD(__sk_buff, data_end, CTX_READ, CTX_PACKET_END),
	FIELD(__sk_buff, data_meta, CTX_READ, CTX_PACKET_META),
};

static const struct {
	enum bpf_prog_type type;
	struct prog_rules rules;
} types[] = {
	{BPF_PROG_TYPE_XDP,
	 {.type = BPF_PROG_TYPE_XDP,
	  .name = "xdp",
	  .ctx_name = "xdp_md",
	  .ctx_size = sizeof(struct xdp_md),
	  .fields = xdp_fields,
	  .field_cnt = ARRAY_SIZE(xdp_fields),
	  .packet_read = true,
	  .packet_write = true}},
	{BPF_PROG_TYPE_SOCKET_FILTER,
	 {.type = BPF_PROG_TYPE_SOCKET_FILTER,
	  .name = "socket_filter",
	  .ctx_name = "__sk_buff",
	  .ctx_size = sizeof(struct __sk_buff),
	  .fields = filter_fields,
	  .field_cnt = ARRAY_SIZE(filter_fields),
	  .legacy_loads = true}},
	{BPF_PROG_TYPE_SCHED_CLS,
	 {.type = BPF_PROG_TYPE_SCHED_CLS,
	  .name = "sched_cls",
	  .ctx_name = "__sk_buff",
	  .ctx_size = sizeof(struct __sk_buff),
	  .fields = cls_fields,
	  .field_cnt = ARRAY_SIZE(cls_fields),
	  .packet_read = true,
	  .packet_write = true,
	  .legacy_loads = true}},
};

/* ---- maps that every case can name ---- */

#define RODATA "hello\0\x2a\0\0\0\0\0\0\0\xff\xff"

static struct test_map {
	const char *name;
	struct map_desc desc;
	int fd; /* in the kernel, or -1 */
} maps[] = {
	{"array",
	 {.type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 48,
	  .max_entries = 1,
	  .direct_size = 48},
	 -1},
	{"hash",
	 {.type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 48, .max_entries = 4},
	 -1},
	{"percpu",
	 {.type = BPF_MAP_TYPE_PERCPU_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1},
	 -1},
	{"progs",
	 {.type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 4},
	 -1},
	{"ring", {.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096}, -1},
	{"events",
	 {.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1},
	 -1},
	{"rodata",
	 {.type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 1,
	  .map_flags = BPF_F_RDONLY_PROG,
	  .frozen = true,
	  .frozen_value = RODATA,
	  .direct_size = 16},
	 -1},
	{"wronly",
	 {.type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1,
	  .map_flags = BPF_F_WRONLY_PROG,
	  .direct_size = 8},
	 -1},
	{"arena",
	 {.type = BPF_MAP_TYPE_ARENA,
	  .max_entries = 4,
	  .map_flags = BPF_F_MMAPABLE,
	  .map_extra = 1ull << 44,
	  .direct_size = 4 * 4096},
	 -1},
	{"arena2",
	 {.type = BPF_MAP_TYPE_ARENA,
	  .max_entries = 1,
	  .map_flags = BPF_F_MMAPABLE,
	  .map_extra = 1ull << 45,
	  .direct_size = 4096},
	 -1},
};

#define FAKE_FD 1000 /* of maps[0] in assembled programs */

static __unused bool map_by_name(void *ctx, const char *name, s32 *fd)
{
	(void)ctx;
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++) {
		if (!strcmp(maps[i].name, name)) {
			*fd = FAKE_FD + (s32)i;
			return true;
		}
	}
	return false;
}

static __unused int resolve_map(void *arg, s32 fd, bool by_index, const struct map_desc **desc,
				u16 *index)
{
	(void)arg;
	if (by_index)
		return -EPROTO;
	if (fd < FAKE_FD || fd >= FAKE_FD + (s32)ARRAY_SIZE(maps))
		return -EBADF;
	*desc = &maps[fd - FAKE_FD].desc;
	*index = (u16)(fd - FAKE_FD);
	return 0;
}

static __unused int helper_by_name(void *ctx, const char *name)
{
	(void)ctx;
	return helper_id_by_name(name);
}

/* ---- the kernel ---- */

static __unused int kernel_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static void kernel_make_map(struct test_map *map)
{
	const struct map_desc *desc = &map->desc;
	union bpf_attr attr = {0};
	u32 key = 0;

	attr.map_type = desc->type;
	attr.key_size = desc->key_size;
	attr.value_size = desc->value_size;
	attr.max_entries = desc->max_entries;
	attr.map_flags = desc->map_flags;
	attr.map_extra = desc->map_extra;
	map->fd = kernel_bpf(BPF_MAP_CREATE, &attr);
	if (map->fd < 0 || !desc->frozen_value)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map->fd;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(desc->frozen_value);
	kernel_bpf(BPF_MAP_UPDATE_ELEM, &attr);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map->fd;
	kernel_bpf(BPF_MAP_FREEZE, &attr);
}

static __unused bool kernel_usable(void)
{
	static int usable = -1;

	if (usable >= 0)
		return usable;
	usable = true;
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++) {
		kernel_make_map(&maps[i]);
		usable &= maps[i].fd >= 0;
	}
	return usable;
}

/* From the descriptions' numbers to the kernel's file descriptors. */
static __unused void patch_maps(struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i + 1 < cnt; i++) {
		bool map = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			   (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
			    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE);

		if (map && insns[i].imm >= FAKE_FD &&
		    insns[i].imm < FAKE_FD + (s32)ARRAY_SIZE(maps))
			insns[i].imm = maps[insns[i].imm - FAKE_FD].fd;
	}
}

#endif
