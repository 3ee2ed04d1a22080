/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events in the life of a cgroup's TCP connections. The context is the one that
 * programs see, filled from the socket before each run.
 */
#include "hook/rules.h"
#include "hook/sock_test.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sock_ops, op, CTX_READ),
	RULE_FIELD(bpf_sock_ops, reply, CTX_READ | CTX_WRITE),
	{.name = "args",
	 .off = offsetof(struct bpf_sock_ops, args[1]),
	 .size = 3 * sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = CTX_READ,
	 .host_off = offsetof(struct bpf_sock_ops, args[1]),
	 .host_size = sizeof(u32)},
	RULE_FIELD(bpf_sock_ops, family, CTX_READ),
	RULE_FIELD(bpf_sock_ops, remote_ip4, CTX_READ),
	RULE_FIELD(bpf_sock_ops, local_ip4, CTX_READ),
	RULE_ARRAY(bpf_sock_ops, remote_ip6, CTX_READ),
	RULE_ARRAY(bpf_sock_ops, local_ip6, CTX_READ),
	RULE_FIELD(bpf_sock_ops, remote_port, CTX_READ),
	RULE_FIELD(bpf_sock_ops, local_port, CTX_READ),
	RULE_FIELD(bpf_sock_ops, is_fullsock, CTX_READ),
	RULE_FIELD(bpf_sock_ops, snd_cwnd, CTX_READ),
	RULE_FIELD(bpf_sock_ops, srtt_us, CTX_READ),
	RULE_FIELD(bpf_sock_ops, bpf_sock_ops_cb_flags, CTX_READ),
	RULE_FIELD(bpf_sock_ops, state, CTX_READ),
	RULE_FIELD(bpf_sock_ops, rtt_min, CTX_READ),
	RULE_FIELD(bpf_sock_ops, snd_ssthresh, CTX_READ),
	RULE_FIELD(bpf_sock_ops, rcv_nxt, CTX_READ),
	RULE_FIELD(bpf_sock_ops, snd_nxt, CTX_READ),
	RULE_FIELD(bpf_sock_ops, snd_una, CTX_READ),
	RULE_FIELD(bpf_sock_ops, mss_cache, CTX_READ),
	RULE_FIELD(bpf_sock_ops, ecn_flags, CTX_READ),
	RULE_FIELD(bpf_sock_ops, rate_delivered, CTX_READ),
	RULE_FIELD(bpf_sock_ops, rate_interval_us, CTX_READ),
	RULE_FIELD(bpf_sock_ops, packets_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, retrans_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, total_retrans, CTX_READ),
	RULE_FIELD(bpf_sock_ops, segs_in, CTX_READ),
	RULE_FIELD(bpf_sock_ops, data_segs_in, CTX_READ),
	RULE_FIELD(bpf_sock_ops, segs_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, data_segs_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, lost_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, sacked_out, CTX_READ),
	RULE_FIELD(bpf_sock_ops, sk_txhash, CTX_READ | CTX_WRITE),
	RULE_FIELD(bpf_sock_ops, bytes_received, CTX_READ),
	RULE_FIELD(bpf_sock_ops, bytes_acked, CTX_READ),
	RULE_FIELD(bpf_sock_ops, sk, CTX_READ, .value = CTX_SOCK_OR_NULL),
	RULE_FIELD(bpf_sock_ops, skb_data, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(bpf_sock_ops, skb_data_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(bpf_sock_ops, skb_len, CTX_READ),
	RULE_FIELD(bpf_sock_ops, skb_tcp_flags, CTX_READ | CTX_NARROW_FIRST),
	RULE_FIELD(bpf_sock_ops, skb_hwtstamp, CTX_READ),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SOCK_OPS,
	.name = "sock_ops",
	.ctx_name = "bpf_sock_ops",
	.ctx_size = sizeof(struct bpf_sock_ops),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

const struct hook hook_sock_ops = {
	.type = BPF_PROG_TYPE_SOCK_OPS,
	.name = "sock_ops",
	.rules = &rules,
	.test_run = sock_ops_test_run,
};
