/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf compile: programs into a file of machine code, for use without a compiler. */
#include <string.h>

#include "jit/target.h"
#include "tool.h"

struct compile_options {
	struct common common;
	const char *output;
	const char *cpu;
	bool limits;
};

/* Any budget at all makes code that counts; who runs it says how much there is. */
#define SOME_STEPS (1ull << 62)

static int compile(const struct compile_options *opts, struct anybpf *ctx)
{
	struct anybpf_program *program = NULL;
	struct anybpf_object *object;
	bool found = !opts->common.prog;
	int ret = EXIT_FAILED;

	if (open_object(ctx, &opts->common, &object))
		return ret;
	while (opts->common.prog && (program = anybpf_object_next_program(object, program))) {
		bool same = !strcmp(opts->common.prog, anybpf_program_name(program));

		anybpf_program_set_autoload(program, same);
		found |= same;
	}
	if (!found)
		complain("%s: there is no program '%s'", opts->common.file, opts->common.prog);
	else if (anybpf_object_compile(object, opts->output, opts->cpu))
		complain("%s", anybpf_error(ctx));
	else
		ret = EXIT_OK;
	anybpf_object_close(object);
	return ret;
}

/* ---- command line ---- */

static const char options_help[] =
	"  -o, --output OUT  the file to write, a shared object\n"
	"  --prog NAME      compile this program alone\n"
	"  --cpu LIST       for which processors: native (like this one, default), baseline "
	"(all),\n"
	"                   or what they have, with commas (\"list\" names all)\n"
	"  --limits         make executions that can be ended by --max-steps and "
	"--max-time\n" HELP_JIT_PASSES HELP_BTF HELP_CLANG HELP_HELP;

enum { OPT_CPU = 1000, OPT_LIMITS };

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"prog", required_argument, NULL, OPT_PROG},
	{"cpu", required_argument, NULL, OPT_CPU},
	{"limits", no_argument, NULL, OPT_LIMITS},
	{"jit-passes", required_argument, NULL, OPT_JIT_PASSES},
	{"jit-blind", no_argument, NULL, OPT_JIT_BLIND},
	{"btf", required_argument, NULL, OPT_BTF},
	{"clang", required_argument, NULL, OPT_CLANG},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int print_features(void)
{
	u32 here = jit_native ? jit_native->features() : 0;

	for (u32 i = 0; jit_native && i < jit_native->feature_cnt; i++)
		printf("  %-10s %s\n", jit_native->feature_names[i],
		       here >> i & 1 ? "this processor has it" : "");
	return EXIT_OK;
}

static int parse_option(struct compile_options *opts, int option)
{
	switch (option) {
	case 'o':
		opts->output = optarg;
		return EXIT_OK;
	case OPT_CPU:
		opts->cpu = optarg;
		return EXIT_OK;
	case OPT_LIMITS:
		opts->limits = true;
		return EXIT_OK;
	default:
		return parse_common("compile", &opts->common, option);
	}
}

int command_compile(int argc, char **argv)
{
	struct compile_options opts = {0};
	struct anybpf *ctx;
	int option, ret;

	while ((option = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
		if (option == 'h')
			return command_help("compile", options_help);
		ret = parse_option(&opts, option);
		if (ret)
			return ret;
	}
	if (opts.cpu && !strcmp(opts.cpu, "list"))
		return print_features();
	opts.common.file = one_file("compile", argc, argv);
	if (!opts.common.file)
		return EXIT_USAGE;
	if (!opts.output)
		return usage_error("compile", "-o is needed: the file to write");
	ANYBPF_OPTS(anybpf_options, ctx_opts, .jit_passes = opts.common.jit_passes,
		    .vmlinux_btf = opts.common.btf, .jit_blind = opts.common.jit_blind,
		    .max_steps = opts.limits ? SOME_STEPS : 0);
	ret = open_context(&ctx_opts, &ctx);
	if (ret)
		return ret;
	ret = compile(&opts, ctx);
	anybpf_free(ctx);
	return ret;
}
