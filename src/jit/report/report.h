/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telling profilers and debuggers of machine code that they cannot find in a
 * file. Each way is a row of report.def and a file of its own; a host says
 * which it wants (host_jit.report). What cannot be told, because a file cannot
 * be written or memory is short, fails no program: host_jit.warn hears of it.
 */
#ifndef ANYBPF_JIT_REPORT_REPORT_H
#define ANYBPF_JIT_REPORT_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "jit/image.h"

/*
 * The program has got its code: 0, or a negative errno and why in @err. *@own
 * is the report's until the code goes; it is NULL at first.
 */
#define REPORT(NAME, text, add, remove, what)                                                      \
	int add(const struct prog *prog, const struct jit_image *image, void **own,                \
		struct err *err);
#include "jit/report/report.def"
#undef REPORT

/* While code is written: leaves room behind the last function for what a dump has there. */
void jitdump_leave_room(struct jit_code *code);
/* Before the code goes: takes *@own back. */
void gdb_remove(const struct prog *prog, void *own);
void unwind_remove(const struct prog *prog, void *own);

/* All that the host wants are told; @image is the program's. */
void jit_report(const struct prog *prog, struct jit_image *image);
/* Before the code goes. */
void jit_report_end(const struct prog *prog, struct jit_image *image);

/* The symbol of a function as Linux names it: bpf_prog_<tag>_<name>, cut to fit. */
#define JIT_SYMBOL_MAX 192
void jit_symbol(const struct prog *prog, u32 subprog, char name[JIT_SYMBOL_MAX]);
/* The name of a function as its source has it; NULL where the program does not say. */
const char *jit_function_name(const struct prog *prog, u32 subprog);

/* From .offset of the code on, code comes from line .line of file .file. */
struct jit_source {
	u32 offset;
	u32 line, column;
	const char *file;
};

/* Where the lines of a function change, the first at its start; none without line information. */
struct jit_sources {
	VEC(struct jit_source) at;
};

/* 0 or -ENOMEM; freed by vec_free(&sources->at, mem). */
int jit_sources(const struct prog *prog, const struct jit_image *image, const struct jit_func *func,
		struct jit_sources *sources);

#endif
