/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of code that has been read and checked: all offsets and names lead to what is there. */
#ifndef ANYBPF_JIT_AOT_FILE_H
#define ANYBPF_JIT_AOT_FILE_H

#include "jit/aot/aot.h"
#include "jit/aot/format.h"

struct aot_file {
	struct aot_file *next;
	const struct mem *mem;
	char *path;
	int fd;
	u64 size;
	u8 *info; /* the section .anybpf */
	const struct aot_header *header;
	const struct aot_prog *progs;
};

static inline const void *aot_table(const struct aot_file *file, struct aot_range range)
{
	return file->info + range.off;
}

static inline const char *aot_string(const struct aot_file *file, u32 at)
{
	return (const char *)file->info + file->header->strings.off + at;
}

/* features.c: the first of the file's features that is not in @have, with its length, or NULL. */
const char *aot_missing_feature(const char *features, u32 have, size_t *len);

/* load.c: what the pool's entry is in this process, but for the program's own objects. */
bool aot_entry_known(const struct aot_file *file, const struct aot_prog *p,
		     const struct aot_entry *entry);

#endif
