/* SPDX-License-Identifier: BSD-2-Clause */
/* The security hooks of lsm.def: what the verifier and the rules of their programs know of each. */
#ifndef ANYBPF_VERIFY_LSM_H
#define ANYBPF_VERIFY_LSM_H

#include "base/types.h"

#define LSM_DISABLED  BIT(0)
#define LSM_SLEEPABLE BIT(1)
#define LSM_UNTRUSTED BIT(2)
#define LSM_BOOL      BIT(3)
#define LSM_UNKNOWN   BIT(4)

/* LSM_* of the hook behind a function's name ("bpf_lsm_file_open"). */
u32 lsm_hook_flags(const char *func);

#endif
