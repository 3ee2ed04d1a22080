/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map that perf looks for: `START SIZE name` in hexadecimal, a line per
 * function (tools/perf/Documentation/jit-interface.txt). Lines are only ever
 * added; perf takes the last one that fits an address.
 */
#include <stdio.h>
#include <unistd.h>

#include "jit/report/report.h"

void report_perf_map(const struct prog *prog, const struct jit_image *image)
{
	char path[64], name[JIT_SYMBOL_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "ae");
	if (!file)
		return;
	for (u32 i = 0; i < image->func_cnt; i++) {
		const struct jit_func *func = &image->funcs[i];

		jit_symbol(prog, func->subprog, name);
		fprintf(file, "%lx %x %s\n", (unsigned long)(uintptr_t)(image->code + func->start),
			func->end - func->start, name);
	}
	fclose(file);
}
