/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of what processors have: those that a file is for, those that are missing. */
#include <errno.h>
#include <string.h>

#include "jit/aot/file.h"
#include "jit/target.h"

/* Of one name, which ends at @len. */
static u32 feature_bit(const char *name, size_t len)
{
	for (u32 i = 0; i < jit_native->feature_cnt; i++) {
		const char *known = jit_native->feature_names[i];

		if (!strncmp(known, name, len) && !known[len])
			return BIT(i);
	}
	return 0;
}

int aot_features_parse(const char *text, u32 *features, struct err *err)
{
	if (!jit_native)
		return err_set(err, -EOPNOTSUPP, "no JIT compiler for this machine");
	*features = 0;
	if (!strcmp(text, "baseline"))
		return 0;
	if (!strcmp(text, "native")) {
		*features = jit_native->features();
		return 0;
	}
	while (*text) {
		size_t len = strcspn(text, ",");
		u32 bit = feature_bit(text, len);

		if (!bit)
			return err_set(err, -EINVAL, "a %s processor has no '%.*s'",
				       jit_native->name, (int)len, text);
		*features |= bit;
		text += len + (text[len] == ',');
	}
	return 0;
}

const char *aot_missing_feature(const char *features, u32 have, size_t *len)
{
	for (; *features; features += *len) {
		features++; /* the space in front of it */
		*len = strcspn(features, " ");
		if (!(feature_bit(features, *len) & have))
			return features;
	}
	return NULL;
}
