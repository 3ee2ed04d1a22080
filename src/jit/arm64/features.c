/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel what the processor can do. */
#include <sys/auxv.h>

#include "jit/arm64/arm64.h"

const char *const a64_feature_names[A64_FEATURE_CNT] = {
#define FEATURE(NAME, text, bit) text,
#include "jit/arm64/features.def"
#undef FEATURE
};

u32 a64_features(void)
{
	unsigned long have = getauxval(AT_HWCAP);
	u32 features = 0;

#define FEATURE(NAME, text, bit)                                                                   \
	if (have >> (bit)&1)                                                                       \
		features |= BIT(A64_##NAME);
#include "jit/arm64/features.def"
#undef FEATURE
	return features;
}
