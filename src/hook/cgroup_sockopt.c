/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket options that a cgroup's tasks get and set. The option's value is the packet. */
#include "hook/rules.h"

#define GET ATTACH(CGROUP_GETSOCKOPT)
#define SET ATTACH(CGROUP_SETSOCKOPT)

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sockopt, sk, CTX_READ, .value = CTX_SOCK),
	RULE_FIELD(bpf_sockopt, optval, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(bpf_sockopt, optval_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(bpf_sockopt, level, CTX_READ | CTX_WRITE, .attach_write = SET),
	RULE_FIELD(bpf_sockopt, optname, CTX_READ | CTX_WRITE, .attach_write = SET),
	RULE_FIELD(bpf_sockopt, optlen, CTX_READ | CTX_WRITE),
	RULE_FIELD(bpf_sockopt, retval, CTX_READ | CTX_WRITE, .attach = GET),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SOCKOPT,
	.name = "cgroup_sockopt",
	.ctx_name = "bpf_sockopt",
	.ctx_size = sizeof(struct bpf_sockopt),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.packet_any_helper = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = GET | SET,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

RULES_ONLY(cgroup_sockopt, CGROUP_SOCKOPT, rules);
