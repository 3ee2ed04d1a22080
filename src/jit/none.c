/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine without a code generator. */
#include "jit/target.h"

const struct jit_target *const jit_native = NULL;
