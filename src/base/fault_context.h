/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one thing fault.c needs to know of a machine: where a signal handler's
 * context keeps the program counter and the registers. One file per
 * architecture, chosen by the build.
 */
#ifndef ANYBPF_BASE_FAULT_CONTEXT_H
#define ANYBPF_BASE_FAULT_CONTEXT_H

#include "base/types.h"

#define FAULT_NO_REG 0xff

/* Address of the interrupted instruction; 0 on a machine that has no fault tables. */
uintptr_t fault_context_pc(const void *context);
/* Goes on at @pc with @zero_reg cleared, unless that is FAULT_NO_REG. */
void fault_context_resume(void *context, uintptr_t pc, u8 zero_reg);

#endif
