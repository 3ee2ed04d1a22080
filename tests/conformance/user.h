/* SPDX-License-Identifier: BSD-2-Clause */
/* The user engine, for a file that includes libbpf's headers and so cannot include ours. */
#ifndef ANYBPF_CONFORMANCE_USER_H
#define ANYBPF_CONFORMANCE_USER_H

#include <stdbool.h>

/* 0 or a negative errno. @btf: a file with the kernel's BTF. */
int user_open(const char *btf);
void user_drop_privileges(void);
/* As the system call: results or a negative errno. Handles, not descriptors. */
int user_bpf(int cmd, void *attr, unsigned int size);
void user_close(int handle);

#endif
