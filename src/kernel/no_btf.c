/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of the kernel's BTF where there is no clang to make it. */
#include "kernel/btf.h"

const unsigned char kernel_btf_data[] = {0};
const size_t kernel_btf_size = 0;
