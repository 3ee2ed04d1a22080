/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that stand for the members of a kernel structure of functions. The
 * structure decides which helpers there are.
 */
#include <string.h>

#include "base/fault.h"
#include "hook/rules.h"
#include "kernel/types/struct_ops.h"
#include "object/trampoline.h"
#include "verify/struct_ops.h"

static bool is_struct(const struct verify_env_info *info, const char *name)
{
	return info->target_struct && !strcmp(info->target_struct, name);
}

static bool has_helper(const struct verify_env_info *info, const struct helper_proto *proto)
{
	bool tcp = is_struct(info, "tcp_congestion_ops");

	if (is_struct(info, "bpf_dummy_ops"))
		return false;
	switch (proto->id) {
	case BPF_FUNC_tcp_send_ack:
	case BPF_FUNC_sk_storage_get:
	case BPF_FUNC_sk_storage_delete:
	case BPF_FUNC_ktime_get_coarse_ns:
		return tcp;
	case BPF_FUNC_setsockopt:
	case BPF_FUNC_getsockopt:
		/* A socket that is on its way out must not get new resources. */
		return tcp && !(info->target && !strcmp(info->target, "release"));
	case BPF_FUNC_task_storage_get:
	case BPF_FUNC_task_storage_delete:
		return is_struct(info, "sched_ext_ops");
	default:
		return true;
	}
}

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_STRUCT_OPS,
	.name = "struct_ops",
	.ctx_size = 12 * sizeof(u64),
	.ctx_by_btf = true,
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
	.sleepable = RULE_ANY_ATTACH,
	.has_helper = has_helper,
};

/* ---- test runs, of the members of bpf_dummy_ops ---- */

#define DUMMY_ARGS 5

/* Arguments as user space gives them; the first one is its address of a state, or 0. */
struct dummy_args {
	u64 args[DUMMY_ARGS];
	struct bpf_dummy_ops_state state;
};

static int read_args(const union bpf_attr *attr, u32 n, struct dummy_args *args)
{
	if (attr->test.ctx_size_in != n * sizeof(u64))
		return -EINVAL;
	if (fault_read(args->args, u64_to_ptr(attr->test.ctx_in), n * sizeof(u64)))
		return -EFAULT;
	if (args->args[0] &&
	    fault_read(&args->state, u64_to_ptr(args->args[0]), sizeof(args->state)))
		return -EFAULT;
	return 0;
}

/* Pointers that programs do not compare with NULL are none. */
static int check_args(const struct btf *btf, const struct btf_type *proto, const char *member,
		      const struct dummy_args *args)
{
	const struct btf_param *params = btf_tail(proto);

	for (u32 i = 0; i < btf_vlen(proto); i++) {
		const struct btf_type *t = btf_skip_mods(btf, params[i].type, NULL);

		if (!args->args[i] && btf_kind(t) == BTF_KIND_PTR &&
		    !struct_ops_nullable("bpf_dummy_ops", member, i))
			return -EINVAL;
	}
	return 0;
}

static const struct btf_type *member_proto(const struct prog *prog, const struct btf **btf,
					   const char **name)
{
	const struct btf_type *t;
	const struct btf_member *members;

	*btf = prog->attach_btf->btf;
	t = btf_type_by_id(*btf, prog->attach_btf_id);
	members = btf_tail(t);
	*name = btf_str(*btf, members[prog->expected_attach_type].name_off);
	t = btf_skip_mods(*btf, members[prog->expected_attach_type].type, NULL);
	return btf_skip_mods(*btf, t->type, NULL);
}

static int dummy_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	const struct btf *btf;
	const char *member;
	const struct btf_type *proto = member_proto(prog, &btf, &member);
	struct trace_ctx ctx = {.nargs = btf_vlen(proto)};
	struct dummy_args args = {{0}, {0}};
	u64 r0;
	int err;

	if (strcmp(btf_name(btf, btf_type_by_id(btf, prog->attach_btf_id)), "bpf_dummy_ops"))
		return -EOPNOTSUPP;
	if (ctx.nargs > DUMMY_ARGS)
		return -EINVAL;
	err = read_args(attr, ctx.nargs, &args);
	if (!err)
		err = check_args(btf, proto, member, &args);
	if (err)
		return err;
	memcpy(ctx.args, args.args, sizeof(args.args));
	if (args.args[0])
		ctx.args[0] = ptr_to_u64(&args.state);
	trampoline_run(host, NULL, prog, &ctx, &r0);
	if (args.args[0])
		memcpy(u64_to_ptr(args.args[0]), &args.state, sizeof(args.state));
	attr->test.retval = (u32)r0;
	return 0;
}

const struct hook hook_struct_ops = {
	.type = BPF_PROG_TYPE_STRUCT_OPS,
	.name = "struct_ops",
	.rules = &rules,
	.test_run = dummy_test_run,
};
