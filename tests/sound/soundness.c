/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Soundness: random programs that the verifier accepts must not do what they
 * may not, whatever their input. Each runs on several inputs in the checking
 * execution of check.c, and as machine code with the same results.
 *
 *	sound-soundness [PROGRAMS [FIRST SEED]]
 *
 * The last line is the figures. A single program is printed, with the verifier's log.
 */
#include "tap.h"

#include "sound/exec.h"

#define PROGRAMS 1500
#define INPUTS	 8
#define PRINTED	 5 /* programs with violations */

struct counts {
	u64 programs, accepted, runs, violations, stopped, compared, by_chance, steps;
};

static struct bench {
	struct exec exec, other;
	struct counts n;
	bool show;
} bench;

static void report(struct bench *b, const struct gen *g, u32 input, const char *what)
{
	b->n.violations++;
	printf("# seed %llu, input %u: %s\n", (unsigned long long)g->seed, input, what);
	if (b->n.violations <= PRINTED)
		gen_print(g->insns, g->cnt);
	tap_fail("seed %llu, input %u: %s", (unsigned long long)g->seed, input, what);
}

static bool has_callback(const struct prog *prog)
{
	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		if (prog->subprogs[i].is_callback)
			return true;
	}
	return false;
}

static bool has_may_goto(const struct gen *g)
{
	for (u32 i = 0; i < g->cnt; i++) {
		if (isa_is_may_goto(&g->insns[i]))
			return true;
	}
	return false;
}

/* Whether the checked execution ended, with nothing to complain of. */
static bool went_well(struct bench *b, const struct exec_prog *p, u32 nr)
{
	const struct check *c = &b->exec.check;

	b->n.runs++;
	b->n.steps += c->steps;
	if (c->text[0]) {
		report(b, p->g, nr, c->text);
		return false;
	}
	if (!c->stopped)
		return true;
	/* Only callbacks and what may_goto ends may repeat what the verifier saw once. */
	b->n.stopped++;
	if (!has_callback(p->prog) && !has_may_goto(p->g))
		report(b, p->g, nr, "it does not end");
	return false;
}

static void run_input(struct bench *b, const struct exec_prog *p, u32 nr)
{
	static struct outcome interpreted, compiled;
	u64 seed = p->g->seed * INPUTS + nr;
	char differs[OUTCOME_TEXT];
	struct input in;

	input_make(&in, p->g, seed);
	exec_checked(&b->exec, p, &in, seed, &interpreted);
	if (!went_well(b, p, nr) || !p->prog->jit)
		return;
	exec_run(&b->exec, p, &in, seed, &compiled);
	if (!outcome_differs(&interpreted, &compiled, differs))
		b->n.compared++;
	else if (b->exec.check.unready || exec_by_chance(&b->exec, &b->other, p->g, &in, seed))
		b->n.by_chance++;
	else
		report(b, p->g, nr, differs);
}

static void test_program(struct bench *b, u64 seed)
{
	static struct gen g;
	u64 violations = b->n.violations;
	struct exec_prog p;
	struct log log;

	gen_program(&g, seed);
	if (b->show)
		gen_print(g.insns, g.cnt);
	log_init(&log, &mem_libc, b->show ? LOG_LEVEL1 : 0);
	b->n.programs++;
	if (!exec_load(&b->exec, &g, &log, &p)) {
		b->n.accepted++;
		for (u32 i = 0; i < INPUTS && b->n.violations == violations; i++)
			run_input(b, &p, i);
	}
	if (b->show)
		printf("%s", buf_str(&log.text));
	exec_unload(&p);
	log_free(&log);
}

static void print_counts(const struct counts *n)
{
	printf("# soundness: %llu programs, %llu accepted, %llu runs, %llu steps, %llu compared "
	       "with "
	       "machine code, %llu by chance, %llu stopped, %llu violations\n",
	       (unsigned long long)n->programs, (unsigned long long)n->accepted,
	       (unsigned long long)n->runs, (unsigned long long)n->steps,
	       (unsigned long long)n->compared, (unsigned long long)n->by_chance,
	       (unsigned long long)n->stopped, (unsigned long long)n->violations);
}

int main(int argc, char **argv)
{
	u64 programs = argc > 1 ? strtoull(argv[1], NULL, 0) : PROGRAMS;
	u64 first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct bench *b = &bench;

	if (exec_open(&b->exec) || exec_open(&b->other)) {
		printf("Bail out! no maps\n");
		return 1;
	}
	b->show = programs == 1;
	tap_begin("accepted programs do what they may");
	printf("# seeds %llu to %llu\n", (unsigned long long)first,
	       (unsigned long long)(first + programs - 1));
	for (u64 seed = first; seed < first + programs; seed++)
		test_program(b, seed);
	if (programs > 100 && (b->n.accepted < programs / 5 || b->n.accepted > programs * 9 / 10))
		tap_fail("%llu of %llu programs accepted: that tests little",
			 (unsigned long long)b->n.accepted, (unsigned long long)programs);
	tap_end();
	exec_close(&b->exec);
	exec_close(&b->other);
	tap_done();
	print_counts(&b->n);
	return tap.failed ? 1 : 0;
}
