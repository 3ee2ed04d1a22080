/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large programs: that the time and the memory that compiling takes grow with
 * the program and no faster, also of programs that are made to be slow; and that
 * functions that are too large for some of the passes do what they should.
 */
#include <time.h>

#include "base/os.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "shapes.h"

#define SMALL 4000
#define TIMES 16
/*
 * Times as much for a program of TIMES the size, at most. Linear is TIMES, more
 * when the smaller one fits into the caches; quadratic is TIMES * TIMES.
 */
#define GROWTH (TIMES * 6)
#define TRIES  3

struct cost {
	u64 ns;
	size_t bytes;
};

static struct cost compile(const struct jit_shape *shape, u32 size)
{
	struct host_options options;
	struct cost cost = {0};
	struct mem_meter meter;
	struct err err = {0};
	struct host *host;
	struct prog *prog;
	size_t before;
	u64 start;

	mem_meter_init(&meter, &mem_libc);
	host_options_init(&options);
	options.mem = &meter.mem;
	check_eq(host_new(&options, &host), 0);
	prog = jit_shape_prog(host, shape, size);
	before = meter.peak = meter.now;
	start = os_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (jit_compile(prog, NULL, &err))
		tap_fail("%s, of %u: %s", shape->name, size, err.text);
	cost.ns = os_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	cost.bytes = meter.peak - before;
	jit_free(prog);
	object_put(&prog->obj);
	host_free(host);
	return cost;
}

static void test_growth(const struct jit_shape *shape)
{
	struct cost small = {0}, large = {0};
	bool slow = true;

	/* Others may be at work. */
	for (u32 i = 0; i < TRIES && slow; i++) {
		small = compile(shape, SMALL);
		large = compile(shape, SMALL * TIMES);
		slow = large.ns > small.ns * GROWTH;
	}
	if (slow)
		tap_fail("%u instructions take %llu us, %u take %llu us", SMALL,
			 (unsigned long long)small.ns / 1000, SMALL * TIMES,
			 (unsigned long long)large.ns / 1000);
	if (large.bytes > small.bytes * TIMES * 2)
		tap_fail("%u instructions take %zu KiB, %u take %zu KiB", SMALL, small.bytes >> 10,
			 SMALL * TIMES, large.bytes >> 10);
}

/* Machine code and interpreter agree, below and above the size at which passes are left out. */
static void test_result(const struct jit_shape *shape)
{
	static const u32 sizes[] = {2000, 60000, 400000};
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct prog *prog = jit_shape_prog(host, shape, sizes[i]);
		u64 want = engine_run(interp_run, prog, NULL, NULL);

		check_eq(jit_compile(prog, NULL, NULL), 0);
		check_eq(engine_run(jit_run, prog, NULL, NULL), want);
		jit_free(prog);
		object_put(&prog->obj);
	}
	host_free(host);
}

int main(void)
{
	for (u32 i = 0; i < jit_shape_cnt; i++) {
		tap_begin(jit_shapes[i].name);
		if (!jit_present())
			tap_skip("no JIT compiler for this machine");
		else
			test_growth(&jit_shapes[i]);
		if (jit_present() && !jit_shapes[i].hostile)
			test_result(&jit_shapes[i]);
		tap_end();
	}
	return tap_done();
}
