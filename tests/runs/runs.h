/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of the programs in this folder: each returns 0, or the number of the first
 * line whose claim does not hold. They are run here by machine code and by the
 * interpreter, and in the kernel where that is possible: what they leave in
 * their global variables must be the same everywhere.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#define MUST(claim)                                                                                \
	do {                                                                                       \
		if (!(claim))                                                                      \
			return __LINE__;                                                           \
	} while (0)

char LICENSE[] SEC("license") = "GPL";
