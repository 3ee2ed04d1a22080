/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes on kernel and user functions: the context is the registers. Uprobe
 * programs are the same, and may sleep.
 */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_BYTES("pt_regs", 0, PT_REGS_SIZE, CTX_READ),
};

static const struct ret_rule rets[] = {
	{ATTACH(TRACE_KPROBE_SESSION), {0, 1}},
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_KPROBE,
	.name = "kprobe",
	.ctx_name = "bpf_user_pt_regs_t",
	.ctx_size = PT_REGS_SIZE,
	.ctx_struct = "pt_regs",
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
	.sleepable = RULE_ANY_ATTACH,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

PLAIN_HOOK(kprobe, KPROBE, rules, plain_test_run);
