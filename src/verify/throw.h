/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and the callback that they end in. */
#ifndef ANYBPF_VERIFY_THROW_H
#define ANYBPF_VERIFY_THROW_H

#include "verify/verifier.h"

/* The first instruction of the callback that the main function names in a tag; 0: none. */
int find_exception_callback(struct verifier *v, u32 *start);
/* It gets one number. */
int check_exception_args(struct verifier *v, u32 subprog);

#endif
