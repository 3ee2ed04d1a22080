/* SPDX-License-Identifier: BSD-2-Clause */
/* Static tracepoints: the context is the event's record, behind a word that programs must not see.
 */
#include "hook/rules.h"

/* Linux's PERF_MAX_TRACE_SIZE. */
#define RECORD_MAX 8192

static const struct ctx_field fields[] = {
	RULE_BYTES("record", 8, RECORD_MAX - 8, CTX_READ),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_TRACEPOINT,
	.name = "tracepoint",
	.ctx_name = "__u64",
	.ctx_size = RECORD_MAX,
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_PERFMON,
};

PLAIN_HOOK(tracepoint, TRACEPOINT, rules, plain_test_run);
