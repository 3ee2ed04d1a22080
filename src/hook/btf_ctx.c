/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to a context: see btf_ctx.h. Each structure in the bytes is found by
 * its offset once; two that overlap are refused, so that no part of one can be
 * taken for a pointer of the other.
 */
#include "hook/btf_ctx.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "helper/kfunc.h"
#include "hook/attach.h"
#include "hook/internal.h"
#include "kernel/kernel.h"
#include "map/map.h"

#define MAX_DEPTH 32 /* of structures in one another */

/* A structure that the bytes hold. */
struct piece {
	u32 off, size, type;
};

struct reader {
	struct btf_ctx *ctx;
	const struct btf *btf;
	const struct mem *mem;
	VEC(struct piece) pieces; /* those from .done on have pointers to be resolved */
	size_t done;
};

/* ---- what must be the host's own ---- */

/* Whose pointers are handles. */
static const struct {
	const char *type;
	enum object_kind kind;
} handle_types[] = {
	{"task_struct", OBJECT_TASK}, {"cgroup", OBJECT_CGROUP}, {"sock", OBJECT_SOCKET},
	{"file", OBJECT_FILE},	      {"bpf_map", OBJECT_MAP},
};

static bool helper_takes(const char *name)
{
	for (u32 i = 0; i < HELPER_CNT; i++)
		for (u32 arg = 0; arg < 5; arg++)
			if (helper_protos[i].arg_btf[arg] &&
			    !strcmp(helper_protos[i].arg_btf[arg], name))
				return true;
	return false;
}

static bool points_to(const struct btf *btf, u32 ptr, const char *name)
{
	const struct btf_type *t = btf_skip_mods(btf, ptr, NULL);

	if (btf_kind(t) != BTF_KIND_PTR)
		return false;
	t = btf_skip_mods(btf, t->type, NULL);
	return !strcmp(btf_name(btf, t), name);
}

static bool kfunc_takes(const struct btf *btf, const char *name)
{
	for (u32 id = 0; id < KFUNC_IDS; id++) {
		const struct kfunc_row *row = kfunc_row_by_id((enum kfunc_id)id);
		s32 func = row ? btf_find(btf, BTF_KIND_FUNC, row->name) : -ENOENT;
		const struct btf_type *proto;

		if (func < 0)
			continue;
		proto = btf_type_by_id(btf, btf_type_by_id(btf, (u32)func)->type);
		for (u32 i = 0; i < btf_vlen(proto); i++)
			if (points_to(btf, ((const struct btf_param *)btf_tail(proto))[i].type,
				      name))
				return true;
	}
	return false;
}

/* Whether functions of the host rely on what such a structure is, or a part of it. */
static bool is_hosts(const struct btf *btf, u32 id, u32 depth)
{
	const struct btf_type *t = btf_skip_mods(btf, id, NULL);
	const struct btf_member *members = btf_tail(t);
	const char *name = btf_name(btf, t);

	if (btf_kind(t) == BTF_KIND_ARRAY)
		return is_hosts(btf, ((const struct btf_array *)btf_tail(t))->type, depth);
	if (btf_kind(t) != BTF_KIND_STRUCT && btf_kind(t) != BTF_KIND_UNION)
		return false;
	if (depth > MAX_DEPTH || !strcmp(name, "kernel_object") ||
	    (*name && (helper_takes(name) || kfunc_takes(btf, name))))
		return true;
	for (u32 i = 0; i < btf_vlen(t); i++)
		if (is_hosts(btf, members[i].type, depth + 1))
			return true;
	return false;
}

/* ---- handles ---- */

/* Where the structure begins that the host's object is a part of. */
static int address_of(const struct reader *r, u32 type, enum object_kind kind, struct object *obj,
		      u64 *addr)
{
	const struct btf_type *t = btf_type_by_id(r->btf, type);
	const struct btf_member *members = btf_tail(t);

	if (kind == OBJECT_MAP) {
		*addr = ptr_to_u64(map_of(obj));
		return 0;
	}
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *of = btf_skip_mods(r->btf, members[i].type, NULL);

		if (strcmp(btf_name(r->btf, of), "kernel_object"))
			continue;
		*addr = ptr_to_u64(container_of(obj, struct kernel_object, obj)) -
			btf_member_bit_offset(t, i) / 8;
		return 0;
	}
	return -EOPNOTSUPP;
}

static int resolve_handle(struct reader *r, u32 type, u64 *value)
{
	const char *name = btf_name(r->btf, btf_type_by_id(r->btf, type));
	struct object *obj;
	int err;

	for (u32 i = 0; i < ARRAY_SIZE(handle_types); i++) {
		if (strcmp(handle_types[i].type, name))
			continue;
		err = handle_get_kind(r->ctx->host, (int)*value, handle_types[i].kind, &obj);
		if (err)
			return err;
		if (!vec_push(&r->ctx->objects, r->mem, obj)) {
			object_put(obj);
			return -ENOMEM;
		}
		return address_of(r, type, handle_types[i].kind, obj, value);
	}
	return -EOPNOTSUPP;
}

/* ---- pieces ---- */

static int add_piece(struct reader *r, u64 off, u32 type)
{
	s64 size = btf_size(r->btf, type);
	struct piece piece = {.type = type};

	if (size < 0 || off % 8 || off > r->ctx->size || (u64)size > r->ctx->size - off)
		return -EINVAL;
	piece.off = (u32)off;
	piece.size = (u32)size;
	vec_each (&r->pieces, p) {
		if (p->off == piece.off && p->type == type)
			return 0;
		if (p->off < piece.off + piece.size && piece.off < p->off + p->size)
			return -EINVAL;
	}
	return vec_push(&r->pieces, r->mem, piece) ? 0 : -ENOMEM;
}

/* The value of a pointer to @type, in place. */
static int resolve(struct reader *r, u32 type, u64 *value)
{
	const struct btf_type *t = btf_type_by_id(r->btf, type);
	int err = 0;

	if (!*value)
		return 0;
	/* Of memory that there is one of per CPU: nobody may give that. */
	if (btf_kind(t) == BTF_KIND_TYPE_TAG && !strcmp(btf_name(r->btf, t), "percpu"))
		return -EOPNOTSUPP;
	t = btf_skip_mods(r->btf, type, &type);
	if (btf_kind(t) == BTF_KIND_STRUCT || btf_kind(t) == BTF_KIND_UNION) {
		if (is_hosts(r->btf, type, 0))
			return resolve_handle(r, type, value);
		err = add_piece(r, *value, type);
	} else if (btf_kind(t) == BTF_KIND_FWD || btf_kind(t) == BTF_KIND_FUNC_PROTO) {
		return -EOPNOTSUPP;
	} else if (*value >= r->ctx->size) {
		/* Bytes without a type of their own: programs only have the number. */
		return -EINVAL;
	}
	if (err)
		return err;
	*value = ptr_to_u64(r->ctx->bytes + *value);
	return 0;
}

static int resolve_members(struct reader *r, u32 type, u32 off, u32 depth);

static int resolve_member(struct reader *r, u32 type, u32 off, u32 depth)
{
	const struct btf_type *t = btf_skip_mods(r->btf, type, &type);
	const struct btf_array *array = btf_tail(t);
	u64 value;
	s64 size;
	int err = 0;

	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		memcpy(&value, r->ctx->bytes + off, sizeof(value));
		err = resolve(r, t->type, &value);
		memcpy(r->ctx->bytes + off, &value, sizeof(value));
		return err;
	case BTF_KIND_ARRAY:
		size = btf_size(r->btf, array->type);
		for (u32 i = 0; size > 0 && i < array->nelems && !err; i++)
			err = resolve_member(r, array->type, off + i * (u32)size, depth + 1);
		return err;
	case BTF_KIND_STRUCT:
		return resolve_members(r, type, off, depth + 1);
	case BTF_KIND_UNION:
		/* Which member it is nobody can tell: there may be no pointers. */
		memset(r->ctx->bytes + off, 0, t->size);
		return 0;
	default:
		return 0;
	}
}

static int resolve_members(struct reader *r, u32 type, u32 off, u32 depth)
{
	const struct btf_type *t = btf_type_by_id(r->btf, type);
	const struct btf_member *members = btf_tail(t);
	int err = 0;

	if (depth > MAX_DEPTH)
		return -EINVAL;
	for (u32 i = 0; i < btf_vlen(t) && !err; i++)
		err = resolve_member(r, members[i].type, off + btf_member_bit_offset(t, i) / 8,
				     depth);
	return err;
}

static int resolve_pieces(struct reader *r)
{
	int err = 0;

	while (r->done < r->pieces.len && !err) {
		struct piece piece = r->pieces.at[r->done++];

		err = resolve_members(r, piece.type, piece.off, 0);
	}
	return err;
}

/* ---- arguments ---- */

static u32 registers(const struct btf *btf, u32 type)
{
	s64 size = btf_size(btf, type);

	return size > 8 ? 2 : 1;
}

/* Pointers among the arguments; their registers are counted. */
static int resolve_args(struct reader *r, const struct btf_param *params, u32 n)
{
	struct trace_ctx *trace = &r->ctx->trace;
	int err = 0;

	for (u32 i = 0; i < n && !err; i++) {
		const struct btf_type *t = btf_skip_mods(r->btf, params[i].type, NULL);
		u32 at = trace->nargs;

		trace->nargs += registers(r->btf, params[i].type);
		if (trace->nargs > TRACE_MAX_ARGS || trace->nargs * sizeof(u64) > r->ctx->size)
			return -EINVAL;
		memcpy(&trace->args[at], r->ctx->bytes + at * sizeof(u64),
		       (trace->nargs - at) * sizeof(u64));
		if (btf_kind(t) == BTF_KIND_PTR)
			err = resolve(r, t->type, &trace->args[at]);
	}
	return err;
}

static int read_args(struct reader *r, const struct prog *prog)
{
	const struct btf_type *proto = prog_attach_proto(prog);
	const struct btf_param *params = proto ? btf_tail(proto) : NULL;
	u32 n = proto ? btf_vlen(proto) : 0, end;
	struct trace_ctx *trace = &r->ctx->trace;
	/* The first parameter of tracepoints is not passed on. */
	bool tracepoint = prog->expected_attach_type == BPF_TRACE_RAW_TP && n;
	int err;

	if (!proto)
		return -EOPNOTSUPP;
	/* No memory where the arguments are. */
	end = 0;
	for (u32 i = tracepoint; i < n; i++)
		end += registers(r->btf, params[i].type) * (u32)sizeof(u64);
	if (end > r->ctx->size || !vec_push(&r->pieces, r->mem, ((struct piece){0, end, 0})))
		return end > r->ctx->size ? -EINVAL : -ENOMEM;
	r->done = 1;
	err = resolve_args(r, params + tracepoint, n - tracepoint);
	if (!err)
		err = resolve_pieces(r);
	/* A result: the next 8 bytes, if the caller gives them. */
	if (!err && r->ctx->size >= end + sizeof(u64))
		memcpy(&trace->args[trace->nargs], r->ctx->bytes + end, sizeof(u64));
	trace->has_result = true;
	return err;
}

int btf_ctx_read(struct btf_ctx *ctx, struct host *host, const struct prog *prog,
		 const union bpf_attr *attr)
{
	struct reader r = {.ctx = ctx, .btf = prog_attach_btf(prog), .mem = host->mem};
	int err;

	*ctx = (struct btf_ctx){.host = host, .size = attr->test.ctx_size_in};
	/* What a program calls its context is not what tracing programs see of it. */
	if (prog->target)
		return -EOPNOTSUPP;
	if (!r.btf || ctx->size > TEST_PAGE)
		return r.btf ? -E2BIG : -EOPNOTSUPP;
	ctx->bytes = mem_zalloc(host->mem, ctx->size + 8);
	if (!ctx->bytes)
		return -ENOMEM;
	err = ctx->size && fault_read(ctx->bytes, u64_to_ptr(attr->test.ctx_in), ctx->size)
		      ? -EFAULT
		      : read_args(&r, prog);
	vec_free(&r.pieces, host->mem);
	if (err)
		btf_ctx_free(ctx);
	return err;
}

void btf_ctx_free(struct btf_ctx *ctx)
{
	vec_each (&ctx->objects, obj)
		object_put(*obj);
	vec_free(&ctx->objects, ctx->host->mem);
	mem_free(ctx->host->mem, ctx->bytes);
}

/* ---- test runs ---- */

int btf_ctx_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct btf_ctx ctx;
	u64 r0;
	int err;

	if (attr->test.data_in || attr->test.data_out || attr->test.ctx_out || attr->test.flags ||
	    attr->test.cpu || attr->test.batch_size || attr->test.repeat)
		return -EINVAL;
	err = btf_ctx_read(&ctx, host, prog, attr);
	if (err)
		return err;
	trampoline_run(host, NULL, prog, &ctx.trace, &r0);
	attr->test.retval = (u32)r0;
	btf_ctx_free(&ctx);
	return 0;
}
