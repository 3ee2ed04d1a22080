/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Security hooks: what programs return decides what a task may do. Hooks are
 * told apart by name, with Linux's prefix "bpf_lsm_".
 */
#include <string.h>

#include "hook/tracing.h"

#define MAX_ERRNO 4095

/* Hooks that are called where a task may wait. */
static const char *const sleepable_hooks[] = {
	"bpf",
	"bpf_map",
	"bpf_map_create",
	"bpf_map_free",
	"bpf_prog",
	"bpf_prog_load",
	"bpf_token_create",
	"bpf_token_free",
	"bpf_token_cmd",
	"bpf_token_capable",
	"bprm_check_security",
	"bprm_committed_creds",
	"bprm_committing_creds",
	"bprm_creds_for_exec",
	"bprm_creds_from_file",
	"capget",
	"capset",
	"cred_prepare",
	"file_ioctl",
	"file_lock",
	"file_open",
	"file_post_open",
	"file_receive",
	"inode_create",
	"inode_free_security",
	"inode_getattr",
	"inode_getxattr",
	"inode_mknod",
	"inode_need_killpriv",
	"inode_post_setxattr",
	"inode_readlink",
	"inode_rename",
	"inode_rmdir",
	"inode_setattr",
	"inode_setxattr",
	"inode_symlink",
	"inode_unlink",
	"kernel_module_request",
	"kernel_read_file",
	"kernfs_init_security",
	"path_unlink",
	"path_mkdir",
	"path_rmdir",
	"path_truncate",
	"path_symlink",
	"path_link",
	"path_rename",
	"path_chmod",
	"path_chown",
	"mmap_file",
	"netlink_send",
	"path_notify",
	"release_secctx",
	"sb_alloc_security",
	"sb_eat_lsm_opts",
	"sb_kern_mount",
	"sb_mount",
	"sb_remount",
	"sb_set_mnt_opts",
	"sb_show_options",
	"sb_statfs",
	"sb_umount",
	"settime",
	"socket_accept",
	"socket_bind",
	"socket_connect",
	"socket_create",
	"socket_getpeername",
	"socket_getpeersec_dgram",
	"socket_getsockname",
	"socket_getsockopt",
	"socket_listen",
	"socket_post_create",
	"socket_recvmsg",
	"socket_sendmsg",
	"socket_shutdown",
	"socket_socketpair",
	"syslog",
	"task_alloc",
	"current_getsecid_subj",
	"task_getsecid_obj",
	"task_prctl",
	"task_setscheduler",
	"userns_create",
};

/* Hooks that say yes or no instead of giving an error. */
static const char *const bool_hooks[] = {
	"xfrm_state_pol_flow_match",
	"audit_rule_known",
	"inode_xattr_skipcap",
};

/* Hooks whose socket is locked by the caller, or not yet seen by any other. */
static const char *const sockopt_hooks[] = {
	"sock_graft",	      "inet_csk_clone",	   "inet_conn_established",
	"socket_post_create", "socket_socketpair",
};

static const char *hook_name(const struct verify_env_info *info)
{
	const char *prefix = "bpf_lsm_";

	if (info->target && !strncmp(info->target, prefix, strlen(prefix)))
		return info->target + strlen(prefix);
	return info->target;
}

static bool hook_sleeps(const struct verify_env_info *info)
{
	return name_in(hook_name(info), sleepable_hooks, ARRAY_SIZE(sleepable_hooks));
}

static bool has_helper(const struct verify_env_info *info, const struct helper_proto *proto)
{
	switch (proto->id) {
	case BPF_FUNC_setsockopt:
	case BPF_FUNC_getsockopt:
		return name_in(hook_name(info), sockopt_hooks, ARRAY_SIZE(sockopt_hooks));
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
		return hook_sleeps(info);
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
	else if (name_in(hook_name(info), bool_hooks, ARRAY_SIZE(bool_hooks)))
		*range = (struct ret_range){0, 1};
	else
		*range = (struct ret_range){-MAX_ERRNO, 0};
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
	.target_sleeps = hook_sleeps,
	.ret_range = ret_range,
	.ret_32bit = true,
	.has_helper = has_helper,
	.allows_helper = allows_helper,
};

RULES_ONLY(lsm, LSM, rules);
