/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "prog/prog.h"

/* The licence texts that Linux takes as compatible with its own (include/linux/license.h). */
static const char *const gpl_licenses[] = {
	"GPL",		"GPL v2",	"GPL and additional rights",
	"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
};

bool license_is_gpl(const char *license)
{
	for (u32 i = 0; i < ARRAY_SIZE(gpl_licenses); i++)
		if (!strcmp(license, gpl_licenses[i]))
			return true;
	return false;
}
