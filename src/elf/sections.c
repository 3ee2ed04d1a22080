/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf/sections.h"

#include <string.h>

static const struct section_def defs[] = {
#define SECTION(prefix, match, type, attach_type, flags)                                           \
	{prefix, match, BPF_PROG_TYPE_##type, (enum bpf_attach_type)(attach_type), flags},
#include "elf/sections.def"
#undef SECTION
};

const struct section_def *section_find(const char *name, const char **target)
{
	if (target)
		*target = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++) {
		const struct section_def *def = &defs[i];
		size_t len = strlen(def->prefix);
		const char *rest = name + len;

		if (strncmp(name, def->prefix, len))
			continue;
		if (def->match != SEC_TARGET && !*rest)
			return def;
		if (def->match != SEC_EXACT && *rest == '/') {
			if (target)
				*target = rest + 1;
			return def;
		}
	}
	return NULL;
}
