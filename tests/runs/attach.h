/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of programs that are attached: an object on each engine of this process. */
#ifndef ANYBPF_TESTS_RUNS_ATTACH_H
#define ANYBPF_TESTS_RUNS_ATTACH_H

#include <errno.h>
#include <string.h>

#include "load/object.h"
#include "tap.h"

struct test {
	struct anybpf *ctx;
	struct anybpf_object *object;
};

static inline int prog_fd(const struct test *t, const char *name)
{
	struct anybpf_program *prog = anybpf_object_find_program(t->object, name);

	return prog ? prog->fd : -1;
}

static inline int call(const struct test *t, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(t->ctx->engine, cmd, attr, sizeof(*attr));
}

static inline void close_fd(const struct test *t, int fd)
{
	t->ctx->engine->ops->close(t->ctx->engine, fd);
}

static inline int open_tracepoint(const struct test *t, const char *prog)
{
	union bpf_attr attr = {.raw_tracepoint.prog_fd = (u32)prog_fd(t, prog)};

	return call(t, BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static inline int create_link(const struct test *t, const char *prog, u32 attach_type, u64 cookie)
{
	union bpf_attr attr = {.link_create.prog_fd = (u32)prog_fd(t, prog)};

	attr.link_create.attach_type = attach_type;
	attr.link_create.tracing.cookie = cookie;
	return call(t, BPF_LINK_CREATE, &attr);
}

static inline int test_run(const struct test *t, const char *prog, u32 *retval)
{
	union bpf_attr attr = {.test.prog_fd = (u32)prog_fd(t, prog)};
	int err = call(t, BPF_PROG_TEST_RUN, &attr);

	*retval = attr.test.retval;
	return err;
}

struct named_test {
	const char *name;
	void (*run)(const struct test *t);
};

/* The tests in turn on the object, which is loaded once. */
static inline void run_tests(const char *path, const struct anybpf_options *opts, const char *way,
			     const struct named_test *tests, size_t n)
{
	struct test t = {0};
	char name[64];
	int err = anybpf_new(opts, &t.ctx);

	if (!err)
		err = anybpf_object_open(t.ctx, path, &t.object);
	if (!err)
		err = anybpf_object_load(t.object);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s: %s", way, tests[i].name);
		tap_begin(name);
		if (err)
			tap_fail("%s", anybpf_error(t.ctx));
		else
			tests[i].run(&t);
		tap_end();
	}
	anybpf_object_close(t.object);
	anybpf_free(t.ctx);
}

/* By machine code, and by the interpreter unless @compiled. */
static inline int run_on_engines(int argc, char **argv, const struct named_test *tests, size_t n,
				 bool compiled)
{
	ANYBPF_OPTS(anybpf_options, jit);
	ANYBPF_OPTS(anybpf_options, interpreter, .interpret = true);

	if (argc < 2) {
		printf("1..0 # SKIP there is no compiler for programs\n");
		return 0;
	}
	run_tests(argv[1], &jit, "machine code", tests, n);
	if (!compiled)
		run_tests(argv[1], &interpreter, "interpreter", tests, n);
	return tap_done();
}

#endif
