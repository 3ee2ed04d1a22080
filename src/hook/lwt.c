/* SPDX-License-Identifier: BSD-2-Clause */
/* Lightweight tunnels: packets on their way through a route. */
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
	RULE_FIELD(__sk_buff, data, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(__sk_buff, data_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(__sk_buff, napi_id, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, gso_segs, CTX_READ | CTX_NARROW),
	RULE_FIELD(__sk_buff, sk, CTX_READ, .value = CTX_SOCK_COMMON_OR_NULL),
	RULE_FIELD(__sk_buff, gso_size, CTX_READ | CTX_NARROW),
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

RULES_ONLY(lwt_in, LWT_IN, in_rules);
RULES_ONLY(lwt_out, LWT_OUT, out_rules);
RULES_ONLY(lwt_xmit, LWT_XMIT, xmit_rules);
RULES_ONLY(lwt_seg6local, LWT_SEG6LOCAL, seg6local_rules);
