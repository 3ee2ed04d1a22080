/* SPDX-License-Identifier: BSD-2-Clause */
/* libbpf finds out what the kernel can do when it first asks; once is enough for all cases. */
#ifndef ANYBPF_CONFORMANCE_LIBBPF_FEATURES_H
#define ANYBPF_CONFORMANCE_LIBBPF_FEATURES_H

/* To be called while privileged: every later case then finds the answers. */
void probe_features(void);

#endif
