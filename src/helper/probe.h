/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading strings at addresses that may be bad. */
#ifndef ANYBPF_HELPER_PROBE_H
#define ANYBPF_HELPER_PROBE_H

#include "helper/functions.h"

/*
 * Copies a string of at most @size bytes with its terminator, which is always
 * written when @size is not 0; nothing behind the string is copied. The
 * length with the terminator, or -EFAULT and then @dst is partly written.
 */
long probe_read_str(const struct environment *env, char *dst, size_t size, u64 addr);

#endif
