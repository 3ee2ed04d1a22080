/* SPDX-License-Identifier: BSD-2-Clause */
/* The security hooks of Linux that programs attach to: lsm.def. */
#ifndef ANYBPF_VERIFY_LSM_H
#define ANYBPF_VERIFY_LSM_H

#include "verify/rules.h"

#define LSM_DISABLED  BIT(0)
#define LSM_SLEEPABLE BIT(1)
#define LSM_UNTRUSTED BIT(2)
#define LSM_BOOL      BIT(3)
#define LSM_UNKNOWN   BIT(4) /* there is no such hook */

/* LSM_* of the hook behind a function's name ("bpf_lsm_file_open"), which may be NULL. */
u32 lsm_hook_flags(const char *func);
/* What the hook, one that returns something, may return. */
struct ret_range lsm_hook_range(const char *func);

#endif
