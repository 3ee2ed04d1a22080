/* SPDX-License-Identifier: BSD-2-Clause */
/* Infrared receivers: from pulses and spaces to keys. */
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	{.name = "sample",
	 .off = 0,
	 .size = sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = CTX_READ,
	 .host_off = 0,
	 .host_size = sizeof(u32)},
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_LIRC_MODE2,
	.name = "lirc_mode2",
	.ctx_name = "__u32",
	.ctx_size = sizeof(u32),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.optional = true,
	.caps = HOST_CAP_BPF,
};

PLAIN_HOOK(lirc_mode2, LIRC_MODE2, rules, plain_test_run);
