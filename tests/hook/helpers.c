/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which helpers a program type may call and which need a GPL compatible
 * licence: every id is asked of the kernel with a program of one call. Kernels
 * before 6.12 know less than our rules and are not asked; what newer ones add
 * is listed.
 */
#include <sys/utsname.h>

#include "tap.h"

#include "base/os.h"
#include "btf/btf.h"
#include "helper/asm.h"
#include "helper/kernel.h"
#include "hook/hook.h"

enum answer {
	NOT_FOR_TYPE,
	GPL_ONLY, /* refused to others */
	FOR_ALL,
};

static const char *const answer_names[] = {"not for this type", "GPL only", "for all licences"};

/* Given to more program types by kernels after 6.12. */
static const u32 newer[] = {
	BPF_FUNC_copy_from_user,   BPF_FUNC_copy_from_user_task, BPF_FUNC_current_task_under_cgroup,
	BPF_FUNC_find_vma,	   BPF_FUNC_get_branch_snapshot, BPF_FUNC_get_cgroup_classid,
	BPF_FUNC_get_current_comm, BPF_FUNC_get_current_uid_gid, BPF_FUNC_get_netns_cookie,
	BPF_FUNC_get_task_stack,   BPF_FUNC_perf_event_read,	 BPF_FUNC_perf_event_read_value,
	BPF_FUNC_send_signal,	   BPF_FUNC_send_signal_thread,	 BPF_FUNC_task_storage_delete,
	BPF_FUNC_task_storage_get,
};

/* Given by them to more programs of a type, or by more of its attach types. */
static const struct {
	enum bpf_prog_type type;
	u32 id;
} newer_somewhere[] = {
	{BPF_PROG_TYPE_LWT_SEG6LOCAL, BPF_FUNC_skb_pull_data},
	/* BPF_CGROUP_UNIX_GETPEERNAME and _GETSOCKNAME */
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_setsockopt},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_getsockopt},
};

/* A program type by one of its attach types; the target is a function of the kernel's BTF. */
struct subject {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	bool sleepable;
	const char *target;
};

static const struct subject subjects[] = {
	{BPF_PROG_TYPE_SOCKET_FILTER, 0, false, NULL},
	{BPF_PROG_TYPE_SCHED_CLS, 0, false, NULL},
	{BPF_PROG_TYPE_SCHED_ACT, 0, false, NULL},
	{BPF_PROG_TYPE_XDP, 0, false, NULL},
	{BPF_PROG_TYPE_KPROBE, 0, false, NULL},
	{BPF_PROG_TYPE_KPROBE, 0, true, NULL},
	{BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, false, NULL},
	{BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_SESSION, false, NULL},
	{BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI, false, NULL},
	{BPF_PROG_TYPE_TRACEPOINT, 0, false, NULL},
	{BPF_PROG_TYPE_PERF_EVENT, 0, false, NULL},
	{BPF_PROG_TYPE_RAW_TRACEPOINT, 0, false, NULL},
	{BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, false, NULL},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, false, "bpf_fentry_test1"},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, false, "bpf_iter_task"},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, false, "bpf_iter_tcp"},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, false, "bpf_lsm_file_open"},
	{BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP, false, "bpf_lsm_socket_post_create"},
	{BPF_PROG_TYPE_SYSCALL, 0, true, NULL},
	{BPF_PROG_TYPE_LIRC_MODE2, 0, false, NULL},
	{BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER, false, NULL},
	{BPF_PROG_TYPE_LWT_IN, 0, false, NULL},
	{BPF_PROG_TYPE_LWT_OUT, 0, false, NULL},
	{BPF_PROG_TYPE_LWT_XMIT, 0, false, NULL},
	{BPF_PROG_TYPE_LWT_SEG6LOCAL, 0, false, NULL},
	{BPF_PROG_TYPE_SK_SKB, 0, false, NULL},
	{BPF_PROG_TYPE_SK_MSG, 0, false, NULL},
	{BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, false, NULL},
	{BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT, false, NULL},
	{BPF_PROG_TYPE_FLOW_DISSECTOR, 0, false, NULL},
	{BPF_PROG_TYPE_SOCK_OPS, 0, false, NULL},
	{BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND, false, NULL},
	{BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_CONNECT, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_SENDMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_RECVMSG, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETPEERNAME, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETPEERNAME, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETSOCKNAME, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETSOCKNAME, false, NULL},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETSOCKNAME, false, NULL},
};

static struct btf *vmlinux;

static void read_vmlinux(void)
{
	size_t size;
	void *data;

	if (os_read_file(&mem_libc, "/sys/kernel/btf/vmlinux", &data, &size))
		return;
	if (btf_parse(&mem_libc, data, size, NULL, &vmlinux, NULL, NULL))
		vmlinux = NULL;
	mem_free(&mem_libc, data);
}

static u32 target_id(const struct subject *s)
{
	s32 id = s->target && vmlinux ? btf_find(vmlinux, BTF_KIND_FUNC, s->target) : 0;

	return id > 0 ? (u32)id : 0;
}

static int load(const struct subject *s, const struct bpf_insn *insns, u32 cnt, const char *license,
		char *log, u32 size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = s->type;
	attr.expected_attach_type = s->attach;
	attr.prog_flags = s->sleepable ? BPF_F_SLEEPABLE : 0;
	attr.attach_btf_id = target_id(s);
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64(license);
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = size;
	attr.log_level = 1;
	log[0] = 0;
	return kernel_bpf(BPF_PROG_LOAD, &attr);
}

/* Of programs that must be GPL compatible it cannot be asked which helpers demand it. */
static bool must_be_gpl(const struct subject *s)
{
	return s->type == BPF_PROG_TYPE_LSM;
}

/* The arguments are garbage, so that most calls are refused; the words tell why. */
static enum answer ask_kernel(const struct subject *s, u32 id)
{
	static char log[65536];
	const struct bpf_insn insns[] = {CALL(id), MOV_IMM(0, 0), EXIT()};
	int fd = load(s, insns, ARRAY_SIZE(insns), must_be_gpl(s) ? "GPL" : "proprietary", log,
		      sizeof(log));

	if (fd >= 0)
		close(fd);
	if (strstr(log, "cannot use helper") || strstr(log, "unknown func") ||
	    strstr(log, "invalid func"))
		return NOT_FOR_TYPE;
	return strstr(log, "GPL-restricted") ? GPL_ONLY : FOR_ALL;
}

static enum answer ask_rules(const struct subject *s, u32 caps, u32 id)
{
	const struct verify_env_info info = {
		.type = s->type,
		.attach_type = s->attach,
		.sleepable = s->sleepable,
		.caps = caps,
		.target = s->target,
	};
	const struct helper_proto *proto = rules_helper(hook_find(s->type)->rules, &info, id);

	if (!proto)
		return NOT_FOR_TYPE;
	return proto->flags & HELPER_GPL && !must_be_gpl(s) ? GPL_ONLY : FOR_ALL;
}

/* Whether the kernel takes such programs at all. */
static bool kernel_serves(const struct subject *s)
{
	static char log[65536];

	for (s32 r0 = 0; r0 < 2; r0++) {
		const struct bpf_insn insns[] = {MOV_IMM(0, r0), EXIT()};
		int fd = s->target && !target_id(s)
				 ? -ENOENT
				 : load(s, insns, ARRAY_SIZE(insns), "GPL", log, sizeof(log));

		if (fd < 0)
			continue;
		close(fd);
		return true;
	}
	return false;
}

static bool is_newer(const struct subject *s, u32 id)
{
	for (u32 i = 0; i < ARRAY_SIZE(newer); i++) {
		if (newer[i] == id)
			return true;
	}
	for (u32 i = 0; i < ARRAY_SIZE(newer_somewhere); i++) {
		if (newer_somewhere[i].id == id && newer_somewhere[i].type == s->type)
			return true;
	}
	return false;
}

static bool kernel_knows(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	if (uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return false;
	return (major > 6 || (major == 6 && minor >= 12)) && kernel_usable();
}

/* Other programs need CAP_PERFMON for it. */
static bool needs_perfmon(u32 id)
{
	const struct subject xdp = {.type = BPF_PROG_TYPE_XDP};

	return ask_rules(&xdp, HOST_CAP_ALL, id) != ask_rules(&xdp, HOST_CAP_BPF, id);
}

/* Differences that are no mistake: newer kernels, and what is left out of some. */
static bool is_known(const struct subject *s, u32 caps, u32 id, enum answer here,
		     enum answer kernel)
{
	/* Newer kernels want CAP_PERFMON for what they give to more types, and of syscall programs.
	 */
	if (kernel == NOT_FOR_TYPE && !(caps & HOST_CAP_PERFMON) &&
	    (is_newer(s, id) || (s->type == BPF_PROG_TYPE_SYSCALL && needs_perfmon(id))))
		return true;
	/* By how they are configured or locked down. */
	if (kernel == NOT_FOR_TYPE &&
	    (id == BPF_FUNC_probe_write_user || id == BPF_FUNC_override_return))
		return true;
	return here == NOT_FOR_TYPE && is_newer(s, id);
}

static void compare_all(const struct subject *s, u32 caps)
{
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++) {
		enum answer kernel = ask_kernel(s, id), here = ask_rules(s, caps, id);

		if (kernel != here && !is_known(s, caps, id, here, kernel))
			tap_fail("%s: bpf_%s: %s; the kernel: %s", prog_type_name(s->type),
				 helper_name(id), answer_names[here], answer_names[kernel]);
	}
}

static void test_subject(const struct subject *s)
{
	char name[128];

	snprintf(name, sizeof(name), "helpers of %s, %s%s%s%s", prog_type_name(s->type),
		 attach_type_name(s->attach), s->sleepable ? ", sleepable" : "",
		 s->target ? ", " : "", s->target ? s->target : "");
	tap_begin(name);
	if (!kernel_knows())
		tap_skip("no kernel to ask, or one before 6.12");
	else if (!kernel_serves(s))
		tap_skip("the kernel does not load such programs");
	else
		compare_all(s, HOST_CAP_ALL);
	tap_end();
}

/* ---- with less than all capabilities ---- */

static const struct {
	u32 caps;
	const char *name;
} privileges[] = {
	{HOST_CAP_BPF, "CAP_BPF"},
	{HOST_CAP_BPF | HOST_CAP_NET_ADMIN, "CAP_BPF and CAP_NET_ADMIN"},
	{HOST_CAP_BPF | HOST_CAP_PERFMON, "CAP_BPF and CAP_PERFMON"},
	{HOST_CAP_BPF | HOST_CAP_PERFMON | HOST_CAP_NET_ADMIN, "all but CAP_SYS_ADMIN"},
	{HOST_CAP_NET_ADMIN | HOST_CAP_PERFMON, "all but CAP_BPF"},
};

/* Whether such a program can be loaded, and which helpers it then has. */
static void test_privilege(const struct subject *s, u32 caps)
{
	u32 need = hook_find(s->type)->rules->caps;
	bool served = kernel_serves(s), here = !(need & ~caps);

	/* Kernels refuse all programs without CAP_BPF unless they are told not to. */
	if (!(caps & HOST_CAP_BPF) && !need)
		return;
	if (served != here)
		tap_fail("%s, %s: %s; the kernel: %s", prog_type_name(s->type),
			 attach_type_name(s->attach), here ? "loaded" : "refused",
			 served ? "loaded" : "refused");
	else if (served)
		compare_all(s, caps);
}

static void test_privileges(void)
{
	bool served[ARRAY_SIZE(subjects)];

	for (u32 i = 0; i < ARRAY_SIZE(subjects); i++)
		served[i] = kernel_knows() && kernel_serves(&subjects[i]);
	for (u32 p = 0; p < ARRAY_SIZE(privileges); p++) {
		char name[128];

		snprintf(name, sizeof(name), "every type with %s", privileges[p].name);
		tap_begin(name);
		if (!kernel_knows() || kernel_use_caps(privileges[p].caps))
			tap_skip("no kernel to ask, or no capabilities to drop");
		for (u32 i = 0; !tap.skip && i < ARRAY_SIZE(subjects); i++)
			if (served[i])
				test_privilege(&subjects[i], privileges[p].caps);
		if (kernel_use_caps(HOST_CAP_ALL))
			tap_fail("capabilities are lost");
		tap_end();
	}
}

/* ---- the table itself ---- */

static void test_rows(void)
{
	for (u32 i = 0; i < HELPER_CNT; i++) {
		const struct helper_proto *proto = &helper_protos[i];

		check_str(proto->name, helper_name(proto->id));
		check_eq(helper_id_by_name(proto->name), proto->id);
		check_eq(helper_index(proto), i);
		for (u32 arg = 0; arg < 5; arg++) {
			u32 base = ARG_BASE(proto->arg[arg]);
			bool fixed = proto->arg[arg] & MEM_FIXED_SIZE;

			/* A size follows memory, and memory has a size. */
			if (base == ARG_CONST_SIZE || base == ARG_CONST_SIZE_OR_ZERO)
				check(arg && ARG_BASE(proto->arg[arg - 1]) == ARG_PTR_TO_MEM);
			if (base == ARG_PTR_TO_MEM && !fixed)
				check(arg < 4 &&
				      (ARG_BASE(proto->arg[arg + 1]) == ARG_CONST_SIZE ||
				       ARG_BASE(proto->arg[arg + 1]) == ARG_CONST_SIZE_OR_ZERO));
			check_eq(fixed, proto->arg_size[arg] != 0);
			/* Unused arguments come last. */
			if (arg && base)
				check(proto->arg[arg - 1]);
		}
	}
}

/* In order of ids, every prototype within reach but those of classic BPF, every id for some
 * program. */
static void test_gates(void)
{
	bool reached[HELPER_CNT] = {false}, offered[__BPF_FUNC_MAX_ID] = {false};

	for (u32 i = 0; i < helper_gate_cnt; i++) {
		const struct helper_gate *a = &helper_gates[i];
		u32 id = helper_protos[a->index].id;

		reached[a->index] = true;
		offered[id] = true;
		check(!i || helper_protos[helper_gates[i - 1].index].id <= id);
		/* No program passes two gates of one helper. */
		for (u32 j = 0; j < i; j++) {
			const struct helper_gate *b = &helper_gates[j];

			if (helper_protos[b->index].id != id || !(a->progs & b->progs))
				continue;
			check((a->attach && b->attach && !(a->attach & b->attach)) ||
			      a->when + b->when == HELPER_IF_SLEEPABLE + HELPER_UNLESS_SLEEPABLE);
		}
	}
	for (u32 i = 0; i < HELPER_CNT; i++)
		if (reached[i] != (helper_protos[i].id != BPF_FUNC_unspec))
			tap_fail("who gets the prototype %u (%s)?", i, helper_protos[i].name);
	for (u32 id = 1; id < __BPF_FUNC_MAX_ID; id++)
		if (!offered[id])
			tap_fail("no program has bpf_%s", helper_name(id));
}

/* ---- what depends on the target ---- */

enum target_answer {
	NONE,	   /* no such helper */
	FORBIDDEN, /* "not allowed in probe" */
	MAY_CALL,
};

static const struct {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *target, *ops;
	u32 id;
	enum target_answer want;
} by_target[] = {
#define TCP "tcp_congestion_ops"
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "init", TCP, BPF_FUNC_setsockopt, MAY_CALL},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "release", TCP, BPF_FUNC_setsockopt, NONE},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "release", TCP, BPF_FUNC_getsockopt, NONE},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "release", TCP, BPF_FUNC_tcp_send_ack, MAY_CALL},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "init", TCP, BPF_FUNC_task_storage_get, NONE},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "enqueue", "sched_ext_ops", BPF_FUNC_task_storage_get,
	 MAY_CALL},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "enqueue", "sched_ext_ops", BPF_FUNC_tcp_send_ack, NONE},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "hid_rdesc_fixup", "hid_bpf_ops", BPF_FUNC_ktime_get_ns,
	 MAY_CALL},
	{BPF_PROG_TYPE_STRUCT_OPS, 0, "test_1", "bpf_dummy_ops", BPF_FUNC_ktime_get_ns, NONE},
#undef TCP
	{BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP, "bpf_lsm_socket_post_create", NULL, BPF_FUNC_setsockopt,
	 MAY_CALL},
	{BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP, "bpf_lsm_socket_bind", NULL, BPF_FUNC_setsockopt, NONE},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_socket_post_create", NULL, BPF_FUNC_setsockopt,
	 NONE},
	{BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP, "bpf_lsm_socket_bind", NULL, BPF_FUNC_get_retval,
	 MAY_CALL},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_socket_bind", NULL, BPF_FUNC_get_retval, NONE},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open", NULL, BPF_FUNC_d_path, MAY_CALL},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_capable", NULL, BPF_FUNC_d_path, FORBIDDEN},
	{BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_capable", NULL, BPF_FUNC_ima_file_hash,
	 FORBIDDEN},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_truncate", NULL, BPF_FUNC_d_path, MAY_CALL},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_read", NULL, BPF_FUNC_d_path, FORBIDDEN},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_task", NULL, BPF_FUNC_d_path, MAY_CALL},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_task", NULL, BPF_FUNC_setsockopt, NONE},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_unix", NULL, BPF_FUNC_setsockopt,
	 MAY_CALL},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "tcp_connect", NULL, BPF_FUNC_sk_storage_get,
	 MAY_CALL},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, "bpf_sk_storage_free", NULL,
	 BPF_FUNC_sk_storage_get, FORBIDDEN},
	{BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "bpf_modify_return_test", NULL,
	 BPF_FUNC_sk_storage_get, FORBIDDEN},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "sys_enter", NULL, BPF_FUNC_get_func_arg, NONE},
	{BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, "vfs_read", NULL, BPF_FUNC_get_func_arg, MAY_CALL},
};

static enum target_answer ask_target(const struct prog_rules *rules,
				     const struct verify_env_info *info, u32 id)
{
	const struct helper_proto *proto = rules_helper(rules, info, id);

	if (!proto)
		return NONE;
	if (proto->flags & HELPER_RESTRICTED && !rules->allows_helper(info, proto))
		return FORBIDDEN;
	return MAY_CALL;
}

static void test_targets(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(by_target); i++) {
		const struct verify_env_info info = {
			.type = by_target[i].type,
			.attach_type = by_target[i].attach,
			.caps = HOST_CAP_ALL,
			.target = by_target[i].target,
			.target_struct = by_target[i].ops,
		};
		enum target_answer got =
			ask_target(hook_find(info.type)->rules, &info, by_target[i].id);

		if (got != by_target[i].want)
			tap_fail("%s: bpf_%s: %d, not %d", info.target,
				 helper_name(by_target[i].id), got, by_target[i].want);
	}
}

static const struct {
	enum bpf_attach_type attach;
	const char *target;
	bool is_void;
	s32 min, max;
	bool any; /* value, or none */
} lsm_results[] = {
	{BPF_LSM_MAC, "bpf_lsm_file_open", false, -4095, 0, false},
	{BPF_LSM_MAC, "bpf_lsm_inode_xattr_skipcap", false, 0, 1, false},
	{BPF_LSM_MAC, "bpf_lsm_task_free", true, 0, 0, true},
	{BPF_LSM_CGROUP, "bpf_lsm_socket_bind", false, 0, 1, false},
	{BPF_LSM_CGROUP, "bpf_lsm_sk_free_security", true, 1, 1, false},
};

static void test_lsm_results(void)
{
	const struct prog_rules *rules = hook_find(BPF_PROG_TYPE_LSM)->rules;

	for (u32 i = 0; i < ARRAY_SIZE(lsm_results); i++) {
		const struct verify_env_info info = {
			.type = BPF_PROG_TYPE_LSM,
			.attach_type = lsm_results[i].attach,
			.target = lsm_results[i].target,
			.target_void = lsm_results[i].is_void,
		};
		struct ret_range range = {0, 0};

		check_eq(rules_ret_range(rules, &info, &range), !lsm_results[i].any);
		check_eq(range.min, lsm_results[i].min);
		check_eq(range.max, lsm_results[i].max);
	}
}

static void test_names(void)
{
	check_str(helper_name(BPF_FUNC_map_lookup_elem), "map_lookup_elem");
	check_str(helper_name(BPF_FUNC_cgrp_storage_delete), "cgrp_storage_delete");
	check(!helper_name(212));
	check(!helper_name(UINT32_MAX));
	check_eq(helper_id_by_name("bpf_loop"), BPF_FUNC_loop);
	check_eq(helper_id_by_name("loop"), BPF_FUNC_loop);
	check_eq(helper_id_by_name("no_such"), -1);
	check_eq(helper_id_by_name(""), -1);
}

static void test_hook_names(void)
{
	check(!hook_find(BPF_PROG_TYPE_UNSPEC));
	check(!hook_find((enum bpf_prog_type)1000));
	check_str(hook_find(BPF_PROG_TYPE_SCHED_ACT)->rules->name, "sched_act");
	for (u32 type = 0; type < __MAX_BPF_PROG_TYPE; type++) {
		check(prog_type_name(type));
		if (hook_find(type))
			check_str(hook_find(type)->name, prog_type_name(type));
	}
	check(!prog_type_name(__MAX_BPF_PROG_TYPE));
	for (u32 type = 0; type < __MAX_BPF_ATTACH_TYPE; type++)
		check(attach_type_name(type));
	check(!attach_type_name(__MAX_BPF_ATTACH_TYPE));
	check_str(hook_verdict_name(hook_find(BPF_PROG_TYPE_XDP), XDP_TX), "XDP_TX");
	check_str(hook_verdict_name(hook_find(BPF_PROG_TYPE_SCHED_CLS), (u32)-1), "TC_ACT_UNSPEC");
	check(!hook_verdict_name(hook_find(BPF_PROG_TYPE_XDP), 5));
	check(!hook_verdict_name(hook_find(BPF_PROG_TYPE_SOCKET_FILTER), 0));
}

int main(void)
{
	run_test(test_rows);
	run_test(test_gates);
	run_test(test_targets);
	run_test(test_lsm_results);
	run_test(test_names);
	run_test(test_hook_names);
	read_vmlinux();
	for (u32 i = 0; i < ARRAY_SIZE(subjects); i++)
		test_subject(&subjects[i]);
	test_privileges();
	btf_free(vmlinux);
	return tap_done();
}
