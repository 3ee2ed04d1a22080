/* SPDX-License-Identifier: BSD-2-Clause */
/* The BTF of the host's own kernel, made at build time from types/ and protos/. */
#ifndef ANYBPF_KERNEL_BTF_H
#define ANYBPF_KERNEL_BTF_H

#include <stddef.h>

/* Empty where the library was built without clang or Python. */
extern const unsigned char kernel_btf_data[];
extern const size_t kernel_btf_size;

#endif
