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

/*
 * Who takes an element out of a map of maps or programs waits until no program
 * can see it, and this one may.
 */
static int change(struct run *run, u32 cmd, union bpf_attr *attr, u32 size)
{
	enum bpf_map_type type;
	struct object *obj;
	int err = handle_get_kind(run->host, (int)attr->map_fd, OBJECT_MAP, &obj);

	if (err)
		return err;
	type = map_of(obj)->desc.type;
	object_put(obj);
	switch (type) {
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_PROG_ARRAY:
		return -EOPNOTSUPP;
	default:
		return call(run, cmd, attr, size);
	}
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
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
		return helper_error(call(run, cmd, &attr, known));
	default:
		return helper_error(-EINVAL);
	}
}

DEFINE_HELPER(helper_sys_close)
{
	int err;

	host_syscall_begin(run);
	err = handle_close(run->host, (int)(s32)r1);
	host_syscall_end(run);
	return helper_error(err);
}
