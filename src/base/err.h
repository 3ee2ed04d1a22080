/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An error that a person will read: a negative errno and one line that names
 * the place. Functions that can fail in more ways than an errno tells take a
 * struct err; NULL is allowed where the caller does not want the text.
 */
#ifndef ANYBPF_BASE_ERR_H
#define ANYBPF_BASE_ERR_H

#include "base/types.h"

#define ERR_TEXT 1024

struct err {
	int code; /* negative errno, 0 when nothing failed */
	char text[ERR_TEXT];
};

/* Records @code and the text, cut to fit, and returns @code, for `return err_set(...)`. */
int err_set(struct err *err, int code, const char *fmt, ...) __printf(3, 4);
/* Puts "<prefix>: " before a text that is already there: the file, then the place. */
int err_prefix(struct err *err, const char *fmt, ...) __printf(2, 3);

#endif
