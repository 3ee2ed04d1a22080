/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the processor what it can do. */
#include <cpuid.h>

#include "jit/x86_64/x86_64.h"

const char *const x86_feature_names[X86_FEATURE_CNT] = {
#define FEATURE(NAME, text, leaf, reg, bit) text,
#include "jit/x86_64/features.def"
#undef FEATURE
};

static bool has(u32 leaf, u32 which, u32 bit)
{
	u32 regs[4] = {0};

	/* Sub-leaf 0; leaves that the processor does not have are left at 0. */
	__get_cpuid_count(leaf, 0, &regs[0], &regs[1], &regs[2], &regs[3]);
	return regs[which] >> bit & 1;
}

u32 x86_features(void)
{
	enum { eax, ebx, ecx, edx };
	u32 features = 0;

#define FEATURE(NAME, text, leaf, reg, bit)                                                        \
	if (has(leaf, reg, bit))                                                                   \
		features |= BIT(X86_##NAME);
#include "jit/x86_64/features.def"
#undef FEATURE
	return features;
}
