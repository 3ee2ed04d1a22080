/* SPDX-License-Identifier: BSD-2-Clause */
/* Which socket of a group that shares a port gets a packet. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(sk_reuseport_md, data, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(sk_reuseport_md, data_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(sk_reuseport_md, len, CTX_READ | CTX_NARROW),
	RULE_FIELD(sk_reuseport_md, eth_protocol, CTX_READ | CTX_NARROW_16),
	RULE_FIELD(sk_reuseport_md, ip_protocol, CTX_READ | CTX_NARROW),
	RULE_FIELD(sk_reuseport_md, bind_inany, CTX_READ | CTX_NARROW),
	RULE_FIELD(sk_reuseport_md, hash, CTX_READ),
	RULE_FIELD(sk_reuseport_md, sk, CTX_READ, .value = CTX_SOCK),
	RULE_FIELD(sk_reuseport_md, migrating_sk, CTX_READ, .value = CTX_SOCK_COMMON_OR_NULL),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_REUSEPORT,
	.name = "sk_reuseport",
	.ctx_name = "sk_reuseport_md",
	.ctx_size = sizeof(struct sk_reuseport_md),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.caps = HOST_CAP_BPF,
	.attach_types = ATTACH(SK_REUSEPORT_SELECT) | ATTACH(SK_REUSEPORT_SELECT_OR_MIGRATE),
	.attach_default = BPF_SK_REUSEPORT_SELECT,
};

RULES_ONLY(sk_reuseport, SK_REUSEPORT, rules);
