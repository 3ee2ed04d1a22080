/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling profilers and debuggers of machine code that they cannot find in a
 * file. Each way is a file of its own; a host says which it wants
 * (host_jit.report). What cannot be told, because a file cannot be written, is
 * not told: programs run all the same.
 */
#ifndef ANYBPF_JIT_REPORT_REPORT_H
#define ANYBPF_JIT_REPORT_REPORT_H

#include "base/buf.h"
#include "jit/image.h"

/* The symbol of a function as Linux names it: bpf_prog_<tag>_<name>, cut to fit. */
#define JIT_SYMBOL_MAX 192
void jit_symbol(const struct prog *prog, u32 subprog, char name[JIT_SYMBOL_MAX]);

/* Source line of an instruction: file and number; false where the program does not say. */
bool jit_source_line(const struct prog *prog, u32 pc, const char **file, u32 *line);

/* The program has got its code; its functions get the names above. */
void jit_report(const struct prog *prog, const struct jit_image *image);

/* perf_map.c: one line per function in /tmp/perf-PID.map, for perf report without more. */
void report_perf_map(const struct prog *prog, const struct jit_image *image);

#endif
