/* SPDX-License-Identifier: BSD-2-Clause */
/* What struct_ops.def knows of members of structures of functions. */
#ifndef ANYBPF_VERIFY_STRUCT_OPS_H
#define ANYBPF_VERIFY_STRUCT_OPS_H

#include "base/types.h"

/* Whether argument @arg of the member may be NULL. */
bool struct_ops_nullable(const char *ops, const char *member, u32 arg);

#endif
