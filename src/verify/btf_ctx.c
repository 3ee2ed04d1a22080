/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts that are an array of arguments, 8 bytes each, whose types BTF
 * tells: those of a kernel function, a tracepoint, an iterator, a security
 * hook, a member of a structure of functions, a function of a program.
 */
#include <ctype.h>
#include <stdio.h>

#include "verify/attach.h"

#define MAX_CTX_ARGS 12
#define MAX_REG_ARGS 5 /* of a function that is not known */

/* What a load of an argument gives. */
struct ctx_arg {
	u32 type; /* SCALAR_VALUE or a pointer with its flags */
	const struct btf *btf;
	u32 btf_id;
	bool retval; /* of a security hook, so far */
};

/* ---- arguments of iterators ---- */

static const struct iter_ctx {
	const char *target;
	u32 index;
	u32 type;
	const char *to;
} iter_args[] = {
#define ITER(target, index, flags, to) {#target, index, PTR_TO_BTF_ID | (flags), #to},
#define ITER_BUF(target, index, flags) {#target, index, PTR_TO_BUF | (flags), NULL},
#include "verify/iter.def"
#undef ITER
#undef ITER_BUF
};

static const char iter_prefix[] = "bpf_iter_";

bool iter_exists(const char *func)
{
	if (strncmp(func, iter_prefix, sizeof(iter_prefix) - 1))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(iter_args); i++)
		if (!strcmp(iter_args[i].target, func + sizeof(iter_prefix) - 1))
			return true;
	return false;
}

static const struct iter_ctx *find_iter_ctx(const struct verifier *v, s32 off)
{
	const char *target = v->attach.name + sizeof(iter_prefix) - 1;

	if (v->info.attach_type != BPF_TRACE_ITER || v->info.type != BPF_PROG_TYPE_TRACING)
		return NULL;
	for (u32 i = 0; i < ARRAY_SIZE(iter_args); i++)
		if (!strcmp(iter_args[i].target, target) && (s32)iter_args[i].index * 8 == off)
			return &iter_args[i];
	return NULL;
}

/* ---- arguments of tracepoints ---- */

static const struct {
	const char *name;
	u32 null, error;
} raw_tps[] = {
#define RAW_TP(name, null, error) {#name, null, error},
#include "verify/raw_tp.def"
#undef RAW_TP
};

bool name_ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

/* Pointers of tracepoints that may be null; *@error: or no pointers at all. */
static u32 raw_tp_flags(struct verifier *v, u32 arg, bool *error)
{
	for (u32 i = 0; i < ARRAY_SIZE(raw_tps); i++) {
		if (strcmp(raw_tps[i].name, v->attach.name))
			continue;
		*error = raw_tps[i].error & BIT(arg);
		return raw_tps[i].null & BIT(arg) ? PTR_MAYBE_NULL : 0;
	}
	/* Of a module nobody has said. */
	return v->attach.btf != kernel_btf(v) ? PTR_MAYBE_NULL : 0;
}

/* ---- contexts of programs that are traced ---- */

s32 find_ctx_type(struct verifier *v, const struct prog_rules *rules, const char *side)
{
	const struct btf *btf = kernel_btf(v);
	s32 id = btf ? btf_find(btf, BTF_KIND_STRUCT, "bpf_ctx_convert") : -ENOENT;
	const struct btf_type *t = id < 0 ? NULL : btf_type_by_id(btf, (u32)id);
	char name[64];
	int len = snprintf(name, sizeof(name), "BPF_PROG_TYPE_%s", rules->name);

	for (int i = 0; i < len && i < (int)sizeof(name) - 1; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
	if (len < (int)sizeof(name))
		snprintf(name + len, sizeof(name) - (size_t)len, "%s", side);
	for (u32 i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = (const struct btf_member *)btf_tail(t) + i;

		if (!strcmp(btf_str(btf, m->name_off), name))
			return (s32)m->type;
	}
	return -ENOENT;
}

/* What the kernel has behind a context goes by its name as well. */
static bool is_projection(const char *ctx, const char *name)
{
	return (!strcmp(ctx, "__sk_buff") && !strcmp(name, "sk_buff")) ||
	       (!strcmp(ctx, "xdp_md") && !strcmp(name, "xdp_buff"));
}

/* By name: programs may declare as little of it as they like. */
bool is_prog_ctx_type(struct verifier *v, const struct btf *btf, const struct btf_type *ptr,
		      const struct prog_rules *rules, u32 arg)
{
	const struct btf_type *t = btf_skip_mods(btf, ptr->type, NULL), *ctx;
	const char *name, *ctx_name;
	s32 id;

	(void)arg;
	if (!btf_is_struct(t))
		return false;
	name = btf_name(btf, t);
	id = find_ctx_type(v, rules, "_prog");
	if (id < 0) {
		note(v, "btf_vmlinux is malformed\n");
		return false;
	}
	ctx = btf_type_by_id(kernel_btf(v), (u32)id);
	ctx_name = btf_name(kernel_btf(v), ctx);
	if (*ctx_name && (is_projection(ctx_name, name) || !strcmp(ctx_name, name)))
		return true;
	ctx_name = btf_name(kernel_btf(v), btf_skip_mods(kernel_btf(v), (u32)id, NULL));
	return *ctx_name && !strcmp(ctx_name, name);
}

/* ---- which argument ---- */

static u32 arg_size(const struct btf *btf, u32 type)
{
	s64 size = btf_size(btf, type);

	return size < 0 ? 0 : ROUND_UP((u32)size, 8u);
}

/* The argument that byte @off is of; as many as there are: the result; one more: beyond. */
static u32 arg_at(const struct attach *at, s32 off)
{
	const struct btf_param *params;
	u32 end = 0, n;

	if (!at->proto)
		return (u32)off / 8;
	params = btf_tail(at->proto);
	n = btf_vlen(at->proto);
	for (u32 i = 0; i < n; i++) {
		end += arg_size(at->btf, params[i].type);
		if ((u32)off < end)
			return i;
	}
	end += arg_size(at->btf, at->proto->type);
	return (u32)off < end ? n : n + 1;
}

static bool is_number(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return t->size <= 8;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
		return true;
	default:
		return false;
	}
}

static int no_argument(struct verifier *v, u32 arg)
{
	return reject(v, -EACCES, "func '%s' doesn't have %u-th argument", v->attach.name, arg + 1);
}

/* The result of what is traced. *@type: its BTF type; -1: nothing is known of it. */
static int result_type(struct verifier *v, u32 arg, s32 *type, struct ctx_arg *out)
{
	const struct attach *at = &v->attach;
	const struct btf_type *t;

	*type = at->proto ? (s32)at->proto->type : -1;
	switch (v->info.attach_type) {
	case BPF_LSM_MAC:
		out->retval = true;
		return 0;
	case BPF_LSM_CGROUP:
	case BPF_TRACE_FEXIT:
		return 0;
	case BPF_MODIFY_RETURN:
		if (!at->proto)
			return -EACCES;
		t = btf_skip_mods(at->btf, at->proto->type, NULL);
		if (btf_kind(t) != BTF_KIND_INT || !is_number(t))
			return reject(v, -EACCES, "ret type %s not allowed for fmod_ret",
				      btf_kind_name(t));
		return 0;
	default:
		return no_argument(v, arg);
	}
}

/* ---- what it is ---- */

static bool args_trusted(const struct verifier *v)
{
	switch (v->info.type) {
	case BPF_PROG_TYPE_TRACING:
		return v->info.attach_type == BPF_TRACE_RAW_TP ||
		       v->info.attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return !(lsm_hook_flags(v->attach.name) & LSM_UNTRUSTED);
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* Arguments whose type is told elsewhere. 1: it is one, 0, or a rejection. */
static int special_arg(struct verifier *v, s32 off, struct ctx_arg *out)
{
	const struct iter_ctx *iter = find_iter_ctx(v, off);
	const struct btf *btf;
	s32 id;

	if (!iter || !iter->to)
		return 0;
	btf = kernel_btf(v);
	id = btf ? btf_find(btf, BTF_KIND_STRUCT, iter->to) : -ENOENT;
	if (id < 0)
		return reject(v, -EACCES, "invalid btf_id for context argument offset %d", off);
	*out = (struct ctx_arg){iter->type, btf, (u32)id, false};
	return 1;
}

/* Traced programs have their own type for the context; the kernel's is behind it. */
static int target_arg(struct verifier *v, const struct btf_type *ptr, u32 arg, struct ctx_arg *out)
{
	const struct verify_target *target = v->in->target;
	s32 id = -ENOENT;

	if (is_prog_ctx_type(v, v->attach.btf, ptr, target->rules, arg))
		id = find_ctx_type(v, target->rules, "_kern");
	if (id <= 0)
		return -EACCES;
	out->btf = kernel_btf(v);
	out->btf_id = (u32)id;
	return 0;
}

/* tcp_congestion_ops say struct sock where they are only used with TCP. */
static void promote_sock(const struct verifier *v, struct ctx_arg *out)
{
	s32 id;

	if (!v->attach.ops || strcmp(v->attach.ops, "tcp_congestion_ops") ||
	    out->type & ~(REG_KIND_MASK | PTR_TRUSTED) ||
	    strcmp(btf_id_name(out->btf, out->btf_id), "sock"))
		return;
	id = btf_find(out->btf, BTF_KIND_STRUCT, "tcp_sock");
	if (id > 0)
		out->btf_id = (u32)id;
}

static u32 tag_flag(const struct btf *btf, const struct btf_type *t)
{
	if (btf_kind(t) != BTF_KIND_TYPE_TAG)
		return 0;
	if (!strcmp(btf_name(btf, t), "user"))
		return MEM_USER;
	return strcmp(btf_name(btf, t), "percpu") ? 0 : MEM_PERCPU;
}

/* A pointer to a structure of the kernel. */
static int struct_arg(struct verifier *v, const struct btf_type *ptr, u32 arg, const char *name,
		      struct ctx_arg *out)
{
	const struct attach *at = &v->attach;
	const struct btf_type *t;
	bool error = false;

	out->type = PTR_TO_BTF_ID | (args_trusted(v) ? PTR_TRUSTED : 0);
	if (name_ends_with(name, "__nullable") ||
	    (at->ops && struct_ops_nullable(at->ops, at->name, arg)))
		out->type |= PTR_MAYBE_NULL;
	if (v->info.attach_type == BPF_TRACE_RAW_TP)
		out->type |= raw_tp_flags(v, arg, &error);
	if (v->in->target)
		return target_arg(v, ptr, arg, out);
	out->btf = at->btf;
	out->type |= tag_flag(at->btf, btf_type_by_id(at->btf, ptr->type));
	t = btf_skip_mods(at->btf, ptr->type, &out->btf_id);
	if (!btf_is_struct(t))
		return reject(v, -EACCES, "func '%s' arg%u type %s is not a struct", at->name, arg,
			      btf_kind_name(t));
	note(v, "func '%s' arg%u has btf_id %u type %s '%s'\n", at->name, arg, out->btf_id,
	     btf_kind_name(t), btf_name(at->btf, t));
	promote_sock(v, out);
	if (error) {
		note(v, "marking pointer arg%u as scalar as it may encode error", arg);
		out->type = SCALAR_VALUE;
	}
	return 0;
}

static int pointer_arg(struct verifier *v, const struct btf_type *t, u32 arg, const char *name,
		       s32 off, u32 size, struct ctx_arg *out)
{
	const struct attach *at = &v->attach;
	const struct iter_ctx *iter = find_iter_ctx(v, off);
	int ret;

	if (size != 8)
		return reject(v, -EACCES, "func '%s' size %u must be 8", at->name, size);
	if (iter && !iter->to) {
		out->type = iter->type;
		return 0;
	}
	/* An address and no more: a number. */
	if (!t->type || btf_kind(btf_skip_mods(at->btf, t->type, NULL)) == BTF_KIND_INT)
		return 0;
	ret = special_arg(v, off, out);
	if (ret)
		return ret < 0 ? ret : 0;
	return struct_arg(v, t, arg, name, out);
}

static int find_arg(struct verifier *v, s32 off, u32 size, struct ctx_arg *out)
{
	const struct attach *at = &v->attach;
	bool tracepoint =
		v->info.attach_type == BPF_TRACE_RAW_TP && v->info.type == BPF_PROG_TYPE_TRACING;
	const struct btf_param *params = at->proto ? btf_tail(at->proto) : NULL;
	u32 n = at->proto ? btf_vlen(at->proto) : MAX_REG_ARGS, arg;
	const struct btf_type *t;
	const char *name = "";
	s32 type;
	int err;

	if (off % 8)
		return reject(v, -EACCES, "func '%s' offset %d is not multiple of 8", at->name,
			      off);
	arg = arg_at(at, off);
	/* The first argument of tracepoints is not passed on. */
	if (tracepoint && n) {
		params++;
		n--;
	}
	if (arg > n)
		return no_argument(v, arg);
	if (arg == n) {
		err = result_type(v, arg, &type, out);
		if (err || type < 0)
			return err;
	} else if (!at->proto) {
		return 0;
	} else {
		type = (s32)params[arg].type;
		name = btf_str(at->btf, params[arg].name_off);
	}
	t = btf_skip_mods(at->btf, (u32)type, NULL);
	if (is_number(t))
		return 0;
	if (btf_kind(t) != BTF_KIND_PTR)
		return reject(v, -EACCES,
			      "func '%s' arg%u '%s' has type %s. Only pointer access is allowed",
			      at->name, arg, btf_name(at->btf, t), btf_kind_name(t));
	return pointer_arg(v, t, arg, name, off, size, out);
}

/* ---- the access ---- */

/* What hooks before the program may have returned. */
static void limit_to_hook(const struct verifier *v, struct scalar *s)
{
	struct ret_range range = lsm_hook_range(v->attach.name);

	if (!v->attach.proto || !v->attach.proto->type)
		return;
	s->s32_min = range.min;
	s->s32_max = range.max;
	s->smin = range.min;
	s->smax = range.max;
	scalar_sync(s);
}

static void load_arg(struct verifier *v, struct reg *dst, const struct ctx_arg *arg)
{
	if (arg->type == SCALAR_VALUE) {
		reg_set_unknown(dst);
		if (arg->retval)
			limit_to_hook(v, &dst->s);
		return;
	}
	if ((arg->type & REG_KIND_MASK) == PTR_TO_BTF_ID) {
		reg_set_btf(v, dst, arg->btf, arg->btf_id, arg->type & ~REG_KIND_MASK);
		return;
	}
	reg_set_pointer(dst, arg->type);
	if (reg_maybe_null(dst))
		dst->id = ++v->id_gen;
}

int check_btf_ctx_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	struct ctx_arg arg = {.type = SCALAR_VALUE};

	/* Arguments that a program changed would no longer be what their types say. */
	if (off < 0 || off >= MAX_CTX_ARGS * 8 || a->kind == ACCESS_WRITE ||
	    (off % (s32)a->size && v->info.type != BPF_PROG_TYPE_LSM) ||
	    find_arg(v, off, a->size, &arg))
		return reject(v, -EACCES, "invalid bpf_context access off=%d size=%u", off,
			      a->size);
	if (a->value >= 0)
		load_arg(v, cur_reg(v, (u32)a->value), &arg);
	return 0;
}
