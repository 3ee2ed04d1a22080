/* SPDX-License-Identifier: BSD-2-Clause */
/* JIT compilers: prepared form to machine code. One struct jit_target per architecture. */
#ifndef ANYBPF_JIT_JIT_H
#define ANYBPF_JIT_JIT_H

#include "base/buf.h"
#include "base/err.h"
#include "object/fact.h"
#include "object/prog.h"

struct ir_fn;

/* Steps and passes of the compiler, see pass/pass.def. */
enum jit_pass {
#define STEP(NAME, text, what)	   JIT_PASS_##NAME,
#define PASS(NAME, text, fn, what) JIT_PASS_##NAME,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
	JIT_PASS_CNT
};

#define JIT_PASSES_ALL (BIT_ULL(JIT_PASS_CNT) - 1)

struct jit_options {
	const struct insn_fact *facts; /* one per instruction, or NULL */
	const struct insn_mask *masks; /* likewise: what must be masked against speculation */
	u64 passes;		       /* BIT_ULL(enum jit_pass) */
	u32 features_off;	       /* JIT features of the processor not to be used */
	bool blind;		       /* constants from the program do not appear in the code */
	bool limited;		       /* executions have a budget, see object/budget.h */
	bool aot;		       /* for a file, see unit.h */
	u32 features;		       /* with .aot: of the processor that it is for */
	/* Called with the intermediate form after "build", each pass, "fuel", "lower", "registers".
	 */
	void (*dump)(void *arg, const char *when, const struct ir_fn *fn);
	void *dump_arg;
};

extern const char *const jit_pass_names[JIT_PASS_CNT], *const jit_pass_texts[JIT_PASS_CNT];
/*
 * Reads "all", "none" or a list of names, each with + or - or nothing before
 * it; @passes is changed accordingly. 0 or -EINVAL with the name in @err.
 */
int jit_passes_parse(const char *text, u64 *passes, struct err *err);
/* Whether some program's intermediate form is shown by that name, see struct jit_options. */
bool jit_step_known(const char *name);

/* Who may be told of machine code, see report/report.def. */
enum jit_report {
#define REPORT(NAME, text, add, remove, what) JIT_REPORT_##NAME,
#include "jit/report/report.def"
#undef REPORT
	JIT_REPORT_CNT
};

extern const char *const jit_report_names[JIT_REPORT_CNT], *const jit_report_texts[JIT_REPORT_CNT];
/* Reads names with commas between them, "all" or "none". 0 or -EINVAL with the name in @err. */
int jit_reports_parse(const char *text, u32 *reports, struct err *err);

/* Whether this machine has a code generator. */
bool jit_present(void);

/*
 * Compiles all subprograms; sets prog->jit and each subprog's entry. @options
 * NULL: all passes, no facts. 0, -EOPNOTSUPP (no JIT here, or an instruction
 * that it cannot do), -ENOMEM, -E2BIG, -EACCES or -EPERM (no executable memory
 * is to be had). @err may stay without text. On failure nothing has changed:
 * the interpreter can run the program.
 */
int jit_compile(struct prog *prog, const struct jit_options *options, struct err *err);
/*
 * Compiles a program again that has machine code, with trampolines where it has
 * some now. Waits for executions of the old code, then frees it. As jit_compile().
 */
int jit_compile_again(struct prog *prog, const struct jit_options *options, struct err *err);
void jit_free(struct prog *prog);

/*
 * Runs a subprogram of a compiled program; the value of R0. Fits run->invoke.
 * Entries may also be called directly when run->prog is set.
 */
u64 jit_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);

/* The machine code, for dumps; NULL when not compiled. */
const void *jit_code(const struct prog *prog, size_t *size);
/*
 * By instruction: the offset of the first code that is for it alone, UINT32_MAX
 * where there is none. @n is insn_cnt + 1; the last is the size of the code.
 */
const u32 *jit_insn_offsets(const struct prog *prog, u32 *n);

/* Where the code of a subprogram is; see locate.c for those that are part of others. */
struct jit_range {
	u32 start, size; /* size 0: it has none */
};

/* Of all subprograms, and false, with zeros, when the program is not compiled. */
bool jit_ranges(const struct prog *prog, struct jit_range *ranges);
/*
 * By record of line information: the address of its code; those of a subprogram
 * are in its range and do not go down. 0 or -ENOMEM.
 */
int jit_line_addresses(const struct prog *prog, const struct jit_range *ranges, u64 *addresses);

/* From .address on, code comes from what record .record of line information is about. */
struct jit_code_line {
	u64 address;
	u32 record;
};

/* All of them in the order of the code, also of what is built into others: how many were written.
 */
u32 jit_code_lines(const struct prog *prog, struct jit_code_line *lines, u32 most);

#endif
