/* SPDX-License-Identifier: BSD-2-Clause */
/* Links: LINK_CREATE, RAW_TRACEPOINT_OPEN and what is done with a link then; ITER_CREATE. */
#include <errno.h>

#include "map/struct_ops.h"
#include "sys/info.h"

/* ---- making ---- */

/* An id and a handle; on failure what the link did ends with it. */
static int open_link(struct link *link)
{
	int err = object_publish(&link->obj);

	if (!err)
		return handle_open(&link->obj);
	object_put(&link->obj);
	return err;
}

static int create(struct call *call, u32 prog_fd, const struct link_request *request)
{
	struct object *obj;
	struct link *link;
	struct prog *prog;
	int err = handle_get_kind(call->host, (int)prog_fd, OBJECT_PROG, &obj);

	if (err)
		return err;
	prog = prog_of(obj);
	if (!prog->runnable || !prog->hook->link)
		err = -EOPNOTSUPP;
	else
		err = prog->hook->link(call->host, prog, request, &link);
	object_put(obj);
	return err ? err : open_link(link);
}

/* A map of functions takes the place of the program. */
static int create_struct_ops(struct call *call)
{
	struct object *obj;
	struct link *link;
	int err =
		handle_get_kind(call->host, (int)call->attr.link_create.prog_fd, OBJECT_MAP, &obj);

	if (err)
		return err;
	err = struct_ops_link(call->host, map_of(obj), &link);
	object_put(obj);
	return err ? err : open_link(link);
}

int sys_link_create(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct link_request request = {.create = attr, .cookie = attr->link_create.tracing.cookie};

	if (attr->link_create.attach_type == BPF_STRUCT_OPS)
		return create_struct_ops(call);
	return create(call, attr->link_create.prog_fd, &request);
}

int sys_raw_tracepoint_open(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct link_request request = {.cookie = attr->raw_tracepoint.cookie};
	char name[128];

	if (attr->raw_tracepoint.name) {
		if (client_read_string(name, attr->raw_tracepoint.name, sizeof(name)))
			return -EFAULT;
		request.tracepoint = name;
	}
	return create(call, attr->raw_tracepoint.prog_fd, &request);
}

/* ---- changing ---- */

static int get_link(struct call *call, u32 fd, struct link **link)
{
	struct object *obj;
	int err = handle_get_kind(call->host, (int)fd, OBJECT_LINK, &obj);

	if (!err)
		*link = link_of(obj);
	return err;
}

/* The new and perhaps the old object of a kind; references that go with the call. */
static int get_pair(struct call *call, enum object_kind kind, struct object **new,
		    struct object **old)
{
	const union bpf_attr *attr = &call->attr;
	int err = handle_get_kind(call->host, (int)attr->link_update.new_prog_fd, kind, new);

	if (err)
		return err;
	if (attr->link_update.flags & BPF_F_REPLACE)
		err = handle_get_kind(call->host, (int)attr->link_update.old_prog_fd, kind, old);
	else if (attr->link_update.old_prog_fd)
		err = -EINVAL;
	return err;
}

static int update(struct call *call, struct link *link)
{
	struct object *new = NULL, *old = NULL;
	bool maps = link->ops->update_map;
	int err = get_pair(call, maps ? OBJECT_MAP : OBJECT_PROG, &new, &old);

	if (!err && maps)
		err = link->ops->update_map(link, map_of(new), old ? map_of(old) : NULL);
	else if (!err)
		err = link->ops->update
			      ? link->ops->update(link, prog_of(new), old ? prog_of(old) : NULL)
			      : -EINVAL;
	object_put(new);
	object_put(old);
	return err;
}

int sys_link_update(struct call *call)
{
	struct link *link;
	int err;

	if (call->attr.link_update.flags & ~(u32)BPF_F_REPLACE)
		return -EINVAL;
	err = get_link(call, call->attr.link_update.link_fd, &link);
	if (err)
		return err;
	err = update(call, link);
	object_put(&link->obj);
	return err;
}

int sys_link_detach(struct call *call)
{
	struct link *link;
	int err = get_link(call, call->attr.link_detach.link_fd, &link);

	if (err)
		return err;
	err = link->ops->detach ? link->ops->detach(link) : -EOPNOTSUPP;
	object_put(&link->obj);
	return err;
}

/* ---- reading ---- */

int sys_iter_create(struct call *call)
{
	struct object *stream;
	struct link *link;
	int err;

	if (call->attr.iter_create.flags)
		return -EINVAL;
	err = get_link(call, call->attr.iter_create.link_fd, &link);
	if (err)
		return err;
	err = link->ops->open ? link->ops->open(link, &stream) : -EINVAL;
	object_put(&link->obj);
	return err ? err : handle_open(stream);
}

int sys_link_info(struct call *call, struct link *link)
{
	struct bpf_link_info info = {0};
	int err = info_read(call, &info, sizeof(info));
	struct prog *prog;

	if (err)
		return err;
	info.type = link->type;
	info.id = link->obj.id;
	prog = link_get_prog(link);
	if (prog) {
		info.prog_id = prog->obj.id;
		object_put(&prog->obj);
	}
	if (link->ops->fill_info)
		err = link->ops->fill_info(link, &info);
	return err ? err : info_write(call, &info, sizeof(info));
}
