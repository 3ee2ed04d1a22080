/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that a cgroup's tasks may open or make. */
#include "hook/cgroup_test.h"
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_cgroup_dev_ctx, access_type, CTX_READ | CTX_NARROW),
	RULE_FIELD(bpf_cgroup_dev_ctx, major, CTX_READ),
	RULE_FIELD(bpf_cgroup_dev_ctx, minor, CTX_READ),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_DEVICE,
	.name = "cgroup_device",
	.ctx_name = "bpf_cgroup_dev_ctx",
	.ctx_size = sizeof(struct bpf_cgroup_dev_ctx),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

GROUP_HOOK(cgroup_device, CGROUP_DEVICE, rules, plain_test_run);
