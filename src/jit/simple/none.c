/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine without a code generator. */
#include "jit/simple/target.h"

const struct jit_target *const simple_native = NULL;
