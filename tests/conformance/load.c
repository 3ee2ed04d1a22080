/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader of the conformance tests: loads each program of object files on
 * its own with libbpf, as the selftests' runner does, and writes a JSON line
 * for each case: what was expected, what came of it, what the log said.
 *
 *	load [--user] --btf FILE [OPTION...] OBJECT...
 *
 *	--user			the user engine; otherwise the running kernel
 *	--btf FILE		the kernel's BTF
 *	--symbols FILE		for /proc/kallsyms
 *	--config FILE		for the kernel's configuration
 *	--release TEXT		for the kernel's release
 *	--program GLOB		only these
 *	--setup FILE		what the tests' own code does before: see setup.h
 *	--timeout SECONDS	of a program (20)
 *	--log BYTES		so much of the end of the log (2000)
 *	--jobs N		objects at a time (1)
 *
 * Each case runs in a process of its own, so that nothing of one is seen by
 * another and a crash is one case's result.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "annotation.h"
#include "json_line.h"
#include "libbpf_features.h"
#include "route.h"
#include "setup.h"
#include "user.h"

#define LOG_SIZE   (2u << 20) /* the selftests' own */
#define MAX_MEMORY (6ull << 30)
/* What the selftests' runner sets where the kernel knows them. */
#define DEFAULT_FLAGS (BPF_F_TEST_RND_HI32 | BPF_F_TEST_REG_INVARIANTS)

struct options {
	struct route route;
	const char *program;
	const char *setup;
	unsigned int timeout;
	size_t log;
	int jobs;
};

static struct options options = {.program = "*", .timeout = 20, .log = 2000, .jobs = 1};
static char log_buffer[LOG_SIZE];
static char complaint[4096]; /* the last warnings of libbpf */

struct test {
	const char *path;
	const char *program;
	const struct setup *setup; /* or NULL */
	bool unpriv;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Keeps the newest warnings; what the kernel's log said is elsewhere. */
static int keep_complaint(enum libbpf_print_level level, const char *format, va_list list)
{
	size_t len = strlen(complaint);

	if (level != LIBBPF_WARN || strstr(format, "PROG LOAD LOG"))
		return 0;
	if (len > sizeof(complaint) / 2)
		len = 0;
	vsnprintf(complaint + len, sizeof(complaint) - len, format, list);
	return 0;
}

/* ---- one case ---- */

static void drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const unsigned int dropped[] = {CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF};

	if (options.route.user) {
		user_drop_privileges();
		return;
	}
	if (syscall(SYS_capget, &header, data))
		return;
	for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
		data[dropped[i] / 32].effective &= ~(1u << dropped[i] % 32);
	if (syscall(SYS_capset, &header, data))
		_exit(1);
}

/* As the selftests' runner decides it. */
static bool creatable_unprivileged(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return !(bpf_map__map_flags(map) & BPF_F_ZERO_SEED);
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return true;
	default:
		return false;
	}
}

/* Loads the program and those that are marked to come along; no others. */
static struct bpf_program *select_programs(struct bpf_object *object, const struct test *test)
{
	struct bpf_program *program, *found = NULL;
	struct annotation annotation;
	bool load;

	bpf_object__for_each_program(program, object)
	{
		load = !strcmp(bpf_program__name(program), test->program);
		if (load)
			found = program;
		annotation_read(&annotation, bpf_object__btf(object), bpf_program__name(program),
				0);
		if (annotation.auxiliary &&
		    annotation.modes & (test->unpriv ? MODE_UNPRIV : MODE_PRIV))
			load = true;
		annotation_free(&annotation);
		bpf_program__set_autoload(program, load);
	}
	return found;
}

/* Tests give some maps their size when they run; any size will do for a verdict. */
static void size_map(struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		bpf_map__set_max_entries(map, (unsigned int)getpagesize());
		break;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_BLOOM_FILTER:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		bpf_map__set_max_entries(map, 1);
		break;
	default:
		break;
	}
}

static void prepare(struct bpf_object *object, struct bpf_program *program, const struct test *test,
		    const struct annotation *annotation)
{
	struct bpf_map *map;

	bpf_program__set_log_buf(program, log_buffer, sizeof(log_buffer));
	bpf_program__set_log_level(program, (unsigned int)annotation->log_level);
	bpf_program__set_flags(program, bpf_program__flags(program) | annotation->flags);
	bpf_object__for_each_map(map, object)
	{
		bpf_map__set_autocreate(map, !test->unpriv || creatable_unprivileged(map));
		bpf_map__set_pin_path(map, NULL);
		if (!bpf_map__max_entries(map))
			size_map(map);
	}
}

static bool is_figure(const char *line)
{
	return !strncmp(line, "processed ", 10) || !strncmp(line, "verification time ", 18) ||
	       !strncmp(line, "stack depth ", 12);
}

/* The last line that is no figure: why the program was refused. */
static void last_message(const char *log, char *message, size_t size)
{
	size_t len;

	*message = '\0';
	for (; *log; log += len + (log[len] == '\n')) {
		len = strcspn(log, "\n");
		if (len && !is_figure(log))
			snprintf(message, size, "%.*s", (int)(len < size ? len : size - 1), log);
	}
}

/* The number of the last "processed N insns", or -1. */
static long long explored(const char *log)
{
	const char *line = strstr(log, "processed ");
	long long insns = -1;

	for (; line; line = strstr(line + 1, "processed "))
		if (line == log || line[-1] == '\n')
			sscanf(line, "processed %lld insns", &insns);
	return insns;
}

static void write_head(FILE *out, const struct test *test)
{
	const struct setup *setup = test->setup;
	char name[512];

	snprintf(name, sizeof(name), "%s", test->program);
	if (setup && *setup->target_program)
		snprintf(name, sizeof(name), "%s->%s.%s", test->program, setup->target_program,
			 setup->function);
	fputs("{\"object\": ", out);
	json_text(out, base_name(test->path));
	json_string(out, "program", name);
	json_string(out, "mode", test->unpriv ? "unpriv" : "priv");
}

static void write_messages(FILE *out, const struct annotation *annotation,
			   const struct expectation *expectation)
{
	const struct patterns *patterns = &expectation->messages;
	size_t matched = patterns_match(patterns, log_buffer);

	json_string(out, "expect",
		    !annotation->modes	   ? ""
		    : expectation->failure ? "failure"
					   : "success");
	json_number(out, "patterns", (long long)patterns->len);
	json_number(out, "matched", (long long)matched);
	if (matched < patterns->len)
		json_string(out, "missing", patterns->at[matched].text);
}

static void write_result(FILE *out, const struct route_load *load, int err)
{
	bool tried = load->tried; /* what else the object wants may fail after that */
	char text[1024];

	json_string(out, "result", !tried ? "setup" : load->result < 0 ? "reject" : "accept");
	json_number(out, "errno", !tried ? -err : load->result < 0 ? -load->result : 0);
	if (!tried && load->failed_command >= 0) {
		json_number(out, "command", load->failed_command);
		json_number(out, "command_errno", load->failed_errno);
		json_number(out, "command_type", load->failed_type);
	}
	last_message(log_buffer, text, sizeof(text));
	json_string(out, "message", text);
	json_number(out, "explored", explored(log_buffer));
	if (!tried)
		json_string(out, "libbpf", complaint);
}

static long long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

/* One write, so that lines of several processes do not mix. */
static void emit(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, line, len);

		if (n <= 0)
			break;
		line += n;
		len -= (size_t)n;
	}
}

static int load_object(struct bpf_object *object, const struct test *test,
		       const struct annotation *annotation, struct bpf_program *program,
		       struct route_load *load)
{
	char folder[4096];
	int err;

	prepare(object, program, test, annotation);
	snprintf(folder, sizeof(folder), "%.*s", (int)(base_name(test->path) - test->path),
		 test->path);
	err = test->setup ? setup_apply(test->setup, folder, program) : 0;
	if (err)
		return err;
	if (test->unpriv)
		drop_privileges();
	complaint[0] = '\0';
	load->program = test->program;
	route_watch(load);
	return bpf_object__load(object);
}

/* Opened once to see what it says of itself, and again as that wants it. */
static struct bpf_object *open_for(const struct test *test, struct annotation *annotation)
{
	LIBBPF_OPTS(bpf_object_open_opts, open);
	struct bpf_object *object = bpf_object__open_file(test->path, NULL);
	char path[4096];

	if (!object)
		return NULL;
	annotation_read(annotation, bpf_object__btf(object), test->program, DEFAULT_FLAGS);
	if (!annotation->btf_path)
		return object;
	snprintf(path, sizeof(path), "%.*s%s", (int)(base_name(test->path) - test->path),
		 test->path, annotation->btf_path);
	open.btf_custom_path = path;
	return bpf_object__open_file(test->path, &open); /* the strings are the first one's */
}

static void run_test(const struct test *test)
{
	struct annotation annotation;
	struct bpf_program *program;
	struct route_load load = {.failed_command = -1};
	struct bpf_object *object;
	size_t size, len;
	long long start;
	char *line;
	FILE *out;
	int err;

	object = open_for(test, &annotation);
	if (!object)
		_exit(1);
	program = select_programs(object, test);
	start = microseconds();
	err = load_object(object, test, &annotation, program, &load);
	out = open_memstream(&line, &size);
	write_head(out, test);
	json_string(out, "section", bpf_program__section_name(program));
	json_number(out, "type", bpf_program__type(program));
	write_messages(out, &annotation, test->unpriv ? &annotation.unpriv : &annotation.priv);
	write_result(out, &load, err);
	json_number(out, "us", microseconds() - start);
	len = strlen(log_buffer);
	json_string(out, "log", log_buffer + (len > options.log ? len - options.log : 0));
	fputs("}\n", out);
	fclose(out);
	emit(line, size);
	_exit(0);
}

/* ---- all of them ---- */

static void write_ended(const struct test *test, int status)
{
	size_t size;
	char *line;
	FILE *out = open_memstream(&line, &size);

	write_head(out, test);
	json_string(out, "result",
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "timeout" : "crash");
	json_string(out, "message", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
	fputs("}\n", out);
	fclose(out);
	emit(line, size);
	free(line);
}

static void fork_test(const struct test *test)
{
	struct rlimit limit = {MAX_MEMORY, MAX_MEMORY};
	int status;
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_DATA, &limit);
		alarm(options.timeout);
		run_test(test);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		write_ended(test, status);
}

/* A line without a program says why there are none. */
static void write_unopened(const char *path)
{
	printf("{\"object\": ");
	json_text(stdout, base_name(path));
	json_string(stdout, "program", "");
	json_string(stdout, "mode", "priv");
	json_string(stdout, "result", "open");
	json_string(stdout, "libbpf", complaint);
	puts("}");
	fflush(stdout);
}

static void run_modes(struct test *test, unsigned int modes)
{
	test->unpriv = false;
	if (!modes || modes & MODE_PRIV)
		fork_test(test);
	test->unpriv = true;
	if (modes & MODE_UNPRIV)
		fork_test(test);
}

/* Once, or once for each row of the setup table. */
static void run_program(struct test *test, unsigned int modes)
{
	FILE *table = options.setup ? fopen(options.setup, "re") : NULL;
	struct setup setup;

	test->setup = NULL;
	while (table && setup_next(table, base_name(test->path), test->program, &setup)) {
		test->setup = &setup;
		run_modes(test, modes);
	}
	if (!test->setup)
		run_modes(test, modes);
	if (table)
		fclose(table);
}

static void run_object(const char *path)
{
	struct annotation annotation;
	struct bpf_program *program;
	struct test test = {.path = path};
	struct bpf_object *object;

	complaint[0] = '\0';
	object = bpf_object__open_file(path, NULL);
	if (!object) {
		write_unopened(path);
		return;
	}
	bpf_object__for_each_program(program, object)
	{
		test.program = bpf_program__name(program);
		if (fnmatch(options.program, test.program, 0))
			continue;
		annotation_read(&annotation, bpf_object__btf(object), test.program, 0);
		if (!annotation.auxiliary && !annotation.other_arch)
			run_program(&test, annotation.modes);
		annotation_free(&annotation);
	}
	bpf_object__close(object);
}

static void run_all(char **paths, int count)
{
	for (int job = 1; job < options.jobs; job++) {
		if (fork())
			continue;
		for (int i = job; i < count; i += options.jobs)
			run_object(paths[i]);
		_exit(0);
	}
	for (int i = 0; i < count; i += options.jobs)
		run_object(paths[i]);
	while (wait(NULL) > 0)
		;
}

static const struct option long_options[] = {
	{"user", no_argument, NULL, 'u'},
	{"btf", required_argument, NULL, 'b'},
	{"symbols", required_argument, NULL, 's'},
	{"config", required_argument, NULL, 'c'},
	{"release", required_argument, NULL, 'r'},
	{"program", required_argument, NULL, 'p'},
	{"timeout", required_argument, NULL, 't'},
	{"log", required_argument, NULL, 'l'},
	{"jobs", required_argument, NULL, 'j'},
	{"setup", required_argument, NULL, 'S'},
	{NULL, 0, NULL, 0},
};

static bool parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 'u':
			options.route.user = true;
			break;
		case 'b':
			options.route.btf = optarg;
			break;
		case 's':
			options.route.symbols = optarg;
			break;
		case 'c':
			options.route.config = optarg;
			break;
		case 'r':
			options.route.release = optarg;
			break;
		case 'p':
			options.program = optarg;
			break;
		case 't':
			options.timeout = (unsigned int)atoi(optarg);
			break;
		case 'l':
			options.log = (size_t)atol(optarg);
			break;
		case 'S':
			options.setup = optarg;
			break;
		case 'j':
			options.jobs = atoi(optarg);
			break;
		default:
			return false;
		}
	}
	return options.route.btf && optind < argc;
}

int main(int argc, char **argv)
{
	int err;

	if (!parse_options(argc, argv)) {
		fputs("usage: load [--user] --btf FILE [OPTION...] OBJECT...\n", stderr);
		return 2;
	}
	libbpf_set_print(keep_complaint);
	err = options.route.user ? user_open(options.route.btf) : 0;
	if (!err)
		err = route_set(&options.route);
	if (err) {
		fprintf(stderr, "load: %s: %s\n", options.route.btf, strerror(-err));
		return 1;
	}
	probe_features();
	run_all(argv + optind, argc - optind);
	return 0;
}
