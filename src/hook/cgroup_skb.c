/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that go in or out of a cgroup's sockets: the program lets them pass or not. */
#include "hook/cgroup_test.h"
#include "hook/rules.h"
#include "hook/skb.h"

static const struct ctx_field fields[] = {
	SKB_FIELD(len, CTX_READ | CTX_NARROW),
	SKB_FIELD(pkt_type, CTX_READ | CTX_NARROW),
	SKB_FIELD(mark, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(queue_mapping, CTX_READ | CTX_NARROW),
	SKB_FIELD(protocol, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_present, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_tci, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_proto, CTX_READ | CTX_NARROW),
	SKB_FIELD(priority, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(ingress_ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(tc_index, CTX_READ | CTX_NARROW),
	SKB_FIELD_ARRAY(cb, CTX_READ | CTX_WRITE | CTX_BYTES),
	SKB_FIELD(hash, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(data, CTX_READ | CTX_CAP_BPF, CTX_PACKET),
	SKB_FIELD_AS(data_end, CTX_READ | CTX_CAP_BPF, CTX_PACKET_END),
	SKB_FIELD(napi_id, CTX_READ | CTX_NARROW),
	SKB_FIELD(family, CTX_READ | CTX_NARROW),
	SKB_FIELD(remote_ip4, CTX_READ),
	SKB_FIELD(local_ip4, CTX_READ),
	SKB_FIELD_ARRAY(remote_ip6, CTX_READ),
	SKB_FIELD_ARRAY(local_ip6, CTX_READ),
	SKB_FIELD(remote_port, CTX_READ | CTX_NARROW),
	SKB_FIELD(local_port, CTX_READ | CTX_NARROW),
	SKB_FIELD(tstamp, CTX_READ | CTX_WRITE | CTX_WRITE_CAP_BPF),
	SKB_FIELD(gso_segs, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(sk, CTX_READ, CTX_SOCK_COMMON_OR_NULL),
	SKB_FIELD(gso_size, CTX_READ | CTX_NARROW),
	SKB_FIELD(hwtstamp, CTX_READ),
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

GROUP_HOOK(cgroup_skb, CGROUP_SKB, rules, skb_test_run_l3);
