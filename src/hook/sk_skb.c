/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of sockets in a map: where messages end, and where they go; see hook/sock_data.c. */
#include "hook/rules.h"
#include "hook/skb.h"
#include "hook/sock_test.h"

static const struct ctx_field fields[] = {
	SKB_FIELD(len, CTX_READ | CTX_NARROW),
	SKB_FIELD(pkt_type, CTX_READ | CTX_NARROW),
	SKB_FIELD(queue_mapping, CTX_READ | CTX_NARROW),
	SKB_FIELD(protocol, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_present, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_tci, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_proto, CTX_READ | CTX_NARROW),
	SKB_FIELD(priority, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(ingress_ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(tc_index, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD_ARRAY(cb, CTX_READ | CTX_BYTES),
	SKB_FIELD(hash, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(data, CTX_READ, CTX_PACKET),
	SKB_FIELD_AS(data_end, CTX_READ, CTX_PACKET_END),
	SKB_FIELD(napi_id, CTX_READ | CTX_NARROW),
	SKB_FIELD(family, CTX_READ | CTX_NARROW),
	SKB_FIELD(remote_ip4, CTX_READ),
	SKB_FIELD(local_ip4, CTX_READ),
	SKB_FIELD_ARRAY(remote_ip6, CTX_READ),
	SKB_FIELD_ARRAY(local_ip6, CTX_READ),
	SKB_FIELD(remote_port, CTX_READ | CTX_NARROW),
	SKB_FIELD(local_port, CTX_READ | CTX_NARROW),
	SKB_FIELD(gso_segs, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(sk, CTX_READ, CTX_SOCK_COMMON_OR_NULL),
	SKB_FIELD(gso_size, CTX_READ | CTX_NARROW),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_SKB,
	.name = "sk_skb",
	.ctx_name = "__sk_buff",
	.ctx_size = sizeof(struct __sk_buff),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

static const struct verdict_name verdicts[] = {
	{SK_DROP, "SK_DROP", false},
	{SK_PASS, "SK_PASS", true},
};

const struct hook hook_sk_skb = {
	.type = BPF_PROG_TYPE_SK_SKB,
	.name = "sk_skb",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = SK_DROP,
	.test_run = sk_skb_test_run,
};
