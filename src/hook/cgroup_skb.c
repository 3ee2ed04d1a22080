/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that go in or out of a cgroup's sockets: the program lets them pass or not. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(__sk_buff, len, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, pkt_type, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, mark, CTX_READ | CTX_WRITE | CTX_NARROW),
	RULE_FIELD(__sk_buff, queue_mapping, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, protocol, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, vlan_present, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, vlan_tci, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, vlan_proto, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, priority, CTX_READ | CTX_WRITE | CTX_NARROW),
	RULE_FIELD(__sk_buff, ingress_ifindex, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, ifindex, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, tc_index, CTX_READ | CTX_NARROW),
	RULE_ARRAY(__sk_buff, cb, CTX_READ | CTX_WRITE | CTX_BYTES),
	RULE_FIELD(__sk_buff, hash, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, data, CTX_READ | CTX_CAP_BPF, .value = CTX_PACKET),
	RULE_FIELD(__sk_buff, data_end, CTX_READ | CTX_CAP_BPF, .value = CTX_PACKET_END),
	RULE_FIELD(__sk_buff, napi_id, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, family, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, remote_ip4, CTX_READ),
	RULE_FIELD(__sk_buff, local_ip4, CTX_READ),
	RULE_ARRAY(__sk_buff, remote_ip6, CTX_READ),
	RULE_ARRAY(__sk_buff, local_ip6, CTX_READ),
	RULE_FIELD(__sk_buff, remote_port, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, local_port, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, tstamp, CTX_READ | CTX_WRITE | CTX_WRITE_CAP_BPF),
	RULE_FIELD(__sk_buff, gso_segs, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, sk, CTX_READ, .value = CTX_SOCK_COMMON_OR_NULL),
	RULE_FIELD(__sk_buff, gso_size, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, hwtstamp, CTX_READ),
};

/* Outgoing packets may also signal congestion. */
static const struct ret_rule rets[] = {
	{ATTACH(CGROUP_INET_EGRESS), {0, 3}},
	RET_BOOL,
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SKB,
	.name = "cgroup_skb",
	.ctx_name = "__sk_buff",
	.ctx_size = sizeof(struct __sk_buff),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.attach_types = ATTACH(CGROUP_INET_INGRESS) | ATTACH(CGROUP_INET_EGRESS),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

RULES_ONLY(cgroup_skb, CGROUP_SKB, rules);
