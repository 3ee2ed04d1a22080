/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of kernel functions, and which kinds of programs its hooks are. */
#include <string.h>

#include "helper/kfunc_functions.h"

static const struct kfunc_row rows[] = {
#define KFUNC(name_, fn_, hooks_, flags_, only_)                                                   \
	{#name_, KFUNC_##name_, fn_, hooks_, flags_, only_},
#include "helper/kfunc.def"
#undef KFUNC
};

static u32 hook_of(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_XDP:
		return KF_FOR_XDP;
	case BPF_PROG_TYPE_SCHED_CLS:
		return KF_FOR_TC;
	case BPF_PROG_TYPE_STRUCT_OPS:
		return KF_FOR_STRUCT_OPS;
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_LSM:
		return KF_FOR_TRACING;
	case BPF_PROG_TYPE_SYSCALL:
		return KF_FOR_SYSCALL;
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
		return KF_FOR_CGROUP;
	case BPF_PROG_TYPE_SCHED_ACT:
		return KF_FOR_SCHED_ACT;
	case BPF_PROG_TYPE_SK_SKB:
		return KF_FOR_SK_SKB;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return KF_FOR_SOCKET_FILTER;
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL:
		return KF_FOR_LWT;
	case BPF_PROG_TYPE_NETFILTER:
		return KF_FOR_NETFILTER;
	case BPF_PROG_TYPE_KPROBE:
		return KF_FOR_KPROBE;
	default:
		return 0;
	}
}

static bool row_allowed(const struct kfunc_row *row, enum bpf_prog_type type,
			enum bpf_attach_type attach_type)
{
	switch (row->only) {
	case KF_ONLY_LSM:
		return type == BPF_PROG_TYPE_LSM;
	case KF_ONLY_ITER:
		return attach_type == BPF_TRACE_ITER;
	case KF_ONLY_SESSION:
		return attach_type == BPF_TRACE_KPROBE_SESSION;
	default:
		return true;
	}
}

const struct kfunc_row *kfunc_row(const char *name, enum bpf_prog_type type,
				  enum bpf_attach_type attach_type)
{
	u32 hooks = hook_of(type) | KF_FOR_COMMON;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].hooks & hooks && !strcmp(rows[i].name, name))
			return row_allowed(&rows[i], type, attach_type) ? &rows[i] : NULL;
	return NULL;
}

const struct kfunc_row *kfunc_row_by_id(enum kfunc_id id)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows) && id != KFUNC_UNKNOWN; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

enum kfunc_id kfunc_id_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].id;
	return KFUNC_UNKNOWN;
}

bool kfunc_is_fmodret(const char *name, u32 *flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(rows[i].hooks & KF_FOR_FMODRET) || strcmp(rows[i].name, name))
			continue;
		if (flags)
			*flags = rows[i].flags;
		return true;
	}
	return false;
}
