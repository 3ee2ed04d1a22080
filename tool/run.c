/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf run: a packet program over a capture or a live interface. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/source.h"
#include "base/os.h"
#include "maps.h"

#define BATCH	       64
#define POLL_MS	       100
#define MAX_REST       1024 /* batches that a full ring may still hold */
#define MAX_VERDICTS   64   /* told apart; the rest is counted together */
#define PROGRESS_NS    200000000u
#define PROGRESS_AFTER 500000000u

struct run_options {
	struct common common;
	const char *pcap, *write, *iface;
	u64 repeat;
	u64 count;	       /* stop after so many frames; 0: never */
	u64 max_steps, max_ns; /* of one execution; 0: no limit */
	const char *aot;       /* files of code; NULL: programs are compiled */
};

struct verdict_count {
	u32 value;
	u64 frames;
};

/* One run of the command. */
struct packet_run {
	const struct run_options *opts;
	struct anybpf *ctx;
	struct anybpf_object *object;
	struct anybpf_program *program;
	const struct hook *hook;
	struct source *source;
	struct sink *sink;

	u64 frames, bytes, ns;
	u64 refused; /* of .frames: the engine would not run them */
	struct verdict_count verdicts[MAX_VERDICTS];
	u32 verdict_cnt;
	u64 other_verdicts;
	u64 started, last_progress;
	bool progress;
};

static volatile sig_atomic_t stopped;

static void stop(int signal __unused)
{
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void print_line(void *ctx __unused, const char *text, size_t len)
{
	bool newline = len && text[len - 1] == '\n';

	/* One call, so that lines of several threads do not mix. */
	fprintf(stderr, "%.*s%s", (int)len, text, newline ? "" : "\n");
}

/* ---- choosing the program ---- */

static const struct hook *packet_hook(const struct anybpf_program *program)
{
	const struct hook *hook = hook_find((enum bpf_prog_type)anybpf_program_type(program));

	return hook && hook->run_frames ? hook : NULL;
}

static int no_program(struct packet_run *s, u32 candidates)
{
	struct anybpf_program *p = NULL;

	if (s->opts->common.prog)
		complain("%s: there is no program '%s'", s->opts->common.file,
			 s->opts->common.prog);
	else if (!candidates)
		complain("%s: there is no program for packets (xdp, tc or socket)",
			 s->opts->common.file);
	else
		complain("%s: there are %u programs for packets; choose one by --prog",
			 s->opts->common.file, candidates);
	while ((p = anybpf_object_next_program(s->object, p)))
		fprintf(stderr, "  %s (section \"%s\")\n", anybpf_program_name(p),
			anybpf_program_section(p));
	return EXIT_FAILED;
}

/* Programs that tail calls may reach: those that a map of programs starts with. */
static void load_tail_called(struct packet_run *s)
{
	const struct spec *spec = s->object->spec;
	struct anybpf_program *p = NULL;

	while ((p = anybpf_object_next_program(s->object, p)))
		for (u32 i = 0; i < spec->map_cnt; i++)
			for (u32 j = 0; j < spec->maps[i].slot_cnt; j++)
				if (spec->maps[i].type == BPF_MAP_TYPE_PROG_ARRAY &&
				    &spec->funcs[spec->maps[i].slots[j].target] == p->spec)
					anybpf_program_set_autoload(p, true);
}

static int choose_program(struct packet_run *s)
{
	const char *name = s->opts->common.prog;
	struct anybpf_program *p = NULL, *found = NULL;
	u32 candidates = 0;

	while ((p = anybpf_object_next_program(s->object, p))) {
		bool fits = name ? !strcmp(anybpf_program_name(p), name) : !!packet_hook(p);

		anybpf_program_set_autoload(p, false);
		if (fits) {
			found = p;
			candidates++;
		}
	}
	if (candidates != 1)
		return no_program(s, candidates);
	s->hook = packet_hook(found);
	if (!s->hook) {
		complain("%s: program '%s' (section \"%s\") is not for packets",
			 s->opts->common.file, anybpf_program_name(found),
			 anybpf_program_section(found));
		return EXIT_FAILED;
	}
	s->program = found;
	anybpf_program_set_autoload(found, true);
	load_tail_called(s);
	return EXIT_OK;
}

static int load(struct packet_run *s)
{
	int ret = choose_program(s);

	if (ret)
		return ret;
	ret = anybpf_object_load(s->object);
	if (!ret)
		return EXIT_OK;
	complain("%s", anybpf_error(s->ctx));
	/* Of a program that only lacks code the verifier has nothing to say. */
	if (ret != -ENOEXEC && *anybpf_program_log(s->program))
		fprintf(stderr, "%s", anybpf_program_log(s->program));
	return EXIT_FAILED;
}

/* ---- running ---- */

static void count_verdict(struct packet_run *s, u32 value)
{
	for (u32 i = 0; i < s->verdict_cnt; i++) {
		if (s->verdicts[i].value == value) {
			s->verdicts[i].frames++;
			return;
		}
	}
	if (s->verdict_cnt == MAX_VERDICTS) {
		s->other_verdicts++;
		return;
	}
	s->verdicts[s->verdict_cnt++] = (struct verdict_count){.value = value, .frames = 1};
}

static void show_progress(struct packet_run *s, u64 now)
{
	double share = s->source->ops->progress(s->source);

	if (!s->progress || now - s->started < PROGRESS_AFTER ||
	    now - s->last_progress < PROGRESS_NS)
		return;
	s->last_progress = now;
	if (share >= 0)
		fprintf(stderr, "\r\033[K%" PRIu64 " packets, %.0f%%", s->frames, share * 100);
	else
		fprintf(stderr, "\r\033[K%" PRIu64 " packets", s->frames);
	fflush(stderr);
}

static void end_progress(struct packet_run *s)
{
	if (s->last_progress)
		fputs("\r\033[K", stderr);
	s->last_progress = 0;
}

static int run_batch(struct packet_run *s, struct hook_frame *frames, u32 n, struct err *err)
{
	u64 ns = 0;
	int ret;

	for (u32 i = 0; i < n; i++)
		s->bytes += frames[i].len;
	ret = s->ctx->engine->ops->run_frames(s->ctx->engine, anybpf_program_fd(s->program), frames,
					      n, &ns);
	if (ret)
		return err_set(
			err, ret, "the %s engine cannot run packets %" PRIu64 " to %" PRIu64 ": %s",
			s->ctx->engine->ops->name, s->frames + 1, s->frames + n, strerror(-ret));
	s->ns += ns;
	s->frames += n;
	for (u32 i = 0; i < n; i++) {
		if (frames[i].error) {
			s->refused++;
			continue;
		}
		count_verdict(s, frames[i].verdict);
		if (s->sink && hook_passes(s->hook, frames[i].verdict)) {
			ret = sink_write(s->sink, &frames[i], err);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int open_source(struct packet_run *s, struct err *err)
{
	if (s->opts->iface)
		return source_iface_open(&mem_libc, s->opts->iface, &s->source, err);
	return source_pcap_open(&mem_libc, s->opts->pcap, &s->source, err);
}

/* The next batch: number of frames, 0 when there are none now, negative errno. */
static int run_next(struct packet_run *s, int timeout_ms, struct err *err)
{
	struct hook_frame frames[BATCH];
	u64 left = s->opts->count ? s->opts->count - s->frames : BATCH;
	int n, ret;

	n = s->source->ops->next(s->source, frames, left < BATCH ? (u32)left : BATCH, timeout_ms,
				 err);
	if (n <= 0)
		return n;
	ret = run_batch(s, frames, (u32)n, err);
	return ret ? ret : n;
}

static bool enough(const struct packet_run *s)
{
	return s->opts->count && s->frames >= s->opts->count;
}

/* Runs until the source ends or someone stops it; what had arrived until then still counts. */
static int drain_source(struct packet_run *s, struct err *err)
{
	u64 rest = s->opts->iface ? MAX_REST : 0;
	int n = 0;

	while (!stopped && n >= 0 && !enough(s) && !s->source->ops->ended(s->source)) {
		n = run_next(s, POLL_MS, err);
		show_progress(s, os_clock_ns(CLOCK_MONOTONIC));
	}
	if (n >= 0 && stopped)
		do
			n = enough(s) || !rest-- ? 0 : run_next(s, 0, err);
		while (n > 0);
	return n < 0 ? n : 0;
}

static int run_all(struct packet_run *s, struct err *err)
{
	int ret = 0;

	s->started = os_clock_ns(CLOCK_MONOTONIC);
	s->progress = isatty(STDERR_FILENO) && !s->opts->common.json;
	for (u64 i = 0; i < s->opts->repeat && !stopped && !ret; i++) {
		if (!s->source)
			ret = open_source(s, err);
		if (!ret)
			ret = drain_source(s, err);
		source_free(s->source);
		s->source = NULL;
	}
	end_progress(s);
	return ret;
}

/* ---- results ---- */

static int by_count(const void *a, const void *b)
{
	const struct verdict_count *x = a, *y = b;

	if (x->frames != y->frames)
		return x->frames < y->frames ? 1 : -1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static const char *verdict_text(const struct packet_run *s, u32 value, char *text, size_t size)
{
	const char *name = hook_verdict_name(s->hook, value);

	if (name)
		return name;
	snprintf(text, size, "%d", (s32)value);
	return text;
}

/* How the program was executed: "kernel", "jit", "aot" or "interpreter", and why not compiled. */
struct execution {
	const char *name;
	struct anybpf_program_info info;
};

static void read_execution(const struct packet_run *s, struct execution *e)
{
	*e = (struct execution){.name = "kernel", .info.size = sizeof(e->info)};
	if (s->opts->common.engine == ANYBPF_ENGINE_KERNEL)
		return;
	if (anybpf_program_get_info(s->program, &e->info))
		e->name = "unknown";
	else if (!e->info.code_bytes)
		e->name = "interpreter";
	else
		e->name = s->ctx->code ? "aot" : "jit";
	if (s->opts->common.interp)
		e->info.interpreted[0] = '\0'; /* no news */
}

static double per_packet(const struct packet_run *s)
{
	u64 n = s->frames - s->refused;

	return n ? (double)s->ns / (double)n : 0;
}

static double per_second(const struct packet_run *s)
{
	return s->ns ? (double)(s->frames - s->refused) * 1e9 / (double)s->ns : 0;
}

static int print_text(struct packet_run *s, struct err *err)
{
	char number[16];
	struct execution how;
	struct buf out;
	int ret;

	read_execution(s, &how);
	buf_init(&out, &mem_libc);
	buf_printf(&out, "%s (%s, %s%s%s): %" PRIu64 " packets, %" PRIu64 " bytes\n",
		   anybpf_program_name(s->program), s->hook->name, how.name,
		   how.info.interpreted[0] ? ": " : "", how.info.interpreted, s->frames, s->bytes);
	buf_puts(&out, "verdicts:\n");
	for (u32 i = 0; i < s->verdict_cnt; i++)
		buf_printf(&out, "  %-16s %" PRIu64 "\n",
			   verdict_text(s, s->verdicts[i].value, number, sizeof(number)),
			   s->verdicts[i].frames);
	if (s->other_verdicts)
		buf_printf(&out, "  %-16s %" PRIu64 "\n", "(others)", s->other_verdicts);
	if (s->refused)
		buf_printf(&out, "  %-16s %" PRIu64 "\n", "(not run)", s->refused);
	buf_puts(&out, "maps:\n");
	ret = maps_print_text(s->object, &out, err);
	buf_printf(&out, "%.1f ns per packet, %.0f packets per second\n", per_packet(s),
		   per_second(s));
	fputs(buf_str(&out), stdout);
	buf_free(&out);
	return ret;
}

static int print_json(struct packet_run *s, struct err *err)
{
	char number[16];
	struct execution how;
	struct buf out;
	struct json json = {.out = &out};
	int ret;

	read_execution(s, &how);
	buf_init(&out, &mem_libc);
	json_open(&json, NULL, '{');
	json_string(&json, "program", anybpf_program_name(s->program));
	json_string(&json, "type", s->hook->name);
	json_string(&json, "engine", s->ctx->engine->ops->name);
	json_string(&json, "execution", how.name);
	if (how.info.interpreted[0])
		json_string(&json, "interpreted", how.info.interpreted);
	json_u64(&json, "packets", s->frames);
	json_u64(&json, "bytes", s->bytes);
	json_open(&json, "verdicts", '{');
	for (u32 i = 0; i < s->verdict_cnt; i++)
		json_u64(&json, verdict_text(s, s->verdicts[i].value, number, sizeof(number)),
			 s->verdicts[i].frames);
	json_close(&json, '}');
	if (s->other_verdicts)
		json_u64(&json, "other_verdicts", s->other_verdicts);
	json_u64(&json, "not_run", s->refused);
	ret = maps_print_json(s->object, &json, err);
	json_real(&json, "ns_per_packet", per_packet(s), 3);
	json_real(&json, "packets_per_second", per_second(s), 0);
	json_close(&json, '}');
	puts(buf_str(&out));
	buf_free(&out);
	return ret;
}

static int run(struct packet_run *s)
{
	struct err err = {0};
	int ret = 0, failed;

	/*
	 * A capture is opened before the program is loaded, so that a wrong name
	 * costs nothing; an interface afterwards, or its ring would run over.
	 */
	if (!s->opts->iface && open_source(s, &err))
		goto fail;
	if (s->opts->write && sink_pcap_open(&mem_libc, s->opts->write, &s->sink, &err))
		goto fail;
	if (open_object(s->ctx, &s->opts->common, &s->object) || load(s)) {
		ret = EXIT_FAILED;
		goto out;
	}
	if (s->opts->iface && open_source(s, &err))
		goto fail;
	catch_signals();
	failed = run_all(s, &err);
	if (failed) {
		complain("%s", err.text);
		ret = EXIT_FAILED;
	}
	/* What was counted until then is told all the same. */
	qsort(s->verdicts, s->verdict_cnt, sizeof(s->verdicts[0]), by_count);
	failed = s->opts->common.json ? print_json(s, &err) : print_text(s, &err);
	if (!failed)
		goto out;
fail:
	complain("%s", err.text);
	ret = EXIT_FAILED;
out:
	if (s->sink && sink_close(s->sink, &err)) {
		complain("%s", err.text);
		ret = EXIT_FAILED;
	}
	source_free(s->source);
	return ret;
}

/* ---- command line ---- */

static const char options_help[] =
	"  --pcap IN        packets of a capture file (pcap or pcapng, \"-\": standard input)\n"
	"  --write OUT      write the packets that the program lets pass, as it left them\n"
	"  --iface IFACE    packets that arrive at an interface, until interrupted\n"
	"  --count N        stop after N packets\n"
	"  --prog NAME      the program to run, where the file has several\n"
	"  --repeat N       run over the capture N times\n"
	"  --interp         interpret instead of compiling to machine code\n"
	"  --aot FILE       take machine code from what anybpf compile has "
	"written\n" HELP_JIT_PASSES HELP_JIT_REPORT
	"  --max-steps N    end executions that take more steps (about one instruction each)\n"
	"  --max-time NS    end executions that take longer, in nanoseconds\n" HELP_BTF HELP_ENGINE
		HELP_CLANG "  --json           print the result as JSON\n" HELP_HELP;

static const struct option long_options[] = {
	{"pcap", required_argument, NULL, OPT_PCAP},
	{"write", required_argument, NULL, OPT_WRITE},
	{"iface", required_argument, NULL, OPT_IFACE},
	{"count", required_argument, NULL, OPT_COUNT},
	{"prog", required_argument, NULL, OPT_PROG},
	{"repeat", required_argument, NULL, OPT_REPEAT},
	{"interp", no_argument, NULL, OPT_INTERP},
	{"aot", required_argument, NULL, OPT_AOT},
	{"jit-passes", required_argument, NULL, OPT_JIT_PASSES},
	{"jit-report", required_argument, NULL, OPT_JIT_REPORT},
	{"jit-blind", no_argument, NULL, OPT_JIT_BLIND},
	{"max-steps", required_argument, NULL, OPT_MAX_STEPS},
	{"max-time", required_argument, NULL, OPT_MAX_TIME},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"btf", required_argument, NULL, OPT_BTF},
	{"clang", required_argument, NULL, OPT_CLANG},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, u64 *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno && *number;
}

static int parse_option(struct run_options *opts, int option)
{
	switch (option) {
	case OPT_PCAP:
		opts->pcap = optarg;
		return EXIT_OK;
	case OPT_WRITE:
		opts->write = optarg;
		return EXIT_OK;
	case OPT_IFACE:
		opts->iface = optarg;
		return EXIT_OK;
	case OPT_COUNT:
		if (!parse_number(optarg, &opts->count))
			return usage_error("run", "--count takes a positive number, not '%s'",
					   optarg);
		return EXIT_OK;
	case OPT_MAX_STEPS:
		if (!parse_number(optarg, &opts->max_steps))
			return usage_error("run", "--max-steps takes a positive number, not '%s'",
					   optarg);
		return EXIT_OK;
	case OPT_MAX_TIME:
		if (!parse_number(optarg, &opts->max_ns))
			return usage_error("run", "--max-time takes a positive number, not '%s'",
					   optarg);
		return EXIT_OK;
	case OPT_AOT:
		opts->aot = optarg;
		return EXIT_OK;
	case OPT_REPEAT:
		if (!parse_number(optarg, &opts->repeat))
			return usage_error("run", "--repeat takes a positive number, not '%s'",
					   optarg);
		return EXIT_OK;
	default:
		return parse_common("run", &opts->common, option);
	}
}

static int check_options(const struct run_options *opts)
{
	if (!opts->pcap == !opts->iface)
		return usage_error("run", "either --pcap or --iface is needed");
	if (opts->iface && opts->repeat > 1)
		return usage_error("run", "--repeat is for captures");
	if (opts->write && opts->repeat > 1)
		return usage_error("run", "--write and --repeat do not go together");
	if (opts->pcap && !strcmp(opts->pcap, "-") && opts->repeat > 1)
		return usage_error("run", "standard input cannot be repeated");
	if ((opts->max_steps || opts->max_ns) && opts->common.engine == ANYBPF_ENGINE_KERNEL)
		return usage_error("run", "--max-%s is for the user engine",
				   opts->max_steps ? "steps" : "time");
	if (opts->aot && opts->common.engine == ANYBPF_ENGINE_KERNEL)
		return usage_error("run", "--aot is for the user engine");
	if (opts->aot && opts->common.interp)
		return usage_error("run", "--aot and --interp do not go together");
	return check_engine("run", &opts->common);
}

int command_run(int argc, char **argv)
{
	struct run_options opts = {.repeat = 1};
	struct packet_run state = {.opts = &opts};
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h')
			return command_help("run", options_help);
		ret = parse_option(&opts, option);
		if (ret)
			return ret;
	}
	opts.common.file = one_file("run", argc, argv);
	if (!opts.common.file)
		return EXIT_USAGE;
	ret = check_options(&opts);
	if (ret)
		return ret;
	ANYBPF_OPTS(anybpf_options, ctx_opts, .engine = opts.common.engine,
		    .interpret = opts.common.interp, .printk = print_line,
		    .vmlinux_btf = opts.common.btf, .jit_passes = opts.common.jit_passes,
		    .jit_blind = opts.common.jit_blind, .jit_report = opts.common.jit_report,
		    .max_steps = opts.max_steps, .max_ns = opts.max_ns, .aot = opts.aot);
	ret = open_context(&ctx_opts, &state.ctx);
	if (ret)
		return ret;
	ret = run(&state);
	anybpf_object_close(state.object);
	anybpf_free(state.ctx);
	return ret;
}
