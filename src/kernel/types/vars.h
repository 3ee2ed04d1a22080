/* SPDX-License-Identifier: BSD-2-Clause */
/* What variables of the kernel hold. */
#ifndef ANYBPF_KERNEL_TYPES_VARS_H
#define ANYBPF_KERNEL_TYPES_VARS_H

#include "kernel/types/base.h"

/* A CPU's queue of tasks, which are not the host's to schedule. */
struct rq {
	unsigned int nr_running;
	u64 nr_switches;
	int cpu;
	int online;
};

#endif
