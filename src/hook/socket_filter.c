/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket filters: how many bytes of a packet a socket shall get. The data
 * cannot be reached through pointers, only copied or loaded the classic way.
 */
#include "hook/skb.h"

static const struct ctx_field fields[] = {
	SKB_FIELD(len, CTX_READ | CTX_NARROW),
	SKB_FIELD(pkt_type, CTX_READ | CTX_NARROW),
	SKB_FIELD(mark, CTX_READ | CTX_NARROW),
	SKB_FIELD(queue_mapping, CTX_READ | CTX_NARROW),
	SKB_FIELD(protocol, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_present, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_tci, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_proto, CTX_READ | CTX_NARROW),
	SKB_FIELD(priority, CTX_READ | CTX_NARROW),
	SKB_FIELD(ingress_ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(tc_index, CTX_READ | CTX_NARROW),
	SKB_FIELD_ARRAY(cb, CTX_READ | CTX_WRITE | CTX_NARROW | CTX_WIDE | CTX_BYTES),
	SKB_FIELD(hash, CTX_READ | CTX_NARROW),
	SKB_FIELD(napi_id, CTX_READ | CTX_NARROW),
	SKB_FIELD(gso_segs, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(sk, CTX_READ, CTX_SOCK_COMMON_OR_NULL),
	SKB_FIELD(gso_size, CTX_READ | CTX_NARROW),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER,
	.name = "socket_filter",
	.ctx_name = "__sk_buff",
	.ctx_size = sizeof(struct __sk_buff),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.legacy_loads = true,
};

const struct hook hook_socket_filter = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER,
	.name = "socket_filter",
	.rules = &rules,
	/* As packet sockets see them: from the Ethernet header on. */
	.run_frames = skb_run_frames,
	.test_run = skb_test_run_l3,
};
