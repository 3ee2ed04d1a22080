/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's small types that the kernel types of several families are made of. */
#ifndef ANYBPF_KERNEL_TYPES_H
#define ANYBPF_KERNEL_TYPES_H

#include "base/types.h"

typedef struct {
	s32 counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

#endif
