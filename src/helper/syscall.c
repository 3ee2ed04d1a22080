/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs of system calls do instead of a loader: bpf() and closing handles.
 */
#include <string.h>

#include "helper/functions.h"

/* Within an execution, which a command that waits for all of them must not wait for. */
static int call(struct run *run, u32 cmd, union bpf_attr *attr, u32 size)
{
	int err;

	host_syscall_begin(run);
	err = run->host->sys_bpf(run->host, cmd, attr, size);
	host_syscall_end(run);
	return err;
}

/*
 * bpf() writes what it has to say to where its caller wants: a program's word
 * is not enough for that, so that it loads without a log.
 */
static int load(struct run *run, u32 cmd, union bpf_attr *attr, u32 size)
{
	if (cmd == BPF_PROG_LOAD) {
		attr->log_level = 0;
		attr->log_buf = 0;
		attr->log_size = 0;
	} else {
		attr->btf_log_level = 0;
		attr->btf_log_buf = 0;
		attr->btf_log_size = 0;
	}
	return call(run, cmd, attr, size);
}

static bool holds_others(const struct map *map)
{
	switch (map->desc.type) {
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_PROG_ARRAY:
		return true;
	default:
		return false;
	}
}

/*
 * Who takes an element out of a map of maps or programs waits until no program
 * can see it, and this one may.
 */
static int change(struct run *run, u32 cmd, union bpf_attr *attr, u32 size)
{
	struct object *obj;
	int err = handle_get_kind(run->host, (int)attr->map_fd, OBJECT_MAP, &obj);

	if (err)
		return err;
	err = holds_others(map_of(obj)) ? -EOPNOTSUPP : call(run, cmd, attr, size);
	object_put(obj);
	return err;
}

DEFINE_HELPER(helper_sys_bpf)
{
	u32 size = (u32)r3,
	    known = size < sizeof(union bpf_attr) ? size : (u32)sizeof(union bpf_attr);
	union bpf_attr attr;
	u32 cmd = (u32)r1;

	if (!run->host->sys_bpf)
		return helper_error(-EOPNOTSUPP);
	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, u64_to_ptr(r2), known);
	for (u32 i = known; i < size; i++)
		if (((const u8 *)u64_to_ptr(r2))[i])
			return helper_error(-E2BIG);
	switch (cmd) {
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
		return helper_error(load(run, cmd, &attr, known));
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
		return helper_error(change(run, cmd, &attr, known));
	case BPF_MAP_CREATE:
	case BPF_MAP_FREEZE:
	case BPF_MAP_GET_FD_BY_ID:
		return helper_error(call(run, cmd, &attr, known));
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
		/* Who attaches waits for programs that run, with locks that others want. */
		return helper_error(-EOPNOTSUPP);
	default:
		return helper_error(-EINVAL);
	}
}

/* Whether the object's end may be that of a program that runs, or wait for one. */
static bool ends_others(const struct object *obj)
{
	const struct prog *prog;

	switch (obj->ops->kind) {
	case OBJECT_MAP:
		return holds_others(container_of(obj, struct map, obj));
	case OBJECT_PROG:
		prog = container_of(obj, struct prog, obj);
		for (u32 i = 0; i < prog->map_cnt; i++)
			if (holds_others(prog->maps[i]))
				return true;
		return prog->target != NULL;
	case OBJECT_BTF:
		return false;
	default:
		return true;
	}
}

DEFINE_HELPER(helper_sys_close)
{
	struct object *obj = handle_get(run->host, (int)(s32)r1);
	int err = -EBADF;

	if (!obj)
		return helper_error(err);
	err = -EOPNOTSUPP;
	if (!ends_others(obj)) {
		host_syscall_begin(run);
		err = handle_close(run->host, (int)(s32)r1);
		host_syscall_end(run);
	}
	object_put(obj);
	return helper_error(err);
}
