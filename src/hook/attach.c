/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching programs to functions and tracepoints by links, with Linux's checks
 * and errors. What the host has no event for is -EOPNOTSUPP, where Linux would
 * attach and wait.
 */
#include "hook/attach.h"

#include <errno.h>
#include <string.h>

#include "hook/functions.h"

/* ---- what a program is for ---- */

const struct btf *prog_attach_btf(const struct prog *prog)
{
	if (prog->attach_btf)
		return prog->attach_btf->btf;
	return prog->target && prog->target->btf ? prog->target->btf->btf : NULL;
}

static const struct btf_type *attach_type(const struct prog *prog)
{
	const struct btf *btf = prog_attach_btf(prog);

	return btf && prog->attach_btf_id ? btf_type_by_id(btf, prog->attach_btf_id) : NULL;
}

const char *prog_attach_name(const struct prog *prog)
{
	const struct btf_type *t = attach_type(prog);

	return t ? btf_name(prog_attach_btf(prog), t) : NULL;
}

const struct btf_type *prog_attach_proto(const struct prog *prog)
{
	const struct btf *btf = prog_attach_btf(prog);
	const struct btf_type *t = attach_type(prog);

	if (t && (btf_kind(t) == BTF_KIND_TYPEDEF || btf_kind(t) == BTF_KIND_FUNC))
		t = btf_type_by_id(btf, t->type);
	if (t && btf_kind(t) == BTF_KIND_PTR)
		t = btf_type_by_id(btf, t->type);
	return t && btf_kind(t) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

/* ---- links ---- */

/* Of both kinds; which one its ops say. */
struct trace_link {
	struct link link;
	struct trampoline *trampoline;
	enum trampoline_kind kind;
	enum bpf_attach_type attach_type;
	const struct host_tracepoint *tracepoint;
	/* Of a function of a program, or NULL: a reference. */
	struct prog *target;
	u32 target_btf_id;
};

static void trace_link_free(struct link *link)
{
	struct trace_link *trace = container_of(link, struct trace_link, link);
	struct host *host = link->obj.host;

	trampoline_detach(host, trace->trampoline, trace->kind, link->prog);
	if (trace->target) {
		if (trace->kind == TRAMPOLINE_REPLACE)
			atomic_store(&trace->target->extended, false);
		object_put(&trace->target->obj);
	}
	mem_free(host->mem, trace);
}

static int trace_fill_info(const struct link *link, struct bpf_link_info *info)
{
	const struct trace_link *trace = container_of(link, struct trace_link, link);

	info->tracing.attach_type = trace->attach_type;
	if (trace->target) {
		info->tracing.target_obj_id = trace->target->obj.id;
		info->tracing.target_btf_id = trace->target_btf_id;
		return 0;
	}
	info->tracing.target_obj_id = link->prog->attach_btf ? link->prog->attach_btf->obj.id : 0;
	info->tracing.target_btf_id = link->prog->attach_btf_id;
	return 0;
}

static int raw_tp_fill_info(const struct link *link, struct bpf_link_info *info)
{
	const struct trace_link *trace = container_of(link, struct trace_link, link);

	return link_info_text(info->raw_tracepoint.tp_name, &info->raw_tracepoint.tp_name_len,
			      trace->tracepoint->name);
}

static const struct link_ops trace_link_ops = {
	.free = trace_link_free,
	.fill_info = trace_fill_info,
};

static const struct link_ops raw_tp_link_ops = {
	.free = trace_link_free,
	.fill_info = raw_tp_fill_info,
};

/* @made says what it attaches to; a copy of it becomes the link. */
static int make_link(struct host *host, struct prog *prog, const struct trace_link *made,
		     u64 cookie, struct link **link)
{
	bool raw = made->tracepoint;
	struct trace_link *trace = mem_dup(host->mem, made, sizeof(*made));
	int err;

	if (!trace)
		return -ENOMEM;
	err = trampoline_attach(host, trace->trampoline, trace->kind, prog, cookie, raw);
	if (err) {
		mem_free(host->mem, trace);
		return err;
	}
	link_init(&trace->link, raw ? BPF_LINK_TYPE_RAW_TRACEPOINT : BPF_LINK_TYPE_TRACING,
		  raw ? &raw_tp_link_ops : &trace_link_ops, host, prog);
	*link = &trace->link;
	return 0;
}

/* ---- tracepoints ---- */

static int link_tracepoint(struct host *host, struct prog *prog, const char *name, u64 cookie,
			   struct link **link)
{
	struct trace_link made = {.tracepoint = tracepoint_find(name)};

	if (!made.tracepoint)
		return -EOPNOTSUPP;
	/* A program may not look at more than there is. */
	if (prog->max_ctx_offset > made.tracepoint->nargs * sizeof(u64) ||
	    prog->max_tp_access > made.tracepoint->writable)
		return -EINVAL;
	made.trampoline = trampoline_get(host, made.tracepoint->type);
	made.attach_type = prog->expected_attach_type;
	return made.trampoline ? make_link(host, prog, &made, cookie, link) : -ENOMEM;
}

int raw_tp_link(struct host *host, struct prog *prog, const struct link_request *request,
		struct link **link)
{
	if (request->create)
		return -EINVAL;
	if (!request->tracepoint)
		return -EFAULT;
	return link_tracepoint(host, prog, request->tracepoint, request->cookie, link);
}

/* ---- functions ---- */

static enum trampoline_kind kind_of(const struct prog *prog)
{
	const struct btf_type *proto = prog_attach_proto(prog);

	switch (prog->expected_attach_type) {
	case BPF_TRACE_FENTRY:
		return TRAMPOLINE_ENTRY;
	case BPF_MODIFY_RETURN:
		return TRAMPOLINE_MODIFY;
	case BPF_LSM_MAC:
		/* There is no result to change where there is none. */
		return proto && proto->type ? TRAMPOLINE_MODIFY : TRAMPOLINE_EXIT;
	default:
		return TRAMPOLINE_EXIT;
	}
}

static int link_function(struct host *host, struct prog *prog, u64 cookie, struct link **link)
{
	struct trace_link made = {.kind = kind_of(prog), .attach_type = prog->expected_attach_type};
	const char *name = prog_attach_name(prog);

	if (!name)
		return -EINVAL;
	if (!function_find(name))
		return -EOPNOTSUPP;
	made.trampoline = trampoline_get(host, name);
	return made.trampoline ? make_link(host, prog, &made, cookie, link) : -ENOMEM;
}

/* ---- functions of programs ---- */

static s32 find_subprog(const struct prog *target, u32 btf_id)
{
	for (u32 i = 0; i < target->func_info_cnt && i < target->subprog_cnt; i++)
		if (target->func_info[i].type_id == btf_id)
			return (s32)i;
	return -ENOENT;
}

/* A program with a function that is replaced may not be tail called, see map/prog_array.c. */
static int extend(struct prog *target)
{
	if (atomic_load(&target->array_members))
		return -EBUSY;
	atomic_store(&target->extended, true);
	return 0;
}

static int link_subprog(struct host *host, struct prog *prog, struct prog *target, u32 btf_id,
			u64 cookie, struct link **link)
{
	struct trace_link made = {
		.kind = prog->type == BPF_PROG_TYPE_EXT ? TRAMPOLINE_REPLACE : kind_of(prog),
		.attach_type = prog->expected_attach_type,
		.target = target,
		.target_btf_id = btf_id,
	};
	s32 subprog = find_subprog(target, btf_id);
	bool replaces = made.kind == TRAMPOLINE_REPLACE;
	int err;

	if (subprog < 0)
		return -EINVAL;
	/* What it throws would end the program that it is a part of. */
	if (replaces && prog->throws)
		return -EOPNOTSUPP;
	err = prog_trampoline(target, (u32)subprog, &made.trampoline);
	if (!err && replaces)
		err = extend(target);
	if (err)
		return err;
	err = make_link(host, prog, &made, cookie, link);
	if (!err)
		object_get(&target->obj);
	return err;
}

/* The program that the request names, checked as at loading; or the one it was loaded for. */
static int find_target(struct host *host, struct prog *prog, const union bpf_attr *attr,
		       struct prog **target, u32 *btf_id)
{
	struct object *obj;
	int err;

	*target = prog->target;
	*btf_id = prog->attach_btf_id;
	if (!attr || !attr->link_create.target_fd) {
		/* That is for once. */
		if (atomic_load(&prog->was_attached))
			return -EINVAL;
		object_get(&prog->target->obj);
		return 0;
	}
	err = handle_get_kind(host, (int)attr->link_create.target_fd, OBJECT_PROG, &obj);
	if (err)
		return err;
	*target = prog_of(obj);
	*btf_id = attr->link_create.target_btf_id;
	if (*target != prog->target || *btf_id != prog->attach_btf_id ||
	    atomic_load(&prog->was_attached))
		err = prog_check_target(prog, *target, (*target)->hook->rules, *btf_id);
	if (err)
		object_put(obj);
	return err;
}

static int link_to_prog(struct host *host, struct prog *prog, const struct link_request *request,
			struct link **link)
{
	struct prog *target;
	u32 btf_id;
	int err = find_target(host, prog, request->create, &target, &btf_id);

	if (err)
		return err;
	err = link_subprog(host, prog, target, btf_id, request->cookie, link);
	if (!err)
		atomic_store(&prog->was_attached, true);
	object_put(&target->obj);
	return err;
}

/* ---- all of them ---- */

static int link_traced(struct host *host, struct prog *prog, const struct link_request *request,
		       struct link **link)
{
	const union bpf_attr *attr = request->create;

	if (attr && !attr->link_create.target_fd != !attr->link_create.target_btf_id)
		return -EINVAL;
	/* Only replacements of functions go from program to program. */
	if (attr && attr->link_create.target_fd && prog->type != BPF_PROG_TYPE_EXT)
		return -EINVAL;
	if (prog->target)
		return link_to_prog(host, prog, request, link);
	return link_function(host, prog, request->cookie, link);
}

int ext_link(struct host *host, struct prog *prog, const struct link_request *request,
	     struct link **link)
{
	return request->tracepoint ? -EINVAL : link_traced(host, prog, request, link);
}

int trace_link(struct host *host, struct prog *prog, const struct link_request *request,
	       struct link **link)
{
	static const char prefix[] = "btf_trace_";
	const union bpf_attr *attr = request->create;
	enum bpf_attach_type type = prog->expected_attach_type;
	const char *name;

	if (request->tracepoint || (attr && attr->link_create.attach_type != type))
		return -EINVAL;
	switch (type) {
	case BPF_TRACE_RAW_TP:
		name = prog_attach_name(prog) + sizeof(prefix) - 1;
		return link_tracepoint(host, prog, name, request->cookie, link);
	case BPF_TRACE_ITER:
		return iter_link(host, prog, request, link);
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
	case BPF_LSM_MAC:
		return link_traced(host, prog, request, link);
	default:
		return -EINVAL;
	}
}
