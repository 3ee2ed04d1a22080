/* SPDX-License-Identifier: BSD-2-Clause */
/* The anybpf command: finds the subcommand, prints help. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jit/jit.h"
#include "tool.h"

static const struct command commands[] = {
#define COMMAND(name, fn, arguments, summary) {#name, fn, arguments, summary},
#include "command.def"
#undef COMMAND
};

void complain(const char *fmt, ...)
{
	va_list args;

	fputs("anybpf: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

int usage_error(const char *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "anybpf %s: ", command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nTry 'anybpf %s --help'.\n", command);
	return EXIT_USAGE;
}

static const struct command *find_command(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int command_help(const char *name, const char *options)
{
	const struct command *command = find_command(name);

	printf("usage: anybpf %s [OPTION...] %s\n\n", name, command->arguments);
	printf("%c%s.\n\noptions:\n%s", command->summary[0] - 'a' + 'A', command->summary + 1,
	       options);
	return EXIT_OK;
}

static bool parse_engine(const char *text, enum anybpf_engine *engine)
{
	if (!strcmp(text, "user"))
		*engine = ANYBPF_ENGINE_USER;
	else if (!strcmp(text, "kernel"))
		*engine = ANYBPF_ENGINE_KERNEL;
	else
		return false;
	return true;
}

int check_jit_passes(const char *command, const char *list)
{
	u64 passes = JIT_PASSES_ALL;
	struct err err;

	if (!strcmp(list, "list")) {
		for (u32 i = 0; i < JIT_PASS_CNT; i++)
			printf("  %-10s %s\n", jit_pass_names[i], jit_pass_texts[i]);
		exit(EXIT_OK);
	}
	if (jit_passes_parse(list, &passes, &err))
		return usage_error(command, "%s", err.text);
	return EXIT_OK;
}

int check_jit_report(const char *command, const char *list)
{
	u32 reports;
	struct err err;

	if (!strcmp(list, "list")) {
		for (u32 i = 0; i < JIT_REPORT_CNT; i++)
			printf("  %-10s %s\n", jit_report_names[i], jit_report_texts[i]);
		exit(EXIT_OK);
	}
	if (jit_reports_parse(list, &reports, &err))
		return usage_error(command, "%s", err.text);
	return EXIT_OK;
}

int parse_common(const char *command, struct common *common, int option)
{
	switch (option) {
	case OPT_PROG:
		common->prog = optarg;
		return EXIT_OK;
	case OPT_JIT_PASSES:
		common->jit_passes = optarg;
		return check_jit_passes(command, optarg);
	case OPT_JIT_REPORT:
		common->jit_report = optarg;
		return check_jit_report(command, optarg);
	case OPT_JIT_BLIND:
		common->jit_blind = true;
		return EXIT_OK;
	case OPT_INTERP:
		common->interp = true;
		return EXIT_OK;
	case OPT_BTF:
		common->btf = optarg;
		return EXIT_OK;
	case OPT_CLANG:
		common->clang = optarg;
		return EXIT_OK;
	case OPT_JSON:
		common->json = true;
		return EXIT_OK;
	case OPT_ENGINE:
		if (!parse_engine(optarg, &common->engine))
			return usage_error(command, "unknown engine '%s' (user or kernel)", optarg);
		return EXIT_OK;
	default: /* getopt has said what is wrong */
		fprintf(stderr, "Try 'anybpf %s --help'.\n", command);
		return EXIT_USAGE;
	}
}

int check_engine(const char *command, const struct common *common)
{
	const char *option = common->interp	  ? "--interp"
			     : common->jit_passes ? "--jit-passes"
			     : common->jit_blind  ? "--jit-blind"
			     : common->jit_report ? "--jit-report"
			     : common->btf	  ? "--btf"
						  : NULL;

	if (common->engine == ANYBPF_ENGINE_KERNEL && option)
		return usage_error(command, "%s is for the user engine", option);
	return EXIT_OK;
}

const char *one_file(const char *command, int argc, char **argv)
{
	if (optind == argc)
		usage_error(command, "a file is needed");
	else if (optind + 1 < argc)
		usage_error(command, "unexpected argument '%s'", argv[optind + 1]);
	else
		return argv[optind];
	return NULL;
}

int read_file(const char *path, struct buf *out)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	char part[65536];
	size_t n;
	int err;

	if (!file)
		return -errno;
	while ((n = fread(part, 1, sizeof(part), file)))
		buf_add(out, part, n);
	err = ferror(file) ? -EIO : buf_error(out);
	if (file != stdin)
		fclose(file);
	return err;
}

int open_context(const struct anybpf_options *opts, struct anybpf **ctx)
{
	int err = anybpf_new(opts, ctx);
	if (!err)
		return EXIT_OK;
	complain("the %s engine is not available: %s",
		 opts->engine == ANYBPF_ENGINE_KERNEL ? "kernel" : "user", strerror(-err));
	return EXIT_FAILED;
}

int open_object(struct anybpf *ctx, const struct common *common, struct anybpf_object **object)
{
	struct buf compiled;
	int err;

	if (!is_c_file(common->file)) {
		err = anybpf_object_open(ctx, common->file, object);
	} else {
		buf_init(&compiled, &mem_libc);
		if (compile_bpf(common->file, common->clang, &compiled)) {
			buf_free(&compiled);
			return EXIT_FAILED;
		}
		err = anybpf_object_open_mem(ctx, compiled.data, compiled.len, common->file,
					     object);
		buf_free(&compiled);
	}
	if (!err)
		return EXIT_OK;
	complain("%s", anybpf_error(ctx));
	return EXIT_FAILED;
}

static void print_help(FILE *to)
{
	fputs("usage: anybpf COMMAND [ARGUMENT...]\n"
	      "       anybpf --help | --version\n"
	      "\n"
	      "Linux eBPF in user space.\n"
	      "\n"
	      "commands:\n",
	      to);
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'anybpf COMMAND --help' tells the options of a command.\n", to);
}

const char *short_path(const char *path)
{
	static char folder[PATH_MAX];
	size_t len;

	if (!folder[0] && !getcwd(folder, sizeof(folder)))
		return path;
	len = strlen(folder);
	return !strncmp(path, folder, len) && path[len] == '/' ? path + len + 1 : path;
}

/* `anybpf help run` is `anybpf run --help`. */
static int help_command(int argc, char **argv)
{
	char option[] = "--help";
	char *help[] = {argv[0], option, NULL};
	const struct command *command;

	if (argc < 2) {
		print_help(stdout);
		return EXIT_OK;
	}
	command = find_command(argv[1]);
	if (!command)
		return usage_error("help", "unknown command '%s'", argv[1]);
	return command->run(2, help);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("anybpf %s\n", anybpf_version());
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "help"))
		return help_command(argc - 1, argv + 1);
	command = find_command(argv[1]);
	if (!command) {
		complain("unknown command '%s'\nTry 'anybpf --help'.", argv[1]);
		return EXIT_USAGE;
	}
	return command->run(argc - 1, argv + 1);
}
