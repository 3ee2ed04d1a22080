/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs around kernel functions and of iterators, whose arguments BTF
 * describes; where some of their helpers may be used.
 */
#include <string.h>

#include "hook/attach.h"
#include "hook/tracing.h"

/* Functions that may hold no lock that a path's name would need. */
static const char *const path_functions[] = {
	"security_file_permission",
	"security_inode_getattr",
	"security_file_open",
	"security_path_truncate",
	"vfs_truncate",
	"vfs_fallocate",
	"dentry_open",
	"vfs_getattr",
	"filp_close",
};

bool name_in(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* A program on the functions of socket storage would call itself. */
static bool storage_allowed(const struct verify_env_info *info)
{
	if (info->target_is_prog)
		return false;
	switch (info->attach_type) {
	case BPF_TRACE_ITER:
	case BPF_TRACE_RAW_TP:
		return true;
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
		return info->target && strncmp(info->target, "bpf_sk_storage", 14);
	default:
		return false;
	}
}

bool tracing_allows(const struct verify_env_info *info, const struct helper_proto *proto)
{
	switch (proto->id) {
	case BPF_FUNC_d_path:
		if (info->type == BPF_PROG_TYPE_TRACING && info->attach_type == BPF_TRACE_ITER)
			return true;
		return name_in(info->target, path_functions, ARRAY_SIZE(path_functions));
	case BPF_FUNC_sk_storage_get:
	case BPF_FUNC_sk_storage_delete:
		return storage_allowed(info);
	default:
		return false;
	}
}

/* Of iterators, those over sockets that are locked while the program runs. */
static bool has_helper(const struct verify_env_info *info, const struct helper_proto *proto)
{
	static const char *const socket_iterators[] = {"bpf_iter_tcp", "bpf_iter_unix"};

	switch (proto->id) {
	case BPF_FUNC_setsockopt:
	case BPF_FUNC_getsockopt:
		return name_in(info->target, socket_iterators, ARRAY_SIZE(socket_iterators));
	default:
		return true;
	}
}

static const struct ret_rule rets[] = {
	{ATTACH(TRACE_FENTRY) | ATTACH(TRACE_FEXIT), {0, 0}},
	{ATTACH(TRACE_ITER), {0, 1}},
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_TRACING,
	.name = "tracing",
	.ctx_size = 12 * sizeof(u64),
	.ctx_by_btf = true,
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
	.sleepable = ATTACH(TRACE_FENTRY) | ATTACH(TRACE_FEXIT) | ATTACH(MODIFY_RETURN) |
		     ATTACH(TRACE_ITER),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
	.has_helper = has_helper,
	.allows_helper = tracing_allows,
};

const struct hook hook_tracing = {
	.type = BPF_PROG_TYPE_TRACING,
	.name = "tracing",
	.rules = &rules,
	.test_run = trace_test_run,
	.link = trace_link,
};
