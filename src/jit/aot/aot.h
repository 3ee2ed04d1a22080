/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ahead of time: programs compiled into a file, an ELF shared object, and
 * programs that get their code from it instead of from the compiler, for where
 * memory may not be made executable (docs/adr/0011-ahead-of-time.md).
 *
 * A program that is loaded is verified all the same; that its code in the file
 * was made from the same instructions, the same facts and the same maps is
 * checked here, and anything else is refused with what differs. What the code
 * does is not checked: the file is trusted as any shared library is.
 */
#ifndef ANYBPF_JIT_AOT_AOT_H
#define ANYBPF_JIT_AOT_AOT_H

#include "jit/jit.h"

/* ---- making a file ---- */

struct aot_writer;

/* For processors that have all of @features, see aot_features_parse(). 0, -ENOMEM, -EOPNOTSUPP. */
int aot_writer_new(const struct mem *mem, u32 features, struct aot_writer **writer);
void aot_writer_free(struct aot_writer *writer);
/*
 * Compiles a program for the file; it does not get that code itself. As
 * jit_compile(); -EOPNOTSUPP also where the code would hold an address.
 */
int aot_writer_add(struct aot_writer *writer, const struct prog *prog,
		   const struct jit_options *options, struct err *err);
/* The bytes of the file, added to @out: 0, -E2BIG, -ENOMEM. */
int aot_writer_finish(struct aot_writer *writer, struct buf *out, struct err *err);

/*
 * "native", what this processor has; "baseline", what all have; or names with
 * commas between. 0 or -EINVAL with the name in @err, or -EOPNOTSUPP.
 */
int aot_features_parse(const char *text, u32 *features, struct err *err);

/* ---- taking code from files ---- */

struct aot_file;

/*
 * Opens a file and checks all of it but its code. 0, -ENOMEM, -ENOEXEC with
 * what is wrong in @err, or why it cannot be read.
 */
int aot_open(const struct mem *mem, const char *path, struct aot_file **file, struct err *err);
/* Puts @file in front of @list: programs are looked for in all files of a list. */
struct aot_file *aot_chain(struct aot_file *file, struct aot_file *list);
/* Closes a list. Programs keep what they have got. */
void aot_close(struct aot_file *list);
/*
 * As jit_compile(), with code of one of the files. -ENOEXEC when none has what
 * fits, with the difference in @err; or why code cannot be mapped.
 */
int aot_load(const struct aot_file *list, struct prog *prog, const struct jit_options *options,
	     struct err *err);

#endif
