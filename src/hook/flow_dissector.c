/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow dissectors: from a packet to its keys. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(__sk_buff, data, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(__sk_buff, data_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(__sk_buff, flow_keys, CTX_READ, .value = CTX_FLOW_KEYS),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_FLOW_DISSECTOR,
	.name = "flow_dissector",
	.ctx_name = "__sk_buff",
	.ctx_size = sizeof(struct __sk_buff),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

RULES_ONLY(flow_dissector, FLOW_DISSECTOR, rules);
