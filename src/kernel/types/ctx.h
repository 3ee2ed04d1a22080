/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs get as their context, by program type, and what the kernel has
 * behind it, where the host has that. A program type without a row here is one
 * that this kernel was built without.
 */
#ifndef ANYBPF_KERNEL_TYPES_CTX_H
#define ANYBPF_KERNEL_TYPES_CTX_H

#include "kernel/types/base.h"
#include "kernel/types/bpf.h"

struct bpf_perf_event_data {
	bpf_user_pt_regs_t regs;
	u64 sample_period;
	u64 addr;
};

struct bpf_raw_tracepoint_args {
	u64 args[0];
};

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

struct bpf_ctx_convert {
	struct __sk_buff BPF_PROG_TYPE_SOCKET_FILTER_prog;
	struct __sk_buff BPF_PROG_TYPE_SCHED_CLS_prog;
	struct __sk_buff BPF_PROG_TYPE_SCHED_ACT_prog;
	struct xdp_md BPF_PROG_TYPE_XDP_prog;
	struct __sk_buff BPF_PROG_TYPE_CGROUP_SKB_prog;
	struct bpf_sock BPF_PROG_TYPE_CGROUP_SOCK_prog;
	struct bpf_sock_addr BPF_PROG_TYPE_CGROUP_SOCK_ADDR_prog;
	struct __sk_buff BPF_PROG_TYPE_LWT_IN_prog;
	struct __sk_buff BPF_PROG_TYPE_LWT_OUT_prog;
	struct __sk_buff BPF_PROG_TYPE_LWT_XMIT_prog;
	struct __sk_buff BPF_PROG_TYPE_LWT_SEG6LOCAL_prog;
	struct bpf_sock_ops BPF_PROG_TYPE_SOCK_OPS_prog;
	struct __sk_buff BPF_PROG_TYPE_SK_SKB_prog;
	struct sk_msg_md BPF_PROG_TYPE_SK_MSG_prog;
	struct __sk_buff BPF_PROG_TYPE_FLOW_DISSECTOR_prog;
	bpf_user_pt_regs_t BPF_PROG_TYPE_KPROBE_prog;
	struct pt_regs BPF_PROG_TYPE_KPROBE_kern;
	u64 BPF_PROG_TYPE_TRACEPOINT_prog;
	u64 BPF_PROG_TYPE_TRACEPOINT_kern;
	struct bpf_perf_event_data BPF_PROG_TYPE_PERF_EVENT_prog;
	struct bpf_raw_tracepoint_args BPF_PROG_TYPE_RAW_TRACEPOINT_prog;
	u64 BPF_PROG_TYPE_RAW_TRACEPOINT_kern;
	struct bpf_raw_tracepoint_args BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE_prog;
	u64 BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE_kern;
	void *BPF_PROG_TYPE_TRACING_prog;
	void *BPF_PROG_TYPE_TRACING_kern;
	struct bpf_cgroup_dev_ctx BPF_PROG_TYPE_CGROUP_DEVICE_prog;
	struct bpf_cgroup_dev_ctx BPF_PROG_TYPE_CGROUP_DEVICE_kern;
	struct bpf_sysctl BPF_PROG_TYPE_CGROUP_SYSCTL_prog;
	struct bpf_sockopt BPF_PROG_TYPE_CGROUP_SOCKOPT_prog;
	struct sk_reuseport_md BPF_PROG_TYPE_SK_REUSEPORT_prog;
	struct bpf_sk_lookup BPF_PROG_TYPE_SK_LOOKUP_prog;
	void *BPF_PROG_TYPE_STRUCT_OPS_prog;
	void *BPF_PROG_TYPE_STRUCT_OPS_kern;
	void *BPF_PROG_TYPE_EXT_prog;
	void *BPF_PROG_TYPE_EXT_kern;
	void *BPF_PROG_TYPE_LSM_prog;
	void *BPF_PROG_TYPE_LSM_kern;
	void *BPF_PROG_TYPE_SYSCALL_prog;
	void *BPF_PROG_TYPE_SYSCALL_kern;
	struct bpf_nf_ctx BPF_PROG_TYPE_NETFILTER_prog;
	struct bpf_nf_ctx BPF_PROG_TYPE_NETFILTER_kern;
};

#endif
