/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that stand for the members of a kernel structure of functions. The
 * structure decides which helpers there are.
 */
#include <string.h>

#include "hook/rules.h"

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

RULES_ONLY(struct_ops, STRUCT_OPS, rules);
