/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf verify: the verdict on each program, and for a rejection Linux's message and the C line.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tool.h"

struct verify_options {
	struct common common;
	u32 log_level;
	bool raw; /* the log and nothing else */
};

/* What a verifier's log, ours or the kernel's, says of a rejection. */
struct rejection {
	char message[1024]; /* what follows the last instruction, a line each, without statistics */
	char insn_text[256];
	s64 insn; /* -1: no instruction was named */
};

/* Where an instruction comes from, by BTF line information. */
struct source_place {
	const char *file, *line;
	u32 number, column;
};

static bool is_statistics(const char *line, size_t len)
{
	static const char *const starts[] = {"processed ", "verification time ", "stack depth ",
					     "insns processed "};

	for (u32 i = 0; i < ARRAY_SIZE(starts); i++)
		if (len >= strlen(starts[i]) && !strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* "12: (85) call ...": the instruction's number, or -1. */
static s64 insn_of_line(const char *line, size_t len)
{
	s64 insn = 0;
	size_t i = 0;

	while (i < len && i < 8 && line[i] >= '0' && line[i] <= '9')
		insn = insn * 10 + (line[i++] - '0');
	return i && i + 2 < len && line[i] == ':' && line[i + 1] == ' ' && line[i + 2] == '(' ? insn
											      : -1;
}

static void add_line(char *text, size_t size, const char *line, size_t len)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%.*s", used ? "\n" : "", (int)len, line);
}

static void parse_log(const char *log, struct rejection *r)
{
	*r = (struct rejection){.insn = -1};
	for (const char *line = log; *line;) {
		size_t len = strcspn(line, "\n");
		s64 insn = insn_of_line(line, len);

		if (insn >= 0) {
			r->insn = insn;
			r->insn_text[0] = r->message[0] = 0;
			add_line(r->insn_text, sizeof(r->insn_text), line, len);
		} else if (len && *line != ';' && !is_statistics(line, len)) {
			add_line(r->message, sizeof(r->message), line, len);
		}
		line += len;
		line += *line == '\n';
	}
}

/* What a verifier has not even seen says so in the context's error. */
static void parse_rejection(const struct anybpf_program *program, struct rejection *r)
{
	parse_log(anybpf_program_log(program), r);
	if (!r->message[0])
		snprintf(r->message, sizeof(r->message), "%s", anybpf_error(program->object->ctx));
}

static bool find_source(const struct anybpf_program *program, s64 insn, struct source_place *place)
{
	const struct btf *btf = program->object->spec->btf;
	const struct bpf_line_info *best = NULL;

	for (u32 i = 0; i < program->line_info_cnt; i++)
		if (program->line_info[i].insn_off <= insn)
			best = &program->line_info[i];
	if (!btf || !best || insn < 0)
		return false;
	*place = (struct source_place){
		.file = short_path(btf_str(btf, best->file_name_off)),
		.line = btf_str(btf, best->line_off),
		.number = BPF_LINE_INFO_LINE_NUM(best->line_col),
		.column = BPF_LINE_INFO_LINE_COL(best->line_col),
	};
	return true;
}

static u64 insns_processed(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtoull(at + strlen("processed "), NULL, 10) : 0;
}

static void print_rejection(const struct anybpf_program *program, const struct rejection *r)
{
	struct source_place place;

	for (const char *line = r->message; *line;) {
		size_t len = strcspn(line, "\n");

		printf("  %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	if (find_source(program, r->insn, &place)) {
		const char *line = place.line + strspn(place.line, " \t");

		printf("  at %s:%u:%u\n    %s\n", place.file, place.number, place.column, line);
	}
	if (r->insn_text[0])
		printf("  insn %s\n", r->insn_text);
}

static void print_verdict(const struct anybpf_program *program)
{
	const char *log = anybpf_program_log(program);
	struct rejection r;

	printf("%s (section \"%s\"): ", anybpf_program_name(program),
	       anybpf_program_section(program));
	if (!program->load_error) {
		u64 n = insns_processed(log);

		if (n)
			printf("accepted, %u instructions, %" PRIu64 " processed\n",
			       program->insn_cnt, n);
		else
			printf("accepted, %u instructions\n", program->insn_cnt);
		return;
	}
	printf("rejected: %s\n", strerror(-program->load_error));
	parse_rejection(program, &r);
	print_rejection(program, &r);
}

static void json_verdict(struct json *json, const struct anybpf_program *program)
{
	const char *log = anybpf_program_log(program);
	struct source_place place;
	struct rejection r;

	json_open(json, NULL, '{');
	json_string(json, "name", anybpf_program_name(program));
	json_string(json, "section", anybpf_program_section(program));
	json_bool(json, "accepted", !program->load_error);
	json_u64(json, "instructions", program->insn_cnt);
	json_u64(json, "processed", insns_processed(log));
	if (program->load_error) {
		parse_rejection(program, &r);
		json_u64(json, "errno", (u64)-program->load_error);
		json_string(json, "message", r.message);
		if (r.insn >= 0)
			json_u64(json, "insn", (u64)r.insn);
		if (find_source(program, r.insn, &place)) {
			json_string(json, "file", place.file);
			json_u64(json, "line", place.number);
			json_u64(json, "column", place.column);
			json_string(json, "source", place.line);
		}
		json_string(json, "log", log);
	}
	json_close(json, '}');
}

static bool wanted(const struct verify_options *opts, const struct anybpf_program *program)
{
	return !opts->common.prog || !strcmp(opts->common.prog, anybpf_program_name(program));
}

static int verify_all(const struct verify_options *opts, struct anybpf *ctx,
		      struct anybpf_object *object, struct json *json)
{
	struct anybpf_program *p = NULL;
	int ret = EXIT_OK;
	u32 n = 0;

	if (object_prepare(object)) {
		complain("%s", anybpf_error(ctx));
		return EXIT_FAILED;
	}
	while ((p = anybpf_object_next_program(object, p))) {
		if (!wanted(opts, p))
			continue;
		n++;
		if (object_load_program(p, opts->log_level))
			ret = EXIT_FAILED;
		if (opts->common.json)
			json_verdict(json, p);
		else if (opts->raw)
			printf("%s", anybpf_program_log(p));
		else
			print_verdict(p);
	}
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
	"  --prog NAME      only this program\n" HELP_ENGINE
	"  --log-level N    of the verifier's log: 1 (default), 2 for every state, 4 statistics\n"
	"  --raw            print the log as it is\n" HELP_CLANG
	"  --json           print the verdicts as JSON\n" HELP_HELP "\n"
	"The exit status is 0 when every program is accepted and 1 when one is not.\n";

static const struct option long_options[] = {
	{"prog", required_argument, NULL, OPT_PROG},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"raw", no_argument, NULL, OPT_RAW},
	{"clang", required_argument, NULL, OPT_CLANG},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int parse_option(struct verify_options *opts, int option)
{
	switch (option) {
	case OPT_RAW:
		opts->raw = true;
		return EXIT_OK;
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
	struct verify_options opts = {.log_level = LOG_LEVEL1};
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
	ANYBPF_OPTS(anybpf_options, ctx_opts, .engine = opts.common.engine);
	ret = open_context(&ctx_opts, &ctx);
	if (ret)
		return ret;
	ret = verify_object(&opts, ctx);
	anybpf_free(ctx);
	return ret;
}
