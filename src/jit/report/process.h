/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What profilers and debuggers know one of per process, and not per host: the
 * dump file that perf looks for by the process's number, and the list of code
 * that gdb reads from outside. Safe in threads.
 */
#ifndef ANYBPF_JIT_REPORT_PROCESS_H
#define ANYBPF_JIT_REPORT_PROCESS_H

#include "base/types.h"

/*
 * Appends records to the process's dump file, which gets @header when it is
 * made. 0, or the -errno of the first failure for ever: what follows a gap
 * could not be read.
 */
int process_dump(const char *path, const void *header, size_t header_size, const void *data,
		 size_t size);
/* A number that no other code of the process has in that file. */
u64 process_dump_index(void);

/* gdb's struct jit_code_entry: an object file in memory. */
struct gdb_code {
	struct gdb_code *next, *prev;
	const void *object;
	u64 size;
};

enum gdb_action { GDB_NOTHING, GDB_REGISTER, GDB_UNREGISTER };

struct gdb_descriptor {
	u32 version;
	u32 action; /* enum gdb_action */
	struct gdb_code *relevant, *first;
};

/* What gdb looks for by name; see process.c. */
extern struct gdb_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);

/* From here on gdb knows of it, until it is removed. */
void process_gdb_add(struct gdb_code *code);
void process_gdb_remove(struct gdb_code *code);

#endif
