/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf verify: the verdict on each program, and why one is rejected. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify.h"

/* ---- one program ---- */

/* A log of level 1 has the path to the rejection; the statistics are in any. */
int verdict_init(struct verdict *v, const struct verify_options *opts,
		 const struct anybpf_program *program, struct sources *sources)
{
	const struct spec *spec = program->object->spec;

	*v = (struct verdict){
		.opts = opts,
		.program = program,
		.rejected = program->load_error,
		.result = program->result && program->result->costs ? program->result : NULL,
		.input =
			{
				.mem = &mem_libc,
				.log = anybpf_program_log(program),
				.type = program->type ? prog_type_name(program->type) : NULL,
				.license = spec->license,
				.insns = program->insns,
				.insn_cnt = program->insn_cnt,
				.btf = spec->btf,
				.func_info = program->func_info,
				.func_info_cnt = program->func_info_cnt,
				.line_info = program->line_info,
				.line_info_cnt = program->line_info_cnt,
				.source_line = sources_line,
				.arg = sources,
			},
	};
	/* what a verifier has not even seen says so in the context's error */
	if (v->rejected)
		v->input.message = anybpf_error(program->object->ctx);
	return explain(&v->input, &v->explanation);
}

void verdict_free(struct verdict *v)
{
	explanation_free(&v->explanation);
}

/* Nothing is proven of a program that was rejected. */
bool shows_facts(const struct verdict *v)
{
	return v->opts->facts && v->result && v->result->facts && !v->rejected;
}

bool shows_complexity(const struct verdict *v)
{
	bool limit = v->rejected && !strcmp(v->explanation.id, "too-complex");

	return (v->opts->complexity || limit) && v->result;
}

static int report(const struct verify_options *opts, const struct anybpf_program *program,
		  struct sources *sources, struct json *json)
{
	struct verdict v;
	struct buf text;
	bool failed;
	int err = verdict_init(&v, opts, program, sources);

	if (err) {
		complain("%s: %s", anybpf_program_name(program), strerror(-err));
		return EXIT_FAILED;
	}
	if (opts->common.json) {
		verdict_json(&v, json);
	} else {
		buf_init(&text, &mem_libc);
		verdict_text(&v, &text);
		fputs(buf_str(&text), stdout);
		buf_free(&text);
	}
	failed = v.rejected || needs_newer(&v);
	verdict_free(&v);
	return failed ? EXIT_FAILED : EXIT_OK;
}

static bool wanted(const struct verify_options *opts, const struct anybpf_program *program)
{
	return !opts->common.prog || !strcmp(opts->common.prog, anybpf_program_name(program));
}

static int verify_all(const struct verify_options *opts, struct anybpf *ctx,
		      struct anybpf_object *object, struct json *json)
{
	struct verify_result result = {0};
	struct sources sources = {0};
	struct anybpf_program *p = NULL;
	int ret = EXIT_OK;
	u32 n = 0;

	if (object_prepare(object)) {
		complain("%s", anybpf_error(ctx));
		return EXIT_FAILED;
	}
	if (opts->profile && profile_apply(opts->profile, object))
		return EXIT_FAILED;
	while ((p = anybpf_object_next_program(object, p))) {
		if (!wanted(opts, p))
			continue;
		n++;
		p->result = &result;
		if (object_load_program(p, opts->log_level))
			ret = EXIT_FAILED;
		if (opts->raw)
			printf("%s", anybpf_program_log(p));
		else if (report(opts, p, &sources, json))
			ret = EXIT_FAILED;
		verify_result_free(&result);
		p->result = NULL;
	}
	sources_free(&sources);
	if (n)
		return ret;
	if (opts->common.prog)
		complain("%s: there is no program '%s'", opts->common.file, opts->common.prog);
	else
		complain("%s: there are no programs", opts->common.file);
	return EXIT_FAILED;
}

static int verify_object(const struct verify_options *opts, struct anybpf *ctx)
{
	struct anybpf_object *object;
	struct buf out;
	struct json json = {.out = &out};
	int ret = open_object(ctx, &opts->common, &object);

	if (ret)
		return ret;
	buf_init(&out, &mem_libc);
	json_open(&json, NULL, '{');
	json_string(&json, "file", opts->common.file);
	json_open(&json, "programs", '[');
	ret = verify_all(opts, ctx, object, &json);
	json_close(&json, ']');
	json_close(&json, '}');
	if (opts->common.json)
		puts(buf_str(&out));
	buf_free(&out);
	anybpf_object_close(object);
	return ret;
}

static const char options_help[] =
	"  --prog NAME      only this program\n" HELP_BTF HELP_ENGINE
	"  --profile NAME   who loads, and how: strict, unprivileged, no-perfmon, ...\n"
	"  --complexity     where the verifier's work went, by line and function\n"
	"  --facts          what was proven at each instruction\n"
	"  --log-level N    of the verifier's log: 1 (default), 2 for every state, 4 statistics\n"
	"  --raw            print the log as it is\n"
	"  --color WHEN     auto (default: on a terminal), always or never\n" HELP_CLANG
	"  --json           print the verdicts as JSON\n" HELP_HELP "\n"
	"The exit status is 0 when every program is accepted and 1 when one is not.\n";

static const struct option long_options[] = {
	{"prog", required_argument, NULL, OPT_PROG},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"facts", no_argument, NULL, OPT_FACTS},
	{"complexity", no_argument, NULL, OPT_COMPLEXITY},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"raw", no_argument, NULL, OPT_RAW},
	{"color", required_argument, NULL, OPT_COLOR},
	{"btf", required_argument, NULL, OPT_BTF},
	{"clang", required_argument, NULL, OPT_CLANG},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int parse_color(struct verify_options *opts)
{
	if (!strcmp(optarg, "always"))
		opts->color = true;
	else if (!strcmp(optarg, "never"))
		opts->color = false;
	else if (strcmp(optarg, "auto"))
		return usage_error("verify", "--color takes auto, always or never, not '%s'",
				   optarg);
	return EXIT_OK;
}

/* As no-color.org has it. */
static bool color_by_default(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

static int parse_option(struct verify_options *opts, int option)
{
	switch (option) {
	case OPT_RAW:
		opts->raw = true;
		return EXIT_OK;
	case OPT_COLOR:
		return parse_color(opts);
	case OPT_FACTS:
		opts->facts = true;
		return EXIT_OK;
	case OPT_COMPLEXITY:
		opts->complexity = true;
		return EXIT_OK;
	case OPT_PROFILE:
		return profile_parse(opts, optarg);
	case OPT_LOG_LEVEL:
		if (optarg[0] < '1' || optarg[0] > '7' || optarg[1])
			return usage_error("verify", "--log-level takes 1 to 7, not '%s'", optarg);
		opts->log_level = (u32)(optarg[0] - '0');
		return EXIT_OK;
	default:
		return parse_common("verify", &opts->common, option);
	}
}

int command_verify(int argc, char **argv)
{
	struct verify_options opts = {.log_level = LOG_LEVEL1, .color = color_by_default()};
	struct anybpf *ctx;
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h')
			return command_help("verify", options_help);
		ret = parse_option(&opts, option);
		if (ret)
			return ret;
	}
	if (opts.raw && opts.common.json)
		return usage_error("verify", "--raw and --json do not go together");
	opts.common.file = one_file("verify", argc, argv);
	if (!opts.common.file)
		return EXIT_USAGE;
	ret = check_engine("verify", &opts.common);
	if (ret)
		return ret;
	ANYBPF_OPTS(anybpf_options, ctx_opts, .engine = opts.common.engine,
		    .vmlinux_btf = opts.common.btf,
		    .verify_only = opts.common.engine == ANYBPF_ENGINE_USER);
	ret = open_context(&ctx_opts, &ctx);
	if (ret)
		return ret;
	ret = verify_object(&opts, ctx);
	anybpf_free(ctx);
	return ret;
}
