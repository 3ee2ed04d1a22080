/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that security hooks are given. */
#ifndef ANYBPF_KERNEL_TYPES_LSM_H
#define ANYBPF_KERNEL_TYPES_LSM_H

#include "kernel/types/base.h"

typedef struct {
	union {
		void *kernel;
		void __user *user;
	};
	bool is_kernel : 1;
} sockptr_t;

#endif
