/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel parameters that a cgroup's tasks read and write. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sysctl, write, CTX_READ | CTX_NARROW),
	RULE_FIELD(bpf_sysctl, file_pos, CTX_READ | CTX_WRITE | CTX_NARROW),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SYSCTL,
	.name = "cgroup_sysctl",
	.ctx_name = "bpf_sysctl",
	.ctx_size = sizeof(struct bpf_sysctl),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

PLAIN_HOOK(cgroup_sysctl, CGROUP_SYSCTL, rules, plain_test_run);
