/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replacements of another program's global function. The rules are those of
 * the program that is extended; these here hold until it is known.
 */
#include "hook/rules.h"

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_EXT,
	.name = "ext",
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN | HOST_CAP_PERFMON,
	.attach_types = BIT_ULL(0),
};

RULES_ONLY(ext, EXT, rules);
