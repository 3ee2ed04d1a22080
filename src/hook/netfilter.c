/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets on their way through netfilter, as kernel objects. */
#include "hook/rules.h"

struct bpf_nf_ctx {
	u64 state;
	u64 skb;
};

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_nf_ctx, state, CTX_READ, .value = CTX_BTF, .btf = "nf_hook_state"),
	RULE_FIELD(bpf_nf_ctx, skb, CTX_READ, .value = CTX_BTF, .btf = "sk_buff"),
};

/* To drop or to accept. */
static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_NETFILTER,
	.name = "netfilter",
	.ctx_name = "bpf_nf_ctx",
	.ctx_size = sizeof(struct bpf_nf_ctx),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = ATTACH(NETFILTER),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

RULES_ONLY(netfilter, NETFILTER, rules);
