/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that a task runs itself, on memory that it hands in: loaders. */
#include "hook/tracing.h"

static const struct ctx_field fields[] = {
	RULE_BYTES("memory", 0, CTX_MOST, CTX_READ | CTX_WRITE),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SYSCALL,
	.name = "syscall",
	.ctx_size = CTX_MOST,
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF,
	.attach_types = BIT_ULL(0),
	.sleepable = RULE_ANY_ATTACH,
	.sleepable_only = true,
	.allows_helper = tracing_allows,
};

PLAIN_HOOK(syscall, SYSCALL, rules, syscall_test_run);
