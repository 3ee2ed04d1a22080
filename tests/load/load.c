/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects loaded and run through the public API, on the user engine and on the
 * running kernel, which must not differ. What the kernel refuses to us is
 * skipped.
 */
#include <errno.h>

#include <anybpf/anybpf.h>

#include "../elf/objects.h"

#define XDP_DROP 1
#define XDP_PASS 2
#define XDP_TX	 3

static const char *const engine_names[] = {"user", "kernel"};
static enum anybpf_engine engine;

/* An object on the engine at hand. */
struct fixture {
	struct anybpf *ctx;
	struct anybpf_object *object;
};

static void teardown(struct fixture *f)
{
	anybpf_object_close(f->object);
	anybpf_free(f->ctx);
}

static bool setup(struct fixture *f, const char *object)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine);
	int ret;

	*f = (struct fixture){0};
	if (!have_object(object))
		return false;
	ret = anybpf_new(&opts, &f->ctx);
	if (ret == -EPERM || ret == -ENOSYS || ret == -EACCES) {
		tap_skip("the kernel refuses bpf()");
		return false;
	}
	if (ret || anybpf_object_open(f->ctx, object_path(object), &f->object)) {
		tap_fail("%d: %s", ret, f->ctx ? anybpf_error(f->ctx) : "no context");
		teardown(f);
		return false;
	}
	return true;
}

static bool setup_loaded(struct fixture *f, const char *object)
{
	if (!setup(f, object))
		return false;
	if (!anybpf_object_load(f->object))
		return true;
	tap_fail("%s", anybpf_error(f->ctx));
	teardown(f);
	return false;
}

/* The verdict for a frame of 64 zeros. */
static u32 run(struct fixture *f, const char *name)
{
	static u8 buffer[256 + 64 + 320];
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = sizeof(buffer),
		    .data_offset = 256, .data_size = 64);
	struct anybpf_program *prog = anybpf_object_find_program(f->object, name);
	int ret = prog ? anybpf_program_run(prog, &run) : -ENOENT;

	if (ret)
		tap_fail("%s: %s", name, strerror(-ret));
	check_eq(run.data_offset, 256);
	check_eq(run.data_size, 64);
	return run.verdict;
}

/* ---- running ---- */

static void check_per_cpu(struct fixture *f)
{
	struct anybpf_map *map = anybpf_object_find_map(f->object, "per_cpu");
	size_t size = 8u * anybpf_nr_cpus(f->ctx);
	u64 *copies = calloc(1, size);
	u32 key = 0, sum = 0;

	check_eq(anybpf_map_lookup(map, &key, sizeof(key), copies, size, 0), 0);
	for (u32 i = 0; i < anybpf_nr_cpus(f->ctx); i++)
		sum += *(u32 *)(void *)&copies[i];
	check_eq(sum, 2);
	check_eq(anybpf_map_lookup(map, &key, sizeof(key), copies, 4, 0), (u64)-EINVAL);
	free(copies);
}

static void test_run(void)
{
	struct fixture f;
	struct anybpf_map *counts, *bss;
	u32 key = 2;
	u64 value = 0;

	if (!setup_loaded(&f, "run.bpf.o"))
		return;
	check_eq(run(&f, "count"), XDP_TX);
	check_eq(run(&f, "count"), XDP_TX);
	counts = anybpf_object_find_map(f.object, "counts");
	check_eq(anybpf_map_lookup(counts, &key, 4, &value, 8, 0), 0);
	check_eq(value, 2 * (10 * 3 + 4));
	check_per_cpu(&f);
	bss = anybpf_object_find_map(f.object, ".bss");
	key = 0;
	check_eq(anybpf_map_lookup(bss, &key, 4, &value, 8, 0), 0);
	check_eq(value, 128);
	teardown(&f);
}

static void test_tail_call(void)
{
	struct fixture f;

	if (!setup_loaded(&f, "run.bpf.o"))
		return;
	check_eq(run(&f, "drop"), XDP_DROP);
	check_eq(run(&f, "jump"), XDP_DROP);
	teardown(&f);
}

/* Without type information as well. */
static void test_plain(void)
{
	struct fixture f;

	if (!setup_loaded(&f, "plain.bpf.o"))
		return;
	check_eq(run(&f, "plain"), XDP_PASS);
	teardown(&f);
}

static void test_shared_data(void)
{
	struct fixture f;
	size_t size = 0;
	u32 *factor, key = 0, bonus = 1;
	const u64 *bytes;
	struct anybpf_map *rodata;

	if (!setup_loaded(&f, "run.bpf.o"))
		return;
	factor = anybpf_map_data(anybpf_object_find_map(f.object, ".data"), &size);
	bytes = anybpf_map_data(anybpf_object_find_map(f.object, ".bss"), NULL);
	rodata = anybpf_object_find_map(f.object, ".rodata");
	check(factor && bytes);
	if (factor && bytes) {
		u64 value = 0;

		check_eq(size, 4);
		check_eq(*factor, 3);
		*factor = 5;
		run(&f, "count");
		check_eq(*bytes, 64);
		key = 2;
		anybpf_map_lookup(anybpf_object_find_map(f.object, "counts"), &key, 4, &value, 8,
				  0);
		check_eq(value, 54);
	}
	key = 0;
	check_eq(anybpf_map_update(rodata, &key, 4, &bonus, 4, 0), (u64)-EPERM);
	teardown(&f);
}

static void test_rejected(void)
{
	struct fixture f;
	struct anybpf_program *bad;

	if (!setup(&f, "run.bpf.o"))
		return;
	bad = anybpf_object_find_program(f.object, "bad");
	check(bad);
	anybpf_program_set_autoload(bad, true);
	check_eq(anybpf_object_load(f.object), (u64)-EACCES);
	if (!strstr(anybpf_error(f.ctx), "run: program \"bad\" is rejected: Permission denied: "))
		tap_fail("\"%s\"", anybpf_error(f.ctx));
	if (!strstr(anybpf_program_log(bad), "invalid access to packet"))
		tap_fail("\"%s\"", anybpf_program_log(bad));
	check(anybpf_program_fd(bad) < 0);
	teardown(&f);
}

/* What is weak is missing, and a program may find that out. */
static void test_weak(void)
{
	static const char *const progs[] = {"weak_call", "weak_variable", "weak_unchecked"};
	struct anybpf_program *prog = NULL;
	struct fixture f;

	if (!setup(&f, "externs.bpf.o"))
		return;
	while ((prog = anybpf_object_next_program(f.object, prog)))
		anybpf_program_set_autoload(prog, false);
	for (u32 i = 0; i < ARRAY_SIZE(progs); i++) {
		prog = anybpf_object_find_program(f.object, progs[i]);
		anybpf_program_set_autoload(prog, true);
		if (i < 2 && anybpf_object_load(f.object))
			tap_fail("%s", anybpf_error(f.ctx));
	}
	check_eq(run(&f, "weak_call"), XDP_PASS);
	check_eq(run(&f, "weak_variable"), XDP_TX);
	check(anybpf_object_load(f.object));
	check_str(anybpf_error(f.ctx),
		  "externs: program \"weak_unchecked\" is rejected: it calls the kernel function "
		  "\"bpf_weak_kfunc\", which is not supported yet");
	teardown(&f);
}

/* ---- maps ---- */

static void test_map_calls(void)
{
	struct fixture f;
	struct anybpf_map *counts;
	u32 key = 0, next = 9;
	u64 value = 77;

	if (!setup(&f, "run.bpf.o"))
		return;
	counts = anybpf_object_find_map(f.object, "counts");
	check_eq(anybpf_map_lookup(counts, &key, 4, &value, 8, 0), (u64)-EBADF);
	check_eq(anybpf_map_set_max_entries(counts, 3), 0);
	if (anybpf_object_load(f.object))
		tap_fail("%s", anybpf_error(f.ctx));
	check_eq(anybpf_map_max_entries(counts), 3);
	check_eq(anybpf_map_update(counts, &key, 4, &value, 8, 0), 0);
	value = 0;
	check_eq(anybpf_map_lookup(counts, &key, 4, &value, 8, 0), 0);
	check_eq(value, 77);
	check_eq(anybpf_map_lookup(counts, &key, 8, &value, 8, 0), (u64)-EINVAL);
	check_eq(anybpf_map_lookup(counts, &key, 4, &value, 4, 0), (u64)-EINVAL);
	check_eq(anybpf_map_update(counts, &key, 4, &value, 9, 0), (u64)-EINVAL);
	check_eq(anybpf_map_delete(counts, &key, 4), (u64)-EINVAL);
	check_eq(anybpf_map_next_key(counts, NULL, &next, 4), 0);
	check_eq(next, 0);
	key = 2;
	check_eq(anybpf_map_next_key(counts, &key, &next, 4), (u64)-ENOENT);
	key = 3;
	check_eq(anybpf_map_lookup(counts, &key, 4, &value, 8, 0), (u64)-ENOENT);
	teardown(&f);
}

static void test_names(void)
{
	static const char *const progs[] = {"drop", "count", "jump", "bad"};
	struct fixture f;
	struct anybpf_program *prog = NULL;
	struct anybpf_map *map = NULL;
	u32 n = 0;

	if (!setup(&f, "run.bpf.o"))
		return;
	while ((prog = anybpf_object_next_program(f.object, prog)))
		n++;
	check_eq(n, ARRAY_SIZE(progs));
	for (u32 i = 0; i < ARRAY_SIZE(progs); i++) {
		prog = anybpf_object_find_program(f.object, progs[i]);
		check(prog && !strcmp(anybpf_program_name(prog), progs[i]) &&
		      anybpf_program_type(prog) == 6);
	}
	check_str(anybpf_program_section(prog), "?xdp");
	check(!anybpf_object_find_program(f.object, "total"));
	for (n = 0; (map = anybpf_object_next_map(f.object, map)); n++)
		check(map == anybpf_object_find_map(f.object, anybpf_map_name(map)));
	check_eq(n, 6);
	map = anybpf_object_find_map(f.object, "per_cpu");
	check_eq(anybpf_map_type(map), 6);
	check_eq(anybpf_map_key_size(map), 4);
	check_eq(anybpf_map_value_size(map), 4);
	check_eq((u32)anybpf_map_fd(map), UINT32_MAX);
	check(!anybpf_object_find_map(f.object, "nothing"));
	teardown(&f);
}

/* ---- the program's buffer ---- */

static void test_bad_runs(void)
{
	struct fixture f;
	u8 buffer[64] = {0};
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = sizeof(buffer),
		    .data_size = 64);
	struct anybpf_program *prog;

	if (!setup(&f, "run.bpf.o"))
		return;
	prog = anybpf_object_find_program(f.object, "drop");
	check_eq(anybpf_program_run(prog, &run), (u64)-EBADF);
	if (anybpf_object_load(f.object))
		tap_fail("%s", anybpf_error(f.ctx));
	run.data_size = 65;
	check_eq(anybpf_program_run(prog, &run), (u64)-EINVAL);
	run.data_size = 64;
	run.data_offset = 1;
	check_eq(anybpf_program_run(prog, &run), (u64)-EINVAL);
	run.data_offset = 65;
	run.data_size = 0;
	check_eq(anybpf_program_run(prog, &run), (u64)-EINVAL);
	run.size = 3;
	check_eq(anybpf_program_run(prog, &run), (u64)-EINVAL);
	teardown(&f);
}

/* ---- contexts ---- */

static void test_options(void)
{
	struct {
		struct anybpf_options opts;
		u64 newer;
	} future = {.opts = {.size = sizeof(future)}};
	ANYBPF_OPTS(anybpf_options, opts, .engine = (enum anybpf_engine)99);
	struct anybpf *ctx;

	check_eq(anybpf_new(&future.opts, &ctx), 0);
	check_str(anybpf_error(ctx), "");
	anybpf_free(ctx);
	future.newer = 1;
	check_eq(anybpf_new(&future.opts, &ctx), (u64)-E2BIG);
	check(!ctx);
	check_eq(anybpf_new(&opts, &ctx), (u64)-EINVAL);
	opts = (struct anybpf_options){.size = sizeof(size_t) + 4};
	check_eq(anybpf_new(&opts, &ctx), 0);
	anybpf_free(ctx);
	opts = (struct anybpf_options){.size = sizeof(opts), .nr_cpus = 3};
	check_eq(anybpf_new(&opts, &ctx), 0);
	check_eq(anybpf_nr_cpus(ctx), 3);
	anybpf_free(ctx);
	check_eq(anybpf_new(NULL, &ctx), 0);
	anybpf_free(ctx);
	anybpf_free(NULL);
}

static void test_no_object(void)
{
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;

	check(!anybpf_new(NULL, &ctx));
	check_eq(anybpf_object_open(ctx, "/no/such.o", &object), (u64)-ENOENT);
	check_str(anybpf_error(ctx), "/no/such.o: No such file or directory");
	check(!object);
	check_eq(anybpf_object_open_mem(ctx, "text", 4, "memory", &object), (u64)-EINVAL);
	check_str(anybpf_error(ctx), "memory: not an ELF file");
	anybpf_object_close(NULL);
	anybpf_free(ctx);
}

/* An embedder's allocator: all of it is given back. */
static void *counting_realloc(void *held, void *p, size_t size)
{
	_Atomic s64 *n = held;

	*n += !p && size;
	*n -= p && !size;
	if (size)
		return realloc(p, size);
	free(p);
	return NULL;
}

static void test_allocator(void)
{
	_Atomic s64 held = 0;
	ANYBPF_OPTS(anybpf_options, opts, .realloc = counting_realloc, .realloc_ctx = &held);
	struct anybpf_object *object;
	struct anybpf *ctx;

	if (!have_object("run.bpf.o"))
		return;
	check(!anybpf_new(&opts, &ctx));
	check(!anybpf_object_open(ctx, object_path("run.bpf.o"), &object));
	check(!anybpf_object_load(object));
	check(held > 0);
	anybpf_object_close(object);
	anybpf_free(ctx);
	check_eq(held, 0);
}

static const struct {
	const char *name;
	void (*test)(void);
} engine_tests[] = {
	{"run", test_run},
	{"tail call", test_tail_call},
	{"no type information", test_plain},
	{"shared data", test_shared_data},
	{"rejected", test_rejected},
	{"weak externs", test_weak},
	{"map calls", test_map_calls},
	{"names", test_names},
	{"bad runs", test_bad_runs},
};

int main(void)
{
	for (u32 e = 0; e < ARRAY_SIZE(engine_names); e++) {
		engine = (enum anybpf_engine)e;
		for (u32 i = 0; i < ARRAY_SIZE(engine_tests); i++) {
			char name[64];

			snprintf(name, sizeof(name), "%s: %s", engine_names[e],
				 engine_tests[i].name);
			tap_begin(name);
			engine_tests[i].test();
			tap_end();
		}
	}
	run_test(test_options);
	run_test(test_no_object);
	run_test(test_allocator);
	return tap_done();
}
