/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a program may be attached to what it names by BTF: a function of the
 * kernel or of a program, a tracepoint, an iterator, a security hook. What is
 * found there is the type of its context.
 */
#include <stdio.h>

#include "verify/attach.h"

#define MAX_FUNC_ARGS 12
#define MAX_ARG_SIZE  16

/* ---- functions with rules of their own ---- */

#define INJECT	  BIT(0)
#define ATOMIC	  BIT(1)
#define MODIFY	  BIT(2)
#define MAY_SLEEP BIT(3)
#define DENY	  BIT(4)
#define NORETURN  BIT(5)

static const struct {
	const char *name;
	u32 flags;
} attach_rules[] = {
#define ATTACH(name, flags) {name, flags},
#include "verify/attach.def"
#undef ATTACH
};

static bool rule_names(const char *rule, const char *name)
{
	size_t len = strlen(rule);

	if (rule[len - 1] == '*')
		return !strncmp(rule, name, len - 1);
	return !strcmp(rule, name);
}

/* Kernels are built without it as often as with it. */
static bool can_inject_errors(const struct btf *btf)
{
	return btf_find(btf, BTF_KIND_FUNC, "within_error_injection_list") > 0;
}

bool kernel_injects_errors(struct verifier *v)
{
	const struct btf *btf = kernel_btf(v);

	return !btf || can_inject_errors(btf);
}

static u32 func_flags(const struct btf *btf, const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(attach_rules); i++) {
		u32 flags = attach_rules[i].flags;

		if (!rule_names(attach_rules[i].name, name))
			continue;
		return flags & INJECT && !can_inject_errors(btf) ? flags & ~INJECT : flags;
	}
	return 0;
}

/* ---- what trampolines can pass on ---- */

/* Bytes of a value in a register or two, or a negative number; @t is told without modifiers. */
static s64 value_size(const struct btf *btf, u32 id, const struct btf_type **t)
{
	*t = btf_skip_mods(btf, id, NULL);
	switch (btf_kind(*t)) {
	case BTF_KIND_UNKN:
		return id ? -EINVAL : 0;
	case BTF_KIND_PTR:
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
		return btf_size(btf, id);
	default:
		return -EINVAL;
	}
}

static int check_param(struct verifier *v, const struct attach *at, u32 i)
{
	const struct btf_param *params = btf_tail(at->proto);
	const struct btf_type *t;
	s64 size;

	if (i + 1 == btf_vlen(at->proto) && !params[i].type)
		return reject_program(
			v, -EINVAL, "The function %s with variable args is unsupported.", at->name);
	size = value_size(at->btf, params[i].type, &t);
	if (size < 0 || size > MAX_ARG_SIZE)
		return reject_program(v, -EINVAL, "The function %s arg%u type %s is unsupported.",
				      at->name, i, btf_kind_name(t));
	if (!size)
		return reject_program(v, -EINVAL, "The function %s has malformed void argument.",
				      at->name);
	return 0;
}

static int check_proto(struct verifier *v, const struct attach *at, s64 *ret_size)
{
	const struct btf_type *t;
	int err = 0;

	*ret_size = 8;
	if (!at->proto)
		return 0;
	if (btf_vlen(at->proto) > MAX_FUNC_ARGS)
		return reject_program(v, -EINVAL, "The function %s has %u arguments. Too many.",
				      at->name, btf_vlen(at->proto));
	*ret_size = value_size(at->btf, at->proto->type, &t);
	if (*ret_size < 0 || btf_kind(t) == BTF_KIND_STRUCT)
		return reject_program(v, -EINVAL, "The function %s return type %s is unsupported.",
				      at->name, btf_kind_name(t));
	for (u32 i = 0; i < btf_vlen(at->proto) && !err; i++)
		err = check_param(v, at, i);
	return err;
}

/* ---- tracepoints ---- */

/* "struct btf_trace_x" has the types; the function that is called has the names, too. */
static int find_tracepoint(struct verifier *v, const struct btf_type *t)
{
	static const char prefix[] = "btf_trace_", func[] = "__bpf_trace_";
	struct attach *at = &v->attach;
	char name[256];
	s32 id;

	if (v->in->target)
		return reject_program(v, -EINVAL,
				      "Only FENTRY/FEXIT progs are attachable to another BPF prog");
	if (btf_kind(t) != BTF_KIND_TYPEDEF)
		return reject_program(v, -EINVAL, "attach_btf_id %u is not a typedef",
				      v->in->attach_btf_id);
	if (strncmp(at->name, prefix, sizeof(prefix) - 1))
		return reject_program(v, -EINVAL, "attach_btf_id %u points to wrong type name %s",
				      v->in->attach_btf_id, at->name);
	at->name += sizeof(prefix) - 1;
	snprintf(name, sizeof(name), "%s%s", func, at->name);
	id = btf_find(at->btf, BTF_KIND_FUNC, name);
	t = btf_type_by_id(at->btf, id > 0 ? (u32)id : t->type);
	if (id < 0 && btf_kind(t) != BTF_KIND_PTR)
		return -EINVAL;
	at->proto = btf_type_by_id(at->btf, t->type);
	return btf_kind(at->proto) == BTF_KIND_FUNC_PROTO ? 0 : -EINVAL;
}

/* ---- functions ---- */

static int take_func(struct verifier *v, const struct btf_type *t)
{
	if (btf_kind(t) != BTF_KIND_FUNC)
		return reject_program(v, -EINVAL, "attach_btf_id %u is not a function",
				      v->in->attach_btf_id);
	v->attach.proto = btf_type_by_id(v->attach.btf, t->type);
	return 0;
}

static int find_iter(struct verifier *v, const struct btf_type *t)
{
	s64 ret_size;
	int err = take_func(v, t);

	return err ? err : check_proto(v, &v->attach, &ret_size);
}

static bool may_sleep_in(const struct verifier *v, const char *name)
{
	u32 flags = func_flags(v->attach.btf, name);

	if (v->in->type == BPF_PROG_TYPE_LSM)
		return lsm_hook_flags(name) & LSM_SLEEPABLE;
	if (v->in->type != BPF_PROG_TYPE_TRACING || v->in->target)
		return false;
	return flags & MAY_SLEEP || (flags & INJECT && !(flags & ATOMIC));
}

static int check_modifiable(struct verifier *v, const char *name)
{
	if (v->in->attach_type != BPF_MODIFY_RETURN)
		return 0;
	if (v->in->target)
		return reject_program(v, -EINVAL, "can't modify return codes of BPF programs");
	if (!(func_flags(v->attach.btf, name) & (INJECT | MODIFY)))
		return reject_program(v, -EINVAL, "%s() is not modifiable", name);
	return 0;
}

static int find_func(struct verifier *v, const struct btf_type *t, bool unreliable)
{
	enum bpf_attach_type type = v->in->attach_type;
	struct attach *at = &v->attach;
	s64 ret_size;
	int err = take_func(v, t);

	if (!err && v->in->type == BPF_PROG_TYPE_EXT)
		err = check_same_signature(v, t);
	if (err)
		return err;
	if (v->in->target && unreliable)
		at->proto = NULL;
	err = check_proto(v, at, &ret_size);
	if (err)
		return err;
	if (ret_size > 8 && (type == BPF_MODIFY_RETURN || type == BPF_TRACE_FEXIT))
		return reject_program(v, -EOPNOTSUPP,
				      "Attach to function %s with a >8 byte return value is not "
				      "supported for this attach type",
				      at->name);
	if (!v->info.sleepable)
		return check_modifiable(v, at->name);
	if (!may_sleep_in(v, at->name))
		return reject_program(v, -EINVAL, "%s is not sleepable", at->name);
	return 0;
}

/* ---- any of them ---- */

static int find_by_attach_type(struct verifier *v, const struct btf_type *t, bool unreliable)
{
	switch (v->in->attach_type) {
	case BPF_TRACE_RAW_TP:
		return find_tracepoint(v, t);
	case BPF_TRACE_ITER:
		return find_iter(v, t);
	case BPF_MODIFY_RETURN:
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
		return find_func(v, t, unreliable);
	default:
		return v->in->type == BPF_PROG_TYPE_EXT ? find_func(v, t, unreliable) : -EINVAL;
	}
}

static int find_target(struct verifier *v)
{
	const struct btf *btf = v->in->attach_btf;
	u32 id = v->in->attach_btf_id;
	const struct btf_type *t;
	bool unreliable = false;
	int err = 0;

	if (!id)
		return reject_program(v, -EINVAL, "Tracing programs must provide btf_id");
	if (!btf)
		return reject_program(v, -EINVAL,
				      "FENTRY/FEXIT program can only be attached to another "
				      "program annotated with BTF");
	t = btf_type_by_id(btf, id);
	if (!t)
		return reject_program(v, -EINVAL, "attach_btf_id %u is invalid", id);
	v->attach.btf = btf;
	v->attach.name = btf_name(btf, t);
	if (v->in->target)
		err = check_target_prog(v, t, &unreliable);
	else if (v->in->type == BPF_PROG_TYPE_EXT)
		return reject_program(v, -EINVAL, "Cannot replace kernel functions");
	return err ? err : find_by_attach_type(v, t, unreliable);
}

/* ---- what else a kind of program asks for ---- */

static int check_lsm(struct verifier *v)
{
	u32 flags = lsm_hook_flags(v->attach.name);

	if (!v->in->gpl_compatible)
		return reject_program(v, -EINVAL,
				      "LSM programs must have a GPL compatible license");
	if (flags & LSM_DISABLED)
		return reject_program(v, -EINVAL, "attach_btf_id %u points to disabled hook %s",
				      v->in->attach_btf_id, v->attach.name);
	if (flags & LSM_UNKNOWN)
		return reject_program(v, -EINVAL, "attach_btf_id %u points to wrong type name %s",
				      v->in->attach_btf_id, v->attach.name);
	return 0;
}

static int check_tracing(struct verifier *v)
{
	u32 flags = v->in->target ? 0 : func_flags(v->attach.btf, v->attach.name);
	enum bpf_attach_type type = v->in->attach_type;

	if (flags & DENY)
		return -EINVAL;
	if (flags & NORETURN && (type == BPF_TRACE_FEXIT || type == BPF_MODIFY_RETURN))
		return reject_program(v, -EINVAL,
				      "Attaching fexit/fmod_ret to __noreturn functions is "
				      "rejected.");
	return 0;
}

static int check_found(struct verifier *v)
{
	if (v->in->attach_type == BPF_TRACE_RAW_TP || v->in->type == BPF_PROG_TYPE_STRUCT_OPS)
		return 0;
	if (v->in->attach_type == BPF_TRACE_ITER)
		return iter_exists(v->attach.name) ? 0 : -EINVAL;
	if (v->in->type == BPF_PROG_TYPE_LSM)
		return check_lsm(v);
	return v->in->type == BPF_PROG_TYPE_TRACING ? check_tracing(v) : 0;
}

int check_attach_target(struct verifier *v)
{
	int err;

	switch (v->in->type) {
	case BPF_PROG_TYPE_STRUCT_OPS:
		err = check_struct_ops(v);
		break;
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
		err = find_target(v);
		break;
	default:
		return 0;
	}
	if (!err)
		err = check_found(v);
	if (err)
		return err;
	v->info.target = v->attach.name;
	v->info.target_struct = v->attach.ops;
	v->info.target_void = v->attach.proto && !v->attach.proto->type;
	v->info.target_is_prog = v->in->target;
	return 0;
}
