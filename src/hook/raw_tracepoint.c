/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw tracepoints: the context is the arguments, as numbers. The first one of
 * a writable tracepoint is a buffer that the program may change.
 */
#include "hook/attach.h"
#include "hook/rules.h"

#define ARGS_SIZE (12 * sizeof(u64))

static const struct ctx_field fields[] = {
	RULE_BYTES("args", 0, ARGS_SIZE, CTX_READ),
};

/* The first argument whole, or its bytes without the first: that is what Linux lets programs see.
 */
static const struct ctx_field writable_fields[] = {
	RULE_BYTES("args", 1, 7, CTX_READ),
	{.name = "buffer",
	 .off = 0,
	 .size = sizeof(u64),
	 .elem = sizeof(u64),
	 .flags = CTX_READ,
	 .value = CTX_TP_BUFFER,
	 .host_off = 0,
	 .host_size = sizeof(u64)},
	RULE_BYTES("args", 8, ARGS_SIZE - 8, CTX_READ),
};

#define RAW_RULES(id, name_, table)                                                                \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##id, .name = name_, .ctx_name = "bpf_raw_tracepoint_args",  \
		.ctx_size = ARGS_SIZE, .fields = table, .field_cnt = ARRAY_SIZE(table),            \
		.ctx_plain = true, .caps = HOST_CAP_BPF | HOST_CAP_PERFMON,                        \
	}
static const struct prog_rules rules = RAW_RULES(RAW_TRACEPOINT, "raw_tracepoint", fields);
static const struct prog_rules writable_rules =
	RAW_RULES(RAW_TRACEPOINT_WRITABLE, "raw_tracepoint_writable", writable_fields);

const struct hook hook_raw_tracepoint = {
	.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.name = "raw_tracepoint",
	.rules = &rules,
	.test_run = raw_tp_test_run,
	.link = raw_tp_link,
};

const struct hook hook_raw_tracepoint_writable = {
	.type = BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
	.name = "raw_tracepoint_writable",
	.rules = &writable_rules,
	.test_run = raw_tp_writable_test_run,
	.link = raw_tp_link,
};
