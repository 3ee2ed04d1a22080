/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF file around code: a shared object that the system's loader,
 * debuggers and profilers understand. First all sizes must be known, then it
 * is decided where everything stands, then it is written.
 */
#ifndef ANYBPF_JIT_AOT_ELF_H
#define ANYBPF_JIT_AOT_ELF_H

#include "base/buf.h"
#include "base/vec.h"
#include "jit/target.h"

struct aot_symbol {
	u32 name;     /* offset in .names */
	u32 at, size; /* in the code */
};

struct aot_elf {
	const struct jit_target *target;
	const struct mem *mem;
	struct buf text;  /* the code */
	struct buf names; /* of symbols, each with its 0; starts with an empty one */
	VEC(struct aot_symbol) symbols;
	VEC(struct jit_func) funcs; /* of all programs, counting from the start of the code */
	VEC(struct jit_frame) frames;
	struct buf unwind; /* by aot_elf_place() */
	u64 info_size;	   /* of the section .anybpf */
	u64 pool_size;
	/* By aot_elf_place(): offsets in the file, which are addresses as well. */
	u64 hash_at, dynsym_at, dynstr_at, info_at, text_at, unwind_at, dynamic_at, data_end;
	u64 pool_at; /* an address alone */
};

/* 0 or -E2BIG. */
int aot_elf_place(struct aot_elf *elf, struct err *err);
/* Adds the file to @out, which is empty; @info is the section. 0 or -ENOMEM. */
int aot_elf_write(const struct aot_elf *elf, const void *info, struct buf *out);

#endif
