/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the programs of this folder on each engine, see runs.h. One test per
 * object and engine; what the kernel refuses to do at all is skipped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs/once.h"
#include "tap.h"

static const struct engine {
	const char *name;
	enum anybpf_engine engine;
	bool interpret;
	u64 steps;
	bool file; /* the code comes from one */
} engines[] = {
	{"machine code", ANYBPF_ENGINE_USER, false, 0, false},
	{"interpreter", ANYBPF_ENGINE_USER, true, 0, false},
	{"machine code with a budget", ANYBPF_ENGINE_USER, false, 100000000, false},
	{"machine code of a file", ANYBPF_ENGINE_USER, false, 0, true},
	{"kernel", ANYBPF_ENGINE_KERNEL, false, 0, false},
};

/* Global variables of an object as they are after its programs have run. */
struct outcome {
	size_t size;
	u8 data[65536];
};

static const char *object_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void run_program(struct anybpf_program *prog)
{
	u32 retval;
	int ret = run_once(prog, &retval);

	if (ret)
		tap_fail("%s: %s", anybpf_program_name(prog), strerror(-ret));
	else if (retval)
		tap_fail("%s: what line %u says is not so", anybpf_program_name(prog), retval);
}

static bool is_globals(const struct anybpf_map *map)
{
	const char *dot = strrchr(anybpf_map_name(map), '.');

	return dot && (!strcmp(dot, ".bss") || !strcmp(dot, ".data"));
}

static void note_globals(const struct anybpf_object *object, struct outcome *to)
{
	for (struct anybpf_map *map = NULL; (map = anybpf_object_next_map(object, map));) {
		size_t size;
		u32 key = 0;

		if (!is_globals(map))
			continue;
		size = anybpf_map_value_size(map);
		if (size > sizeof(to->data) - to->size) {
			tap_fail("too many global variables");
			return;
		}
		check_eq(anybpf_map_lookup(map, &key, sizeof(key), to->data + to->size, size, 0),
			 0);
		to->size += size;
	}
}

/* Compiles the object's programs into the file: 0, or -EOPNOTSUPP without a compiler. */
static int compile_to(const char *path, const char *file)
{
	ANYBPF_OPTS(anybpf_options, opts);
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;
	int ret = anybpf_new(&opts, &ctx);

	if (!ret)
		ret = anybpf_object_open(ctx, path, &object);
	if (!ret)
		ret = anybpf_object_compile(object, file, NULL);
	if (ret && ret != -EOPNOTSUPP)
		tap_fail("%s", anybpf_error(ctx));
	anybpf_object_close(object);
	anybpf_free(ctx);
	return ret;
}

/* False where the engine is not to be had. */
static bool run_object(const char *path, const struct engine *engine, struct outcome *outcome)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine->engine, .interpret = engine->interpret,
		    .max_steps = engine->steps);
	char file[] = "/tmp/anybpf-runs-XXXXXX";
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;
	int ret;

	if (engine->file) {
		int fd = mkstemp(file);

		close(fd);
		ret = fd < 0 ? -errno : compile_to(path, file);
		opts.aot = file;
		if (ret == -EOPNOTSUPP) {
			unlink(file);
			return false;
		}
	}
	ret = anybpf_new(&opts, &ctx);
	if (ret && engine->engine == ANYBPF_ENGINE_KERNEL)
		return false;
	if (ret) {
		tap_fail("no engine: %s", strerror(-ret));
		return true;
	}
	outcome->size = 0;
	ret = anybpf_object_open(ctx, path, &object);
	if (!ret)
		ret = anybpf_object_load(object);
	if (ret == -EPERM && engine->engine == ANYBPF_ENGINE_KERNEL) {
		anybpf_object_close(object);
		anybpf_free(ctx);
		return false;
	}
	if (ret)
		tap_fail("%s", anybpf_error(ctx));
	for (struct anybpf_program *prog = NULL;
	     !ret && (prog = anybpf_object_next_program(object, prog));)
		run_program(prog);
	if (!ret)
		note_globals(object, outcome);
	anybpf_object_close(object);
	anybpf_free(ctx);
	if (engine->file)
		unlink(file);
	return true;
}

/* What knows where the host has its fields is not for the kernel. */
static bool runs_on(const char *path, const struct engine *engine)
{
	return engine->engine == ANYBPF_ENGINE_USER || strncmp(object_name(path), "host_", 5);
}

static void test_object(const char *path)
{
	static struct outcome first, other;

	for (u32 i = 0; i < ARRAY_SIZE(engines); i++) {
		char name[256];
		bool done;

		snprintf(name, sizeof(name), "%s: %s", object_name(path), engines[i].name);
		tap_begin(name);
		done = runs_on(path, &engines[i]) &&
		       run_object(path, &engines[i], i ? &other : &first);
		if (!done)
			tap_skip("there is no such engine here");
		else if (i)
			check(first.size == other.size &&
			      !memcmp(first.data, other.data, first.size));
		tap_end();
	}
}

int main(int argc, char **argv)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel\n");
		return 0;
	}
	for (int i = 1; i < argc; i++)
		test_object(argv[i]);
	return tap_done();
}
