/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an embedder may ask of the compiler and of executions, through the
 * public interface alone: which passes, hidden numbers, a look at the
 * intermediate form, budgets, none of it; and what it is told of a program.
 */
#include <anybpf/anybpf.h>

#include <errno.h>
#include <sys/stat.h>

#include "../elf/objects.h"

#define XDP_ABORTED 0
#define XDP_PASS    2

struct fixture {
	struct anybpf *ctx;
	struct anybpf_object *object;
};

static bool setup(struct fixture *f, const struct anybpf_options *opts)
{
	int ret;

	*f = (struct fixture){0};
	if (!have_object("long.bpf.o"))
		return false;
	ret = anybpf_new(opts, &f->ctx);
	if (!ret)
		ret = anybpf_object_open(f->ctx, object_path("long.bpf.o"), &f->object);
	if (!ret)
		ret = anybpf_object_load(f->object);
	if (!ret)
		return true;
	tap_fail("%d: %s", ret, f->ctx ? anybpf_error(f->ctx) : "no context");
	anybpf_object_close(f->object);
	anybpf_free(f->ctx);
	return false;
}

static void teardown(struct fixture *f)
{
	anybpf_object_close(f->object);
	anybpf_free(f->ctx);
}

static uint32_t verdict(struct fixture *f, const char *name)
{
	static uint8_t buffer[64];
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = 64, .data_size = 64);

	check_eq(anybpf_program_run(anybpf_object_find_program(f->object, name), &run), 0);
	return run.verdict;
}

static struct anybpf_program_info info_of(struct fixture *f, const char *name)
{
	ANYBPF_OPTS(anybpf_program_info, info);

	check_eq(anybpf_program_get_info(anybpf_object_find_program(f->object, name), &info), 0);
	return info;
}

/* Bytes of machine code; 0 where this machine has no compiler, or none is wanted. */
static uint32_t code_bytes(const struct anybpf_options *opts, const char *name)
{
	uint32_t bytes = 0;
	struct fixture f;

	if (setup(&f, opts)) {
		bytes = info_of(&f, name).code_bytes;
		check_eq(verdict(&f, "work"), XDP_PASS);
		check_eq(verdict(&f, "number"), 0x41424344);
		teardown(&f);
	}
	return bytes;
}

/* ---- what it is told ---- */

static void test_info(void)
{
	struct anybpf_program *prog;
	struct anybpf_program_info info, older;
	struct fixture f;

	if (!setup(&f, NULL))
		return;
	prog = anybpf_object_find_program(f.object, "number");
	info = info_of(&f, "number");
	check(info.id > 0);
	check_eq(info.insns, 2);
	check_eq(!info.code_bytes, !!info.interpreted[0]);
	/* Callers that know less of it. */
	memset(&older, 0xff, sizeof(older));
	older.size = offsetof(struct anybpf_program_info, code_bytes);
	check_eq(anybpf_program_get_info(prog, &older), 0);
	check_eq(older.insns, 2);
	check_eq(older.code_bytes, UINT32_MAX);
	older.size = 0;
	check_eq(anybpf_program_get_info(prog, &older), (u64)-EINVAL);
	teardown(&f);
}

static void test_info_before_loading(void)
{
	ANYBPF_OPTS(anybpf_program_info, info);
	struct anybpf_object *object;
	struct anybpf *ctx;

	if (!have_object("long.bpf.o"))
		return;
	check_eq(anybpf_new(NULL, &ctx), 0);
	check_eq(anybpf_object_open(ctx, object_path("long.bpf.o"), &object), 0);
	check_eq(anybpf_program_get_info(anybpf_object_find_program(object, "work"), &info),
		 (u64)-EBADF);
	anybpf_object_close(object);
	anybpf_free(ctx);
}

/* ---- no machine code ---- */

static void check_interpreted(const struct anybpf_options *opts)
{
	struct fixture f;

	if (!setup(&f, opts))
		return;
	check_eq(info_of(&f, "work").code_bytes, 0);
	check_str(info_of(&f, "work").interpreted, "the host interprets");
	check_eq(verdict(&f, "work"), XDP_PASS);
	teardown(&f);
}

static void test_interpret(void)
{
	ANYBPF_OPTS(anybpf_options, opts, .interpret = true);

	check_interpreted(&opts);
}

static void test_environment(void)
{
	uint32_t bytes = code_bytes(NULL, "work");

	setenv("ANYBPF_JIT", "off", 1);
	check_interpreted(NULL);
	setenv("ANYBPF_JIT", "on", 1);
	check_eq(code_bytes(NULL, "work"), bytes);
	unsetenv("ANYBPF_JIT");
}

/* ---- passes ---- */

static void test_passes(void)
{
	static const char *const lists[] = {
		"all", "none", "-fold", "all,-fold,-inline", "none,+promote,fold", ""};
	ANYBPF_OPTS(anybpf_options, none, .jit_passes = "none");
	uint32_t bytes = code_bytes(NULL, "work");

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		ANYBPF_OPTS(anybpf_options, opts, .jit_passes = lists[i]);

		check_eq(!code_bytes(&opts, "work"), !bytes);
	}
	check(!bytes || code_bytes(&none, "work") != bytes);
}

static void test_wrong_passes(void)
{
	static const char *const lists[] = {"everything", "fold;merge", "all,-", "-", ",", " fold"};
	struct anybpf *ctx;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		ANYBPF_OPTS(anybpf_options, opts, .jit_passes = lists[i]);

		if (anybpf_new(&opts, &ctx) != -EINVAL)
			tap_fail("\"%s\" is accepted", lists[i]);
	}
}

/* Steps in the order of their first appearance, for the function that is shown first. */
static void note_step(void *ctx, const char *step, const char *text)
{
	char *steps = ctx;

	if (strncmp(text, "fn ", 3))
		tap_fail("the form after %s begins otherwise", step);
	if (strlen(steps) + strlen(step) + 2 < 1024)
		strcat(strcat(steps, step), " ");
}

static void test_dump(void)
{
	char steps[1024] = "";
	ANYBPF_OPTS(anybpf_options, opts, .jit_passes = "none,promote,fold", .jit_dump = note_step,
		    .jit_dump_ctx = steps);

	if (code_bytes(&opts, "number"))
		check(strstr(steps, "build promote fold lower registers build"));
}

/* ---- hidden numbers ---- */

static void test_blind(void)
{
	ANYBPF_OPTS(anybpf_options, opts, .jit_blind = true);
	uint32_t bytes = code_bytes(NULL, "number");

	check(!bytes || code_bytes(&opts, "number") > bytes);
}

/* ---- budgets ---- */

/* The verdict of a program that takes long and of one that does not. */
static void check_ended(const struct anybpf_options *opts, uint32_t want)
{
	struct fixture f;

	if (!setup(&f, opts))
		return;
	check_eq(verdict(&f, "work"), want);
	check_eq(verdict(&f, "number"), 0x41424344);
	teardown(&f);
}

static void test_limits(void)
{
	for (int interpret = 0; interpret < 2; interpret++) {
		ANYBPF_OPTS(anybpf_options, few, .max_steps = 100000, .interpret = interpret);
		ANYBPF_OPTS(anybpf_options, many, .max_steps = UINT64_MAX, .interpret = interpret);
		ANYBPF_OPTS(anybpf_options, brief, .max_ns = 1, .interpret = interpret);
		ANYBPF_OPTS(anybpf_options, both, .max_ns = 60000000000, .max_steps = 100000,
			    .interpret = interpret);

		check_ended(&few, XDP_ABORTED);
		check_ended(&many, XDP_PASS);
		check_ended(&brief, XDP_ABORTED);
		check_ended(&both, XDP_ABORTED);
	}
}

/* ---- who is told of machine code ---- */

static void keep_warning(void *ctx, const char *text)
{
	char(*last)[256] = ctx;

	check_str(*last, ""); /* once */
	snprintf(*last, sizeof(*last), "%s", text);
}

static void test_report(void)
{
	char path[64], want[64], warning[256] = "";
	ANYBPF_OPTS(anybpf_options, opts, .jit_report = "perf,gdb", .warn = keep_warning,
		    .warn_ctx = &warning);
	struct anybpf *ctx;
	struct fixture f;

	/* A file that cannot be written fails nothing. */
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	snprintf(want, sizeof(want), "machine code is not reported (perf): %s: ", path);
	check_eq(mkdir(path, 0700), 0);
	if (setup(&f, &opts)) {
		bool compiled = info_of(&f, "number").code_bytes;

		check_eq(verdict(&f, "number"), 0x41424344);
		if (compiled)
			check(!strncmp(warning, want, strlen(want)));
		else
			check_str(warning, "");
		teardown(&f);
	}
	check_eq(rmdir(path), 0);

	opts.jit_report = "perf,moon";
	check_eq(anybpf_new(&opts, &ctx), -EINVAL);
	check(!ctx);
}

int main(void)
{
	run_test(test_info);
	run_test(test_info_before_loading);
	run_test(test_interpret);
	run_test(test_environment);
	run_test(test_passes);
	run_test(test_wrong_passes);
	run_test(test_dump);
	run_test(test_blind);
	run_test(test_limits);
	run_test(test_report);
	return tap_done();
}
