/* SPDX-License-Identifier: BSD-2-Clause */
/* Which socket a new connection or datagram goes to. */
#include "hook/rules.h"

#define PART (CTX_READ | CTX_NARROW)

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sk_lookup, sk, CTX_READ, .value = CTX_SOCK_OR_NULL),
	RULE_FIELD(bpf_sk_lookup, family, PART),
	RULE_FIELD(bpf_sk_lookup, protocol, PART),
	RULE_FIELD(bpf_sk_lookup, remote_ip4, PART),
	RULE_ARRAY(bpf_sk_lookup, remote_ip6, PART),
	/* With the zeros behind it, which were part of it once. */
	{.name = "remote_port",
	 .off = offsetof(struct bpf_sk_lookup, remote_port),
	 .size = sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = PART,
	 .host_off = offsetof(struct bpf_sk_lookup, remote_port),
	 .host_size = sizeof(u32)},
	RULE_FIELD(bpf_sk_lookup, local_ip4, PART),
	RULE_ARRAY(bpf_sk_lookup, local_ip6, PART),
	RULE_FIELD(bpf_sk_lookup, local_port, PART),
	RULE_FIELD(bpf_sk_lookup, ingress_ifindex, PART),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_LOOKUP,
	.name = "sk_lookup",
	.ctx_name = "bpf_sk_lookup",
	.ctx_size = sizeof(struct bpf_sk_lookup),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF,
	.attach_types = ATTACH(SK_LOOKUP),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

RULES_ONLY(sk_lookup, SK_LOOKUP, rules);
