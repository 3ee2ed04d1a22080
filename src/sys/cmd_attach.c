/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROG_ATTACH, PROG_DETACH and PROG_QUERY: what a program is attached to is a
 * descriptor of some kind, which follows from the attach type. Here so far: maps
 * of sockets, and control groups (cmd_group.c). All other kinds answer -EOPNOTSUPP.
 */
#include <errno.h>

#include "hook/cgroup_attach.h"
#include "map/sock_map.h"
#include "sys/command.h"

/* The program type whose programs attach so, or BPF_PROG_TYPE_UNSPEC. */
static enum bpf_prog_type type_for(u32 attach_type)
{
	switch (attach_type) {
	case BPF_SK_MSG_VERDICT:
		return BPF_PROG_TYPE_SK_MSG;
	case BPF_SK_SKB_STREAM_PARSER:
	case BPF_SK_SKB_STREAM_VERDICT:
	case BPF_SK_SKB_VERDICT:
		return BPF_PROG_TYPE_SK_SKB;
	default:
		return BPF_PROG_TYPE_UNSPEC;
	}
}

/* Linux checks the attach type before anything else; those that are not here yet say so. */
static int check_type(u32 attach_type)
{
	if (attach_type >= __MAX_BPF_ATTACH_TYPE)
		return -EINVAL;
	return type_for(attach_type) == BPF_PROG_TYPE_UNSPEC ? -EOPNOTSUPP : 0;
}

static int get_map(struct call *call, u32 fd, struct map **map)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

static int get_prog(struct call *call, u32 fd, enum bpf_prog_type type, struct prog **prog)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_PROG, &obj);

	if (err)
		return err;
	*prog = prog_of(obj);
	if ((*prog)->type == type)
		return 0;
	object_put(obj);
	return -EINVAL;
}

/* Streams' programs may say where they attach; one that does attaches nowhere else. */
static bool attach_type_fits(const struct prog *prog, u32 attach_type)
{
	u32 expected = prog->expected_attach_type;

	return prog->type != BPF_PROG_TYPE_SK_SKB || !expected || expected == attach_type;
}

static int with_map(struct call *call, struct prog *prog, bool attach)
{
	const union bpf_attr *attr = &call->attr;
	struct map *map;
	int err;

	if (attr->attach_flags || attr->replace_bpf_fd)
		return -EINVAL;
	err = get_map(call, attr->target_fd, &map);
	if (err)
		return err;
	err = sock_map_attach(map, attach ? prog : NULL, attach ? NULL : prog, attr->attach_type);
	object_put(&map->obj);
	return err;
}

static int attach_or_detach(struct call *call, bool attach)
{
	const union bpf_attr *attr = &call->attr;
	int err = check_type(attr->attach_type);
	struct prog *prog;

	if (!err && (attr->relative_fd || attr->expected_revision))
		err = -EINVAL;
	if (!err)
		err = get_prog(call, attr->attach_bpf_fd, type_for(attr->attach_type), &prog);
	if (err)
		return err;
	if (attach && !prog->runnable)
		err = -EOPNOTSUPP;
	else if (attach && !attach_type_fits(prog, attr->attach_type))
		err = -EINVAL;
	else
		err = with_map(call, prog, attach);
	object_put(&prog->obj);
	return err;
}

int sys_prog_attach(struct call *call)
{
	if (group_prog_type(call->attr.attach_type))
		return sys_group_attach(call);
	return attach_or_detach(call, true);
}

int sys_prog_detach(struct call *call)
{
	if (group_prog_type(call->attr.attach_type))
		return sys_group_detach(call);
	return attach_or_detach(call, false);
}

int sys_prog_query(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct map *map;
	u32 id = 0;
	int err;

	if (group_prog_type(attr->query.attach_type))
		return sys_group_query(call);
	err = check_type(attr->query.attach_type);
	if (!err && attr->query.query_flags)
		err = -EINVAL;
	if (!err)
		err = get_map(call, attr->query.target_fd, &map);
	if (err)
		return err;
	err = sock_map_query(map, attr->query.attach_type, &id);
	object_put(&map->obj);
	if (err)
		return err;
	if (id && attr->query.prog_cnt && attr->query.prog_ids)
		err = client_write(attr->query.prog_ids, &id, sizeof(id));
	call_result(call, query.attach_flags, 0);
	call_result(call, query.prog_cnt, id ? 1 : 0);
	return err;
}
