/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells of a program's or a map's descriptor in /proc, from the engine's info. */
#include <unistd.h>

#include "preload.h"

static bool ask(struct engine *engine, int handle, void *info, u32 size)
{
	union bpf_attr attr = {0};
	int err;

	attr.info.bpf_fd = (u32)handle;
	attr.info.info_len = size;
	attr.info.info = ptr_to_u64(info);
	preload_enter();
	err = engine_bpf(engine, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	preload_leave();
	return !err;
}

static void write_map(FILE *f, struct engine *engine, int handle)
{
	struct bpf_map_info info = {0};

	if (!ask(engine, handle, &info, sizeof(info)))
		return;
	fprintf(f,
		"map_type:\t%u\nkey_size:\t%u\nvalue_size:\t%u\nmax_entries:\t%u\n"
		"map_flags:\t0x%x\nmap_extra:\t0x%llx\nmap_id:\t%u\n",
		info.type, info.key_size, info.value_size, info.max_entries, info.map_flags,
		(unsigned long long)info.map_extra, info.id);
}

static void write_program(FILE *f, struct engine *engine, int handle)
{
	struct bpf_prog_info info = {0};

	if (!ask(engine, handle, &info, sizeof(info)))
		return;
	fprintf(f, "prog_type:\t%u\nprog_jited:\t%u\nprog_tag:\t", info.type,
		info.jited_prog_len != 0);
	for (u32 i = 0; i < sizeof(info.tag); i++)
		fprintf(f, "%02x", info.tag[i]);
	fprintf(f, "\nprog_id:\t%u\nrun_time_ns:\t%llu\nrun_cnt:\t%llu\n", info.id,
		(unsigned long long)info.run_time_ns, (unsigned long long)info.run_cnt);
}

FILE *fdinfo_open(struct engine *engine, const char *path)
{
	struct descriptor *descriptor;
	int pid, fd, end = 0;
	FILE *f;

	if (sscanf(path, "/proc/%d/fdinfo/%d%n", &pid, &fd, &end) != 2 || path[end] ||
	    pid != getpid())
		return NULL;
	descriptor = descriptor_of(fd);
	f = descriptor ? tmpfile() : NULL;
	if (!f)
		return NULL;
	if (descriptor->map_type)
		write_map(f, engine, descriptor->handle);
	else
		write_program(f, engine, descriptor->handle);
	rewind(f);
	return f;
}
