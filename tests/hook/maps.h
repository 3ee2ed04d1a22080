/* SPDX-License-Identifier: BSD-2-Clause */
/* A map of each type, described for the verifier and made in the kernel, and the kernel's BTF. */
#ifndef ANYBPF_TESTS_HOOK_MAPS_H
#define ANYBPF_TESTS_HOOK_MAPS_H

#include <stdlib.h>

#include "base/os.h"
#include "btf/btf.h"
#include "helper/kernel.h"
#include "hook/hook.h"

/* By what they are. */
static struct test_map {
	const char *name;
	struct map_desc desc;
	int fd; /* the kernel's, or -1 */
} maps[] = {
#define MAP(name, id, key, value, entries, flags)                                                  \
	{                                                                                          \
		name,                                                                              \
			{.type = BPF_MAP_TYPE_##id,                                                \
			 .key_size = key,                                                          \
			 .value_size = value,                                                      \
			 .max_entries = entries,                                                   \
			 .map_flags = flags},                                                      \
			-1                                                                         \
	}
	MAP("array", ARRAY, 4, 16, 4, 0),
	MAP("hash", HASH, 4, 16, 4, 0),
	MAP("percpu", PERCPU_ARRAY, 4, 16, 4, 0),
	MAP("lpm", LPM_TRIE, 8, 16, 4, BPF_F_NO_PREALLOC),
	MAP("queue", QUEUE, 0, 16, 4, 0),
	MAP("stack", STACK, 0, 16, 4, 0),
	MAP("bloom", BLOOM_FILTER, 0, 16, 4, 0),
	MAP("progs", PROG_ARRAY, 4, 4, 4, 0),
	MAP("events", PERF_EVENT_ARRAY, 4, 4, 4, 0),
	MAP("stacks", STACK_TRACE, 4, 80, 4, 0),
	MAP("cgroups", CGROUP_ARRAY, 4, 4, 4, 0),
	/* Linux makes them read-only for programs. */
	MAP("devmap", DEVMAP, 4, 4, 4, BPF_F_RDONLY_PROG),
	MAP("devhash", DEVMAP_HASH, 4, 4, 4, BPF_F_RDONLY_PROG),
	MAP("cpumap", CPUMAP, 4, 4, 4, 0),
	MAP("xskmap", XSKMAP, 4, 4, 4, 0),
	MAP("sockmap", SOCKMAP, 4, 8, 4, 0),
	MAP("sockhash", SOCKHASH, 4, 8, 4, 0),
	MAP("reuseport", REUSEPORT_SOCKARRAY, 4, 8, 4, 0),
	MAP("storage", CGROUP_STORAGE, 16, 16, 0, 0),
	MAP("ring", RINGBUF, 0, 0, 4096, 0),
	MAP("userring", USER_RINGBUF, 0, 0, 4096, 0),
#undef MAP
};

#define FAKE_FD 1000

static int resolve_map(void *arg, s32 fd, bool by_index, const struct map_desc **desc, u16 *index)
{
	(void)arg;
	if (by_index || fd < FAKE_FD || fd >= FAKE_FD + (s32)ARRAY_SIZE(maps))
		return -EBADF;
	*desc = &maps[fd - FAKE_FD].desc;
	*index = (u16)(fd - FAKE_FD);
	return 0;
}

static void make_kernel_maps(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++) {
		const struct map_desc *desc = &maps[i].desc;
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.map_type = desc->type;
		attr.key_size = desc->key_size;
		attr.value_size = desc->value_size;
		attr.max_entries = desc->max_entries;
		attr.map_flags = desc->map_flags & ~(u32)BPF_F_RDONLY_PROG;
		if (maps[i].fd >= 0)
			close(maps[i].fd);
		maps[i].fd = kernel_bpf(BPF_MAP_CREATE, &attr);
	}
}

/* From the descriptions' numbers to the kernel's file descriptors. */
static void use_kernel_maps(struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i + 1 < cnt; i++)
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].imm >= FAKE_FD)
			insns[i].imm = maps[insns[i].imm - FAKE_FD].fd;
}

static struct btf *vmlinux;

static int give_vmlinux(void *arg, const struct btf **btf)
{
	(void)arg;
	*btf = vmlinux;
	return vmlinux ? 0 : -ENOENT;
}

static __unused void read_vmlinux(void)
{
	size_t size;
	void *data;

	if (os_read_file(&mem_libc, "/sys/kernel/btf/vmlinux", &data, &size))
		return;
	if (btf_parse(&mem_libc, data, size, NULL, &vmlinux, NULL, NULL))
		vmlinux = NULL;
	mem_free(&mem_libc, data);
}

#endif
