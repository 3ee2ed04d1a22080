/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that sockets in a map send. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(sk_msg_md, data, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(sk_msg_md, data_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(sk_msg_md, family, CTX_READ),
	RULE_FIELD(sk_msg_md, remote_ip4, CTX_READ),
	RULE_FIELD(sk_msg_md, local_ip4, CTX_READ),
	RULE_ARRAY(sk_msg_md, remote_ip6, CTX_READ),
	RULE_ARRAY(sk_msg_md, local_ip6, CTX_READ),
	RULE_FIELD(sk_msg_md, remote_port, CTX_READ),
	RULE_FIELD(sk_msg_md, local_port, CTX_READ),
	RULE_FIELD(sk_msg_md, size, CTX_READ),
	RULE_FIELD(sk_msg_md, sk, CTX_READ, .value = CTX_SOCK),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_MSG,
	.name = "sk_msg",
	.ctx_name = "sk_msg_md",
	.ctx_size = sizeof(struct sk_msg_md),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

RULES_ONLY(sk_msg, SK_MSG, rules);
