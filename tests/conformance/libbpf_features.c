/* SPDX-License-Identifier: BSD-2-Clause */
/* In a file of its own, because it is libbpf's internal header that tells the features. */
#include <bpf/libbpf_internal.h>

#include "libbpf_features.h"

void probe_features(void)
{
	for (int feature = 0; feature < __FEAT_CNT; feature++)
		feat_supported(NULL, (enum kern_feature_id)feature);
}
