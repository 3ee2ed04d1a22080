/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of CPUs: room for as many as a host may have. */
#ifndef ANYBPF_KERNEL_TYPES_CPUMASK_H
#define ANYBPF_KERNEL_TYPES_CPUMASK_H

#include "kernel/types/base.h"

struct cpumask {
	unsigned long bits[8192 / 64];
};

typedef struct cpumask cpumask_t;

struct bpf_cpumask {
	cpumask_t cpumask;
	refcount_t usage;

	struct kernel_object host_object;
};

#endif
