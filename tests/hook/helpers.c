/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which helpers a program type may call and which need a GPL compatible
 * licence: every id is asked of the kernel with a program of one call. Kernels
 * before 6.12 know less than our rules and are not asked; what newer ones add
 * is listed.
 */
#include <sys/utsname.h>

#include "tap.h"

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

static int load(enum bpf_prog_type type, u32 id, const char *license, char *log, u32 size)
{
	struct bpf_insn insns[] = {CALL(id), MOV_IMM(0, 0), EXIT()};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = ptr_to_u64(license);
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = size;
	attr.log_level = 1;
	log[0] = 0;
	return kernel_bpf(BPF_PROG_LOAD, &attr);
}

/* The arguments are garbage, so that most calls are refused; the words tell why. */
static enum answer ask_kernel(enum bpf_prog_type type, u32 id)
{
	static char log[65536];
	int fd = load(type, id, "proprietary", log, sizeof(log));

	if (fd >= 0)
		close(fd);
	if (strstr(log, "cannot use helper") || strstr(log, "unknown func") ||
	    strstr(log, "invalid func"))
		return NOT_FOR_TYPE;
	return strstr(log, "GPL-restricted") ? GPL_ONLY : FOR_ALL;
}

static enum answer ask_rules(const struct prog_rules *rules, u32 id)
{
	const struct helper_proto *proto = rules_helper(rules, id);

	if (!proto)
		return NOT_FOR_TYPE;
	return proto->flags & HELPER_GPL ? GPL_ONLY : FOR_ALL;
}

static bool is_newer(u32 id)
{
	for (u32 i = 0; i < ARRAY_SIZE(newer); i++) {
		if (newer[i] == id)
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

static void test_type(enum bpf_prog_type type)
{
	const struct hook *hook = hook_find(type);
	char name[64];

	snprintf(name, sizeof(name), "helpers of %s", hook->name);
	tap_begin(name);
	if (!kernel_knows())
		tap_skip("no kernel to ask, or one before 6.12");
	for (u32 id = 1; !tap.skip && id < __BPF_FUNC_MAX_ID; id++) {
		enum answer kernel = ask_kernel(type, id), here = ask_rules(hook->rules, id);

		if (kernel != here && !(here == NOT_FOR_TYPE && is_newer(id)))
			tap_fail("bpf_%s: %s; the kernel: %s", helper_name(id), answer_names[here],
				 answer_names[kernel]);
	}
	tap_end();
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
	run_test(test_names);
	run_test(test_hook_names);
	test_type(BPF_PROG_TYPE_SOCKET_FILTER);
	test_type(BPF_PROG_TYPE_SCHED_CLS);
	test_type(BPF_PROG_TYPE_SCHED_ACT);
	test_type(BPF_PROG_TYPE_XDP);
	return tap_done();
}
