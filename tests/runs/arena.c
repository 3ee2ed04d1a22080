/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas from both sides, on each engine: results must be the same. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "anybpf/anybpf.h"
#include "base/os.h"
#include "base/types.h"
#include "tap.h"

#define PAGES 16

static const struct engine {
	const char *name;
	enum anybpf_engine engine;
	bool interpret;
	u64 steps;
} engines[] = {
	{"machine code", ANYBPF_ENGINE_USER, false, 0},
	{"interpreter", ANYBPF_ENGINE_USER, true, 0},
	{"machine code with a budget", ANYBPF_ENGINE_USER, false, 100000000},
	{"kernel", ANYBPF_ENGINE_KERNEL, false, 0},
};

struct node {
	struct node *next;
	u64 value;
};

/* The programs' global variables. */
struct globals {
	struct node *head;
	u64 *shared;
	u64 seen[8];
};

static struct test {
	struct anybpf *ctx;
	struct anybpf_object *object;
	struct globals *g;
	u8 *arena;
} test;

static void run(const char *name)
{
	struct anybpf_program *prog = anybpf_object_find_program(test.object, name);
	ANYBPF_OPTS(anybpf_test_run, run);
	int ret = anybpf_program_test_run(prog, &run);

	if (ret)
		tap_fail("%s: %s", name, strerror(-ret));
	else if (run.retval)
		tap_fail("%s: what line %u says is not so", name, run.retval);
}

/* What programs do on their own, more than once: nothing must be left of it. */
static void alone(void)
{
	for (u32 i = 0; i < 3; i++) {
		run("pages");
		run("contents");
		run("nothing");
		check_eq(test.g->seen[0], 6);
		check_eq(test.g->seen[1], 7);
		check_eq(test.g->seen[2], 8);
		run("far");
		run("atomics");
	}
}

static void together(void)
{
	struct node *own;
	u64 sum = 0;

	run("build_list");
	for (struct node *node = test.g->head; node; node = node->next)
		sum += node->value;
	check_eq(sum, 45);
	own = (struct node *)(void *)(test.arena + (PAGES - 1) * os_page_size());
	check_eq(own->value, 0); /* there it is */
	own->value = 1000;
	own->next = test.g->head;
	test.g->head = own;
	run("sum_list");
	check_eq(test.g->seen[0], 1045);
	test.g->shared = (u64 *)(void *)(test.arena + 7 * os_page_size());
	*test.g->shared = 55;
	run("see_shared");
	check_eq(test.g->seen[1], 55);
	check_eq(*test.g->shared, 99);
}

static int begin(const char *path, const struct engine *engine)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine->engine, .interpret = engine->interpret,
		    .max_steps = engine->steps);
	size_t size = 0;
	int ret;

	memset(&test, 0, sizeof(test));
	ret = anybpf_new(&opts, &test.ctx);
	if (ret)
		return ret;
	ret = anybpf_object_open(test.ctx, path, &test.object);
	if (!ret)
		ret = anybpf_object_load(test.object);
	if (ret)
		return ret;
	test.g = anybpf_map_data(anybpf_object_find_map(test.object, ".bss"), NULL);
	test.arena = anybpf_map_data(anybpf_object_find_map(test.object, "arena"), &size);
	check(test.g && test.arena);
	check_eq(size, PAGES * os_page_size());
	return 0;
}

static void end(void)
{
	anybpf_object_close(test.object);
	anybpf_free(test.ctx);
}

int main(int argc, char **argv)
{
	if (argc < 2 || access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel, or no compiler for programs\n");
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(engines); i++) {
		int ret;

		tap_begin(engines[i].name);
		ret = begin(argv[1], &engines[i]);
		if (!ret) {
			alone();
			together();
		} else if (engines[i].engine == ANYBPF_ENGINE_KERNEL) {
			tap_skip("the kernel lets us not");
		} else {
			tap_fail("%s", test.ctx ? anybpf_error(test.ctx) : "no engine");
		}
		end();
		tap_end();
	}
	return tap_done();
}
