/* SPDX-License-Identifier: BSD-2-Clause */
/* Lightweight tunnels: packets on their way through a route. */
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
	SKB_FIELD_AS(data, CTX_READ, CTX_PACKET),
	SKB_FIELD_AS(data_end, CTX_READ, CTX_PACKET_END),
	SKB_FIELD(napi_id, CTX_READ | CTX_NARROW),
	SKB_FIELD(gso_segs, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(sk, CTX_READ, CTX_SOCK_COMMON_OR_NULL),
	SKB_FIELD(gso_size, CTX_READ | CTX_NARROW),
};

/* Only those that send may write. */
#define LWT_RULES(id, name_, write)                                                                \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##id, .name = name_, .ctx_name = "__sk_buff",                \
		.ctx_size = sizeof(struct __sk_buff), .fields = fields,                            \
		.field_cnt = ARRAY_SIZE(fields), .packet_read = true, .packet_write = write,       \
		.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,                                         \
	}
static const struct prog_rules in_rules = LWT_RULES(LWT_IN, "lwt_in", false);
static const struct prog_rules out_rules = LWT_RULES(LWT_OUT, "lwt_out", false);
static const struct prog_rules xmit_rules = LWT_RULES(LWT_XMIT, "lwt_xmit", true);
static const struct prog_rules seg6local_rules = LWT_RULES(LWT_SEG6LOCAL, "lwt_seg6local", false);

SKB_HOOK(lwt_in, LWT_IN, in_rules);
SKB_HOOK(lwt_out, LWT_OUT, out_rules);
SKB_HOOK(lwt_xmit, LWT_XMIT, xmit_rules);
SKB_HOOK(lwt_seg6local, LWT_SEG6LOCAL, seg6local_rules);
