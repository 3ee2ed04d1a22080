/* SPDX-License-Identifier: BSD-2-Clause */
/* What a section's name says of the programs in it: libbpf's definitions, one row each in
 * sections.def. */
#ifndef ANYBPF_ELF_SECTIONS_H
#define ANYBPF_ELF_SECTIONS_H

#include "isa/uapi.h"

#define SEC_ATTACHABLE	   BIT(0) /* an expected attach type exists */
#define SEC_EXP_ATTACH_OPT BIT(1) /* ... and old kernels may not know it */
#define SEC_ATTACH_BTF	   BIT(2) /* what follows names a BTF type of the target */
#define SEC_SLEEPABLE	   BIT(3)
#define SEC_XDP_FRAGS	   BIT(4)
#define SEC_USDT	   BIT(5)

/* How a name matches: exactly, exactly or followed by '/', or only followed by '/'. */
enum section_match { SEC_EXACT, SEC_OPTIONAL_TARGET, SEC_TARGET };

struct section_def {
	const char *prefix;
	enum section_match match;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	u32 flags;
};

/* NULL when no row matches; @target, which may be NULL, gets what follows the prefix or NULL. */
const struct section_def *section_find(const char *name, const char **target);

#endif
