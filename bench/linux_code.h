/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANYBPF_BENCH_LINUX_CODE_H
#define ANYBPF_BENCH_LINUX_CODE_H

#include "load/object.h"

/* The machine code that the kernel made of a program, as a function of this process. */
struct linux_code {
	u64 (*entry)(void *ctx);
	void *pages;
	size_t pages_size;
	/* Its global data: by map of the object, NULL of all other maps. */
	u8 **data;
	const struct anybpf_object *object;
};

/* Bytes of machine code of a program that the kernel has loaded, or 0. */
u32 linux_code_size(const struct anybpf_program *prog);
/*
 * 0, or -EOPNOTSUPP with the reason in @why when the code needs the kernel: it
 * calls helpers, uses maps other than global data, or per-CPU memory.
 */
int linux_code_read(const struct anybpf_program *prog, struct linux_code *code, const char **why);
/* Gives it the contents that its global data has in the kernel now. 0 or -errno. */
int linux_code_fill(struct linux_code *code);
void linux_code_free(struct linux_code *code);

#endif
