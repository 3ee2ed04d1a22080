/* SPDX-License-Identifier: BSD-2-Clause */
/* PROG_ATTACH, PROG_DETACH and PROG_QUERY of programs of control groups. */
#include <errno.h>

#include "hook/cgroup_attach.h"
#include "sys/command.h"

#define ATTACH_FLAGS (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE)

static int get_prog(struct call *call, u32 fd, struct prog **prog)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_PROG, &obj);

	if (err)
		return err;
	*prog = prog_of(obj);
	if ((*prog)->type == group_prog_type(call->attr.attach_type))
		return 0;
	object_put(obj);
	return -EINVAL;
}

static int attach_to(struct call *call, struct prog *prog)
{
	const union bpf_attr *attr = &call->attr;
	const u32 replacing = BPF_F_ALLOW_MULTI | BPF_F_REPLACE;
	struct prog *replace = NULL;
	struct cgroup *cgrp;
	int err = cgroup_by_handle(call->host, (int)attr->target_fd, &cgrp);

	if (err)
		return err;
	if ((attr->attach_flags & replacing) == replacing)
		err = get_prog(call, attr->replace_bpf_fd, &replace);
	if (!err)
		err = group_attach(cgrp, prog, attr->attach_type, attr->attach_flags, replace);
	if (replace)
		object_put(&replace->obj);
	cgroup_put(cgrp);
	return err;
}

int sys_group_attach(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct prog *prog;
	int err;

	if (attr->attach_flags & ~(u32)ATTACH_FLAGS || attr->relative_fd || attr->expected_revision)
		return -EINVAL;
	err = get_prog(call, attr->attach_bpf_fd, &prog);
	if (err)
		return err;
	err = prog->runnable ? attach_to(call, prog) : -EOPNOTSUPP;
	object_put(&prog->obj);
	return err;
}

/* Where there can be but one program, it need not be named. */
int sys_group_detach(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct prog *prog = NULL;
	struct cgroup *cgrp;
	int err;

	if (attr->attach_flags || attr->relative_fd || attr->expected_revision)
		return -EINVAL;
	err = cgroup_by_handle(call->host, (int)attr->target_fd, &cgrp);
	if (err)
		return err;
	if (get_prog(call, attr->attach_bpf_fd, &prog))
		prog = NULL;
	err = group_detach(cgrp, prog, attr->attach_type);
	if (prog)
		object_put(&prog->obj);
	cgroup_put(cgrp);
	return err;
}

/* Ids up to the client's room, and how many there are. */
static int write_ids(struct call *call, const u32 *ids, u32 n)
{
	const union bpf_attr *attr = &call->attr;
	u32 room = attr->query.prog_cnt;
	int err;

	call_result(call, query.prog_cnt, n);
	if (!room || !attr->query.prog_ids || !n)
		return 0;
	err = client_write(attr->query.prog_ids, ids, (n < room ? n : room) * sizeof(*ids));
	return !err && n > room ? -ENOSPC : err;
}

int sys_group_query(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	const u32 most = GROUP_MAX_PROGS * (CGROUP_MAX_LEVEL + 1);
	struct cgroup *cgrp;
	u32 *ids, flags, n;
	int err;

	if (attr->query.query_flags & ~(u32)BPF_F_QUERY_EFFECTIVE)
		return -EINVAL;
	err = cgroup_by_handle(call->host, (int)attr->query.target_fd, &cgrp);
	if (err)
		return err;
	ids = mem_zalloc_array(call->host->mem, most, sizeof(*ids));
	if (ids) {
		n = group_query(cgrp, attr->query.attach_type, attr->query.query_flags, ids, most,
				&flags);
		call_result(call, query.attach_flags, flags);
		err = write_ids(call, ids, n);
	} else {
		err = -ENOMEM;
	}
	mem_free(call->host->mem, ids);
	cgroup_put(cgrp);
	return err;
}
