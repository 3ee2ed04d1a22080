/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside helper/: the functions behind helper.def, all of one shape, and what
 * their families share. A helper trusts its pointer arguments, which the
 * verifier has checked together with their sizes, and nothing else.
 */
#ifndef ANYBPF_HELPER_FUNCTIONS_H
#define ANYBPF_HELPER_FUNCTIONS_H

#include <errno.h>

#include "helper/helper.h"

/* Defines the function of a row; unused registers need no mention. */
#define DEFINE_HELPER(fn)                                                                          \
	u64 fn(__unused u64 r1, __unused u64 r2, __unused u64 r3, __unused u64 r4,                 \
	       __unused u64 r5, __unused struct run *run)

#define HELPER(symbol, id, fn, ...) DEFINE_HELPER(fn);
#define HELPER_ABSENT(symbol, ...)
#include "helper/helper.def"
#undef HELPER

/* What a program sees of a negative errno: sign-extended. */
static inline u64 helper_error(int error)
{
	return (u64)(s64)error;
}

#endif
