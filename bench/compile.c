/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the time to compile grows with the program. Prints a line of JSON for
 * each made-up program: its shape, instructions, nanoseconds to compile each,
 * bytes of memory that the compiler held at most. Time is the processor's, as
 * others may be at work, and the best of a few tries.
 *
 *	bench-compile			shapes that programs have, 1,000 to 1,000,000 instructions
 *	bench-compile hostile		shapes that are made to be slow
 *	bench-compile SHAPE [SIZE]	one of them
 */
#include <stdlib.h>

#include "base/os.h"
#include "engine.h"
#include "jit/jit.h"
#include "jit/shapes.h"

#define TRY_NS 400000000ull /* of tries for one program */
#define TRIES  100

static const u32 sizes[] = {1000, 10000, 100000, 1000000};
static const u32 hostile_sizes[] = {10000, 40000, 250000, 1000000};

/* Nanoseconds of one compilation; 0 when it could not be done. */
static u64 compile_once(struct prog *prog)
{
	u64 start = os_clock_ns(CLOCK_PROCESS_CPUTIME_ID), ns;
	struct err err = {0};

	if (jit_compile(prog, NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 0;
	}
	ns = os_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
	jit_free(prog);
	return ns;
}

static u64 best_of(struct prog *prog)
{
	u64 best = UINT64_MAX, spent = 0;

	for (u32 i = 0; i < TRIES && spent < TRY_NS; i++) {
		u64 ns = compile_once(prog);

		if (!ns)
			return 0;
		spent += ns;
		best = ns < best ? ns : best;
	}
	return best;
}

static bool measure(const struct jit_shape *shape, u32 size)
{
	struct host_options options;
	struct mem_meter meter;
	struct host *host;
	struct prog *prog;
	size_t before;
	u64 ns;

	mem_meter_init(&meter, &mem_libc);
	host_options_init(&options);
	options.mem = &meter.mem;
	if (host_new(&options, &host))
		return false;
	prog = jit_shape_prog(host, shape, size);
	before = meter.peak = meter.now;
	ns = best_of(prog);
	printf("{\"shape\": \"%s\", \"insns\": %u, \"ns\": %.1f, \"bytes\": %.1f}\n", shape->name,
	       prog->insn_cnt, (double)ns / prog->insn_cnt,
	       (double)(meter.peak - before) / prog->insn_cnt);
	fflush(stdout);
	object_put(&prog->obj);
	host_free(host);
	return ns;
}

static bool measure_all(const char *name, bool hostile, u32 size)
{
	bool ok = true;

	for (u32 i = 0; i < jit_shape_cnt; i++) {
		const struct jit_shape *shape = &jit_shapes[i];

		if (name ? strcmp(name, shape->name) != 0 : shape->hostile != hostile)
			continue;
		if (size) {
			ok &= measure(shape, size);
			continue;
		}
		for (u32 k = 0; k < ARRAY_SIZE(sizes); k++)
			ok &= measure(shape, shape->hostile ? hostile_sizes[k] : sizes[k]);
	}
	return ok;
}

int main(int argc, char **argv)
{
	bool hostile = argc > 1 && !strcmp(argv[1], "hostile");
	const char *name = argc > 1 && !hostile ? argv[1] : NULL;
	u32 size = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 0;

	return !measure_all(name, hostile, size);
}
