/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel parameter that somebody reads or writes: behind struct bpf_sysctl. */
#ifndef ANYBPF_HELPER_SYSCTL_H
#define ANYBPF_HELPER_SYSCTL_H

#include "isa/uapi_structs.h"

#define SYSCTL_VALUE_MAX 4095u /* a page of Linux, without a terminator */

struct sysctl {
	struct bpf_sysctl view; /* what programs see */
	const char *name;	/* "net/ipv4/tcp_mem"; NULL: none */
	const char *current;	/* its value, or NULL */
	u32 current_len;
	char fresh[SYSCTL_VALUE_MAX + 1]; /* what is being written */
	u32 fresh_len;
};

#endif
