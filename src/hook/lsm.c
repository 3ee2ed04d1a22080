/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Security hooks: what programs return decides what a task may do. Which hooks
 * there are and what is special of each is in verify/lsm.def.
 */
#include "hook/attach.h"
#include "hook/btf_ctx.h"
#include "hook/tracing.h"
#include "verify/lsm.h"

/* Hooks whose socket is locked by the caller, or not yet seen by any other. */
static const char *const sockopt_hooks[] = {
	"bpf_lsm_sock_graft",	      "bpf_lsm_inet_csk_clone",	   "bpf_lsm_inet_conn_established",
	"bpf_lsm_socket_post_create", "bpf_lsm_socket_socketpair",
};

static u32 flags_of(const struct verify_env_info *info)
{
	return info->target ? lsm_hook_flags(info->target) : LSM_UNKNOWN;
}

static bool has_helper(const struct verify_env_info *info, const struct helper_proto *proto)
{
	switch (proto->id) {
	case BPF_FUNC_setsockopt:
	case BPF_FUNC_getsockopt:
		return name_in(info->target, sockopt_hooks, ARRAY_SIZE(sockopt_hooks));
	default:
		return true;
	}
}

static bool allows_helper(const struct verify_env_info *info, const struct helper_proto *proto)
{
	switch (proto->id) {
	case BPF_FUNC_d_path:
	case BPF_FUNC_ima_inode_hash:
	case BPF_FUNC_ima_file_hash:
		return flags_of(info) & LSM_SLEEPABLE;
	default:
		return tracing_allows(info, proto);
	}
}

static bool ret_range(const struct verify_env_info *info, struct ret_range *range)
{
	if (info->attach_type == BPF_LSM_CGROUP)
		*range = info->target_void ? (struct ret_range){1, 1} : (struct ret_range){0, 1};
	else if (info->target_void)
		return false;
	else
		*range = lsm_hook_range(info->target);
	return true;
}

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_LSM,
	.name = "lsm",
	.ctx_size = 12 * sizeof(u64),
	.ctx_by_btf = true,
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
	.sleepable = ~ATTACH(LSM_CGROUP),
	.ret_range = ret_range,
	.ret_32bit = true,
	.has_helper = has_helper,
	.allows_helper = allows_helper,
};

/*
 * Linux has no test run of them. Here the program runs on arguments that the
 * caller gives; what it returns is the verdict.
 */
const struct hook hook_lsm = {
	.type = BPF_PROG_TYPE_LSM,
	.name = "lsm",
	.rules = &rules,
	.test_run = btf_ctx_test_run,
	.link = trace_link,
};
