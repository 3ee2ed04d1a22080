/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What running a program costs: as native C, by Linux's machine code, in the
 * interpreter, by ours.
 *
 *	bench-jit [OPTION...] FOLDER [PROGRAM...]
 *
 * FOLDER has the objects of bench/programs. Each program is run on all engines
 * first, and what they return, leave in the packet and in the maps must be the
 * same. Then they are timed in turns, and of each the best turn counts. Prints
 * a JSON line for each program; scripts/bench makes a table of them.
 *
 *	--rounds N	turns of each engine (60)
 *	--turn US	how long one lasts, about (100)
 *	--passes	also compiled in other ways: without each pass, with a budget, blinded
 *	--engine NAME	times only this one: native, linux_call, linux_code, interp, jit
 *	--check		compare only; prints TAP
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/os.h"
#include "jit/jit.h"
#include "side.h"

#define RUNS_COMPARED  3
#define COMPILE_ROUNDS 20

extern struct bench_entry *const __start_bench_entries[], *const __stop_bench_entries[];

struct options {
	u32 rounds, turn_us;
	bool check, passes;
	const char *dir, *engine; /* engine NULL: all */
	char **names;		  /* NULL-terminated; empty: all */
};

static const struct jit_options everything = {.passes = JIT_PASSES_ALL};

/* Ways to compile that are compared: without each pass, then these. */
enum variant {
	VARIANT_USUAL = JIT_PASS_CNT,
	VARIANT_LIMITED,
	VARIANT_BLIND,
	VARIANTS,
};

/* A program on all the engines that there are. */
struct contest {
	const struct bench_entry *entry;
	struct side sides[SIDES];
	bool open[SIDES];
	const char *why;    /* Linux's code is not run here */
	const char *engine; /* those that are timed, with commas; NULL: all but files' code */
	double variants[VARIANTS]; /* ns of a run of ours that is compiled in another way */
	char difference[128];
};

/* ---- all engines say the same ---- */

static void differ(struct contest *c, enum side_kind kind, const char *what)
{
	if (!*c->difference)
		snprintf(c->difference, sizeof(c->difference), "%s differs in %s from native",
			 side_name(kind), what);
}

static int compare_once(struct contest *c)
{
	u32 results[SIDES] = {0};

	for (u32 k = 0; k < SIDES; k++) {
		const struct side *side = &c->sides[k];
		int ret = c->open[k] ? side_run(&c->sides[k], &results[k]) : 0;

		if (ret)
			return ret;
		if (!k || !c->open[k])
			continue;
		if (results[k] != results[0])
			differ(c, k, "its result");
		if (memcmp(side_packet(side), side_packet(&c->sides[0]), PACKET_SIZE) != 0)
			differ(c, k, "the packet");
	}
	return 0;
}

static int compare(struct contest *c)
{
	const char *map;
	int ret = 0;

	for (u32 k = 0; k < SIDES && !ret; k++)
		ret = c->open[k] ? side_setup(&c->sides[k]) : 0;
	for (u32 i = 0; i < RUNS_COMPARED && !ret; i++)
		ret = compare_once(c);
	for (u32 k = 1; k < SIDES && !ret; k++) {
		if (c->open[k] && !side_maps_equal(&c->sides[0], &c->sides[k], &map))
			differ(c, k, map);
	}
	return ret;
}

/* ---- opening ---- */

static int contest_open(struct contest *c, const struct bench_entry *entry,
			const struct options *opts)
{
	*c = (struct contest){.entry = entry, .engine = opts->engine};
	for (u32 k = 0; k < SIDES; k++) {
		int ret;

		/* Linux's code is the same, wherever it runs: only times need both. */
		if (opts->check && k == SIDE_LINUX_CODE)
			continue;
		ret = side_open(&c->sides[k], k, entry, opts->dir, &c->why);
		c->open[k] = !ret;
		if (ret && ret != -EPERM && ret != -ENOSYS && ret != -EOPNOTSUPP)
			return ret;
	}
	return 0;
}

static void contest_close(struct contest *c)
{
	for (u32 k = 0; k < SIDES; k++) {
		if (c->open[k])
			side_close(&c->sides[k]);
	}
}

/* ---- times ---- */

/* As many runs as fill a turn, by what one takes. */
static u32 runs_of_turn(struct side *side, u32 turn_us)
{
	double runs;

	for (u32 i = 0; i < 2; i++)
		side_time(side, 8);
	runs = turn_us * 1000.0 / (side->best > 1 ? side->best : 1);
	return runs < 1 ? 1 : runs > 1e6 ? 1000000 : (u32)runs;
}

/*
 * Linux takes a long time to prepare a test run of more than one turn, as it
 * patches kernel code for it: there are few of them, and they last longer.
 */
#define CALL_TURNS 8

/* Whether the name is in the list, with commas between. */
static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static bool is_timed(const struct contest *c, u32 kind)
{
	if (c->engine ? !is_named(c->engine, side_name(kind)) : kind == SIDE_AOT)
		return false;
	return c->open[kind] && !(kind == SIDE_LINUX_CALL && c->open[SIDE_LINUX_CODE] &&
				  strcmp(c->entry->name, "empty") != 0);
}

static void time_all(struct contest *c, const struct options *opts)
{
	u32 runs[SIDES] = {0};

	for (u32 k = 0; k < SIDES; k++) {
		if (is_timed(c, k)) {
			runs[k] = runs_of_turn(&c->sides[k], opts->turn_us);
			c->sides[k].best = 0;
		}
	}
	for (u32 r = 0; r < opts->rounds; r++) {
		for (u32 k = 0; k < SIDES; k++) {
			bool is_call = k == SIDE_LINUX_CALL;

			if (is_timed(c, k) && (!is_call || r % CALL_TURNS == 0))
				side_time(&c->sides[k], is_call ? runs[k] * CALL_TURNS : runs[k]);
		}
	}
}

static double compile_ns(struct side *side)
{
	u64 best = UINT64_MAX;

	for (u32 i = 0; i < COMPILE_ROUNDS; i++) {
		u64 ns;

		if (side_compile(side, everything, &ns))
			return 0;
		best = u64_min(best, ns);
	}
	return (double)best;
}

static const char *const variant_names[VARIANTS] = {
#define STEP(NAME, text, what)	   text,
#define PASS(NAME, text, fn, what) text,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
	[VARIANT_USUAL] = "usual",
	[VARIANT_LIMITED] = "budget",
	[VARIANT_BLIND] = "blinding",
};

static struct jit_options variant_options(u32 variant)
{
	struct jit_options opts = everything;

	if (variant < JIT_PASS_CNT)
		opts.passes &= ~BIT_ULL(variant);
	opts.limited = variant == VARIANT_LIMITED;
	opts.blind = variant == VARIANT_BLIND;
	return opts;
}

/* 0 where it did not compile. */
static void time_variants(struct contest *c, const struct options *opts)
{
	struct side *side = &c->sides[SIDE_JIT];
	double best = side->best;
	u32 runs = runs_of_turn(side, opts->turn_us);

	for (u32 r = 0; r < opts->rounds; r++) {
		for (u32 v = 0; v < VARIANTS; v++) {
			side->best = c->variants[v];
			if (!side_compile(side, variant_options(v), NULL))
				side_time(side, runs);
			c->variants[v] = side->best;
		}
	}
	(void)side_compile(side, everything, NULL);
	side->best = best;
}

/* ---- printing ---- */

static void print_times(const struct contest *c)
{
	const char *comma = "";

	printf(", \"ns\": {");
	for (u32 k = 0; k < SIDES; k++) {
		if (is_timed(c, k)) {
			printf("%s\"%s\": %.2f", comma, side_name(k), c->sides[k].best);
			comma = ", ";
		}
	}
	printf("}");
}

static void print_variants(const struct contest *c)
{
	printf(", \"variants\": {");
	for (u32 v = 0; v < VARIANTS; v++)
		printf("%s\"%s\": %.2f", v ? ", " : "", variant_names[v], c->variants[v]);
	printf("}");
}

static void print_contest(struct contest *c, const struct options *opts)
{
	struct side *jit = &c->sides[SIDE_JIT];
	size_t size = 0;

	printf("{\"program\": \"%s\", \"what\": \"%s\"", c->entry->name, c->entry->what);
	if (c->entry->ops)
		printf(", \"ops\": %u", c->entry->ops);
	print_times(c);
	if (c->why)
		printf(", \"no_linux_code\": \"%s\"", c->why);
	if (c->open[SIDE_LINUX_CALL])
		printf(", \"linux_bytes\": %u", linux_code_size(c->sides[SIDE_LINUX_CALL].program));
	printf(", \"insns\": %u", c->sides[SIDE_INTERP].prog->insn_cnt);
	if (c->open[SIDE_JIT]) {
		jit_code(jit->prog, &size);
		printf(", \"jit_bytes\": %zu, \"compile_ns\": %.0f", size, compile_ns(jit));
		if (opts->passes)
			print_variants(c);
	}
	printf("}\n");
	fflush(stdout);
}

/* ---- all programs ---- */

static bool is_wanted(const struct options *opts, const char *name)
{
	for (char **n = opts->names; *n; n++) {
		if (!strcmp(*n, name))
			return true;
	}
	return !*opts->names;
}

static int measure(const struct options *opts, const struct bench_entry *entry)
{
	struct contest c;
	int ret = contest_open(&c, entry, opts);

	if (!ret)
		ret = compare(&c);
	if (!ret && *c.difference) {
		fprintf(stderr, "%s: %s\n", entry->name, c.difference);
		ret = -EILSEQ;
	}
	if (!ret) {
		time_all(&c, opts);
		if (opts->passes && c.open[SIDE_JIT])
			time_variants(&c, opts);
		print_contest(&c, opts);
	}
	contest_close(&c);
	return ret;
}

static int check(const struct options *opts, const struct bench_entry *entry, u32 number,
		 bool *linux_asked)
{
	struct contest c;
	int ret = contest_open(&c, entry, opts);

	if (!ret)
		ret = compare(&c);
	*linux_asked |= c.open[SIDE_LINUX_CALL];
	printf("%s %u - %s\n", ret || *c.difference ? "not ok" : "ok", number, entry->name);
	if (ret)
		printf("# %s\n", strerror(-ret));
	if (*c.difference)
		printf("# %s\n", c.difference);
	contest_close(&c);
	return ret ? ret : *c.difference ? -EILSEQ : 0;
}

static int run_all(const struct options *opts)
{
	int failed = 0;
	u32 done = 0;
	bool linux_asked = false;

	for (struct bench_entry *const *e = __start_bench_entries; e < __stop_bench_entries; e++) {
		int ret;

		if (!is_wanted(opts, (*e)->name))
			continue;
		ret = opts->check ? check(opts, *e, done + 1, &linux_asked) : measure(opts, *e);
		failed |= ret;
		done++;
	}
	if (opts->check)
		printf("ok %u - Linux says the same%s\n1..%u\n", done + 1,
		       linux_asked ? "" : " # SKIP it refuses bpf()", done + 1);
	return failed || !done;
}

static bool parse(int argc, char **argv, struct options *opts)
{
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--check"))
			opts->check = true;
		else if (!strcmp(argv[i], "--passes"))
			opts->passes = true;
		else if (!strcmp(argv[i], "--engine") && i + 1 < argc)
			opts->engine = argv[++i];
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			opts->rounds = (u32)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--turn") && i + 1 < argc)
			opts->turn_us = (u32)strtoul(argv[++i], NULL, 10);
		else
			return false;
	}
	if (i >= argc)
		return false;
	opts->dir = argv[i];
	opts->names = argv + i + 1;
	return true;
}

/* One CPU for all, so that they meet the same clock and caches. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(os_current_cpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	struct options opts = {.rounds = 60, .turn_us = 100};

	if (!parse(argc, argv, &opts)) {
		fprintf(stderr,
			"usage: bench-jit [--rounds N] [--turn US] [--passes] [--engine NAME,...] "
			"[--check] FOLDER [PROGRAM...]\n");
		return 2;
	}
	stay_here();
	return run_all(&opts);
}
