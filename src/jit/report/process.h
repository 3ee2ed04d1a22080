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

#endif
