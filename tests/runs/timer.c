/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callbacks of timers and work queues: by the host's thread, by hand, and in
 * the kernel. What they have seen must be the same.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "anybpf/anybpf.h"
#include "base/types.h"
#include "tap.h"

#define ALL_DONE 5   /* callbacks that say so */
#define PATIENCE 400 /* of 10 ms */

struct globals {
	u64 seen[64], finished;
};

static int run(const struct anybpf_object *object, const char *name)
{
	u8 packet[64] = {0};
	ANYBPF_OPTS(anybpf_test_run, run, .data_in = packet, .data_size_in = sizeof(packet));
	struct anybpf_program *prog = anybpf_object_find_program(object, name);
	int ret = prog ? anybpf_program_test_run(prog, &run) : -ENOENT;

	if (ret)
		tap_fail("%s: %s", name, strerror(-ret));
	else if (run.retval)
		tap_fail("%s: what line %u says is not so", name, run.retval);
	return ret;
}

static void read_globals(const struct anybpf_object *object, struct globals *to)
{
	const struct anybpf_map *map = anybpf_object_find_map(object, ".bss");
	u32 key = 0;

	check(map);
	if (map)
		check_eq(anybpf_map_lookup(map, &key, sizeof(key), to, sizeof(*to), 0), 0);
}

static void wait_for_all(struct anybpf *ctx, const struct anybpf_object *object, bool manual,
			 struct globals *globals)
{
	const struct timespec nap = {.tv_nsec = 10000000};

	for (u32 i = 0; i < PATIENCE; i++) {
		if (manual)
			anybpf_run_timers(ctx);
		read_globals(object, globals);
		if (globals->finished == ALL_DONE)
			break;
		nanosleep(&nap, NULL);
	}
	/* Long enough for what must not happen. */
	for (u32 i = 0; i < 8; i++)
		nanosleep(&nap, NULL);
	read_globals(object, globals);
	check_eq(globals->finished, ALL_DONE);
	check_eq(globals->seen[60], 0);
}

static void test_engine(const char *path, const struct anybpf_options *opts,
			struct globals *globals)
{
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;
	int ret = anybpf_new(opts, &ctx);

	if (ret) {
		if (opts->engine == ANYBPF_ENGINE_KERNEL)
			tap_skip("there is no such engine here");
		else
			tap_fail("no engine: %s", strerror(-ret));
		return;
	}
	ret = anybpf_object_open(ctx, path, &object);
	if (!ret)
		ret = anybpf_object_load(object);
	if (ret == -EPERM && opts->engine == ANYBPF_ENGINE_KERNEL) {
		tap_skip("the kernel refuses bpf()");
	} else if (ret) {
		tap_fail("%s", anybpf_error(ctx));
	} else {
		run(object, "errors");
		run(object, "starts");
		wait_for_all(ctx, object, opts->manual_timers, globals);
	}
	anybpf_object_close(object);
	anybpf_free(ctx);
}

int main(int argc, char **argv)
{
	ANYBPF_OPTS(anybpf_options, thread);
	ANYBPF_OPTS(anybpf_options, interpreter, .interpret = true);
	ANYBPF_OPTS(anybpf_options, manual, .manual_timers = true);
	ANYBPF_OPTS(anybpf_options, kernel, .engine = ANYBPF_ENGINE_KERNEL);
	const struct {
		const char *name;
		const struct anybpf_options *opts;
	} ways[] = {
		{"by a thread", &thread},
		{"interpreted", &interpreter},
		{"by hand", &manual},
		{"in the kernel", &kernel},
	};
	static struct globals globals[ARRAY_SIZE(ways)];

	if (argc < 2 || access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel, or no compiler for programs\n");
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		tap_begin(ways[i].name);
		test_engine(argv[1], ways[i].opts, &globals[i]);
		if (!tap.skip)
			check(!memcmp(&globals[0], &globals[i], sizeof(globals[0])));
		tap_end();
	}
	return tap_done();
}
