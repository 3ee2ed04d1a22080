/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine without a JIT: fault_read() works everywhere, fault tables are never consulted. */
#include "base/fault_context.h"

uintptr_t fault_context_pc(const void *context __unused)
{
	return 0;
}

void fault_context_resume(void *context __unused, uintptr_t pc __unused, u8 zero_reg __unused)
{
}
