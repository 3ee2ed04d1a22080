/* SPDX-License-Identifier: BSD-2-Clause */
/* Performance counters: registers, and what the event has sampled. */
#include "hook/rules.h"

struct bpf_perf_event_data {
	u64 regs[PT_REGS_SIZE / sizeof(u64)];
	u64 sample_period;
	u64 addr;
};

static const struct ctx_field fields[] = {
	{.name = "regs",
	 .off = 0,
	 .size = PT_REGS_SIZE,
	 .elem = sizeof(u64),
	 .flags = CTX_READ,
	 .host_off = 0,
	 .host_size = sizeof(u64)},
	RULE_FIELD(bpf_perf_event_data, sample_period, CTX_READ | CTX_NARROW),
	RULE_FIELD(bpf_perf_event_data, addr, CTX_READ | CTX_NARROW),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_PERF_EVENT,
	.name = "perf_event",
	.ctx_name = "bpf_perf_event_data",
	.ctx_size = sizeof(struct bpf_perf_event_data),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
};

PLAIN_HOOK(perf_event, PERF_EVENT, rules, plain_test_run);
