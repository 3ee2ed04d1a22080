/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the subcommands of `anybpf`. */
#ifndef ANYBPF_TOOL_TOOL_H
#define ANYBPF_TOOL_TOOL_H

#include <getopt.h>
#include <stdio.h>

#include <anybpf/anybpf.h>

#include "base/buf.h"
#include "base/err.h"
#include "load/object.h"

/* Exit statuses. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* the input was wrong, or a program was rejected */
	EXIT_USAGE = 2,	 /* the command line was wrong */
};

/* What getopt_long() gives for options without a letter. */
enum {
	OPT_PROG = 256,
	OPT_PCAP,
	OPT_WRITE,
	OPT_IFACE,
	OPT_COUNT,
	OPT_INTERP,
	OPT_REPEAT,
	OPT_JSON,
	OPT_ENGINE,
	OPT_LOG_LEVEL,
	OPT_LLVM,
	OPT_RAW,
	OPT_HEX,
	OPT_CLANG,
	OPT_COLOR,
	OPT_PROFILE,
	OPT_FACTS,
	OPT_COMPLEXITY,
	OPT_JIT_PASSES,
	OPT_JIT_REPORT,
	OPT_JIT_BLIND,
	OPT_MAX_STEPS,
	OPT_MAX_TIME,
	OPT_AOT,
	OPT_BTF,
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *summary;
};

#define COMMAND(name, fn, arguments, summary) int fn(int argc, char **argv);
#include "command.def"
#undef COMMAND

/* "anybpf: " and the text on standard error. */
void complain(const char *fmt, ...) __printf(1, 2);
/* The same with a pointer to the help; EXIT_USAGE. */
int usage_error(const char *command, const char *fmt, ...) __printf(2, 3);
/* "usage: anybpf NAME ARGUMENTS", the summary and then @options on standard output; EXIT_OK. */
int command_help(const char *command, const char *options);

/* Options that several subcommands share. */
struct common {
	const char *file;
	const char *prog;
	const char *clang; /* compiler for .bpf.c files */
	bool json;
	bool interp;
	const char *jit_passes; /* NULL: all */
	const char *jit_report; /* NULL: as the environment says */
	bool jit_blind;
	const char *btf; /* of the kernel that programs are for; NULL: as the library chooses */
	enum anybpf_engine engine;
};

/*
 * Takes what getopt_long() gave if it is one of the shared options. EXIT_OK,
 * or EXIT_USAGE when it is wrong, with the complaint made.
 */
int parse_common(const char *command, struct common *common, int option);
/* The shared options' help lines. */
#define HELP_ENGINE "  --engine ENGINE  user (default), or kernel: this machine's bpf()\n"
#define HELP_BTF    "  --btf FILE       types of the kernel: a file, or host: the user engine's own\n"
#define HELP_CLANG                                                                                 \
	"  --clang CLANG    compiler for .bpf.c files (default: $ANYBPF_CLANG, clang-19 or "       \
	"clang)\n"
#define HELP_JIT_PASSES                                                                            \
	"  --jit-passes LIST  what the compiler does or, after -, leaves out (\"list\" "           \
	"names all)\n"                                                                             \
	"  --jit-blind      the program's numbers do not appear in machine code\n"
#define HELP_JIT_REPORT                                                                            \
	"  --jit-report LIST  who is told of the machine code: perf, gdb, ... (\"list\" "          \
	"names all)\n"
#define HELP_HELP "  --help           print this\n"

/*
 * The one file argument of a subcommand, after getopt has moved it to the
 * end; NULL and a usage error otherwise.
 */
const char *one_file(const char *command, int argc, char **argv);

/* Appends a whole file, or standard input for "-"; 0 or a negative errno. */
int read_file(const char *path, struct buf *out);

/* Without the current folder, under which the compiler recorded it. */
const char *short_path(const char *path);

/*
 * Whether nothing is asked of the kernel's engine that only the user engine
 * does; EXIT_OK or EXIT_USAGE.
 */
int check_engine(const char *command, const struct common *common);

/* anybpf_new() that complains; 0 or EXIT_FAILED. */
int open_context(const struct anybpf_options *opts, struct anybpf **ctx);

/*
 * Opens FILE, a .bpf.o, or a .bpf.c that is compiled first. Complains on
 * failure; 0 or EXIT_FAILED.
 */
int open_object(struct anybpf *ctx, const struct common *common, struct anybpf_object **object);

/*
 * Compiles BPF C to an object in memory; clang's messages go to standard
 * error. 0 or EXIT_FAILED.
 */
int compile_bpf(const char *path, const char *clang, struct buf *object);
/*
 * Whether LIST of --jit-passes is right: EXIT_OK; or "list", which prints the
 * passes and leaves, or a usage error.
 */
int check_jit_passes(const char *command, const char *list);
/* The same for --jit-report. */
int check_jit_report(const char *command, const char *list);
/* Whether the name says that it is C. */
bool is_c_file(const char *path);

#endif
