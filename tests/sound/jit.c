/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiler against the interpreter: random programs of the shapes that
 * compilers look for, accepted by the verifier and compiled from its facts,
 * each on many inputs. Besides as it is loaded each program runs as it is
 * compiled with some passes, features of the machine, constants blinded, or
 * without facts, and its intermediate form is evaluated. All that can be seen
 * of a run must be the same: r0, context, packet, maps, records.
 *
 *	sound-jit [-d] [-s SECONDS | -n RUNS] [-i INPUTS] [-l N] [SEED]	from this seed on (1)
 *	sound-jit [-d] -p SEED					that program alone, printed
 *
 * With -l every Nth program also runs in Linux, on a few inputs: all engines
 * must do the same as it does.
 *
 * Of a difference it prints the program made as small as it goes, the input,
 * and which passes it needs; with -d also its intermediate form from step to
 * step. The last line is the figures.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#include "../jit/aot_code.h"
#include "../jit/ir_eval.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "jit/pass/pass.h"
#include "sound/fast.h"
#include "sound/linux.h"
#include "sound/reads.h"
#include "sound/shrink.h"

#define RUNS	    300000
#define INPUTS	    250
#define EVALUATIONS 8  /* inputs on which the intermediate form is evaluated: that is slow */
#define PATIENCE    20 /* seconds for one program on all its inputs */
#define PRINTED	    10
#define SUBPROGS    32

/* A program compiled in one way; prog->jit and entries while it is the one that runs. */
struct variant {
	char name[256];
	struct jit_options options;
	bool as_loaded, evaluated;
	bool there;
	struct jit_image *jit;
	jit_entry entry[SUBPROGS];
};

enum { AS_LOADED, OTHERWISE, EVALUATED, VARIANTS };

static struct bench {
	struct fast fast;
	struct fast_pool pool;
	u32 inputs;
	bool show, evaluate, dump;
	sigjmp_buf escape;
	volatile sig_atomic_t can_escape; /* a run is under way */
	struct {
		u64 programs, accepted, compiled, runs, by_chance, too_long, refused, different,
			steps, in_linux;
	} n;
	struct linux_side *linux_side; /* NULL: not asked */
	u64 linux_every;
	u64 seed; /* of the program at hand */
} bench;

/* ---- faults and what does not end ---- */

static const char *escape_name(int why)
{
	return why == SIGALRM	? "it does not end"
	       : why == SIGABRT ? "it finds something to be impossible"
				: "it reaches for memory that is not its own";
}

/* What happens elsewhere, in the verifier say, is no finding that could be gone on from. */
static void escape(int sig)
{
	if (bench.can_escape)
		siglongjmp(bench.escape, sig);
	if (sig != SIGALRM) {
		dprintf(STDOUT_FILENO, "# ---- seed %" PRIu64 ": signal %d between runs\n",
			bench.seed, sig);
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

/* Before the library's own handler, which hands on what it does not know. */
static void catch_faults(void)
{
	struct sigaction act = {.sa_handler = escape, .sa_flags = SA_NODEFER | SA_ONSTACK};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGILL, &act, NULL);
	sigaction(SIGTRAP, &act, NULL);
	sigaction(SIGFPE, &act, NULL);
	sigaction(SIGABRT, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
}

/* ---- variants ---- */

static void keep_code(struct variant *v, struct prog *prog)
{
	v->jit = prog->jit;
	v->there = v->jit;
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		v->entry[i] = prog->subprogs[i].entry;
	prog->jit = NULL;
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		prog->subprogs[i].entry = NULL;
	prog->entry = NULL;
}

static void use_code(const struct variant *v, struct prog *prog)
{
	bench.evaluate = v->evaluated;
	prog->jit = v->jit;
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		prog->subprogs[i].entry = v->entry[i];
	prog->entry = v->entry[0];
}

static void drop_code(struct variant *v, struct prog *prog)
{
	if (v->evaluated && v->there)
		eval_prog_drop(prog);
	use_code(v, prog);
	jit_free(prog);
	v->there = false;
}

static void name_variant(struct variant *v)
{
	const struct jit_options *o = &v->options;
	int n = snprintf(v->name, sizeof(v->name), "%s%s%s%s%s",
			 v->as_loaded ? "as loaded" : "compiled", o->aot ? " into a file" : "",
			 o->facts || v->as_loaded ? "" : ", without facts",
			 o->blind ? ", blinded" : "", o->limited ? ", with a budget" : "");

	if (o->features_off)
		n += snprintf(v->name + n, sizeof(v->name) - (size_t)n, ", features off %#x",
			      o->features_off);
	if (o->passes == JIT_PASSES_ALL)
		return;
	n += snprintf(v->name + n, sizeof(v->name) - (size_t)n, ", passes");
	for (u32 i = 0; i < JIT_PASS_CNT && (size_t)n < sizeof(v->name); i++) {
		if (o->passes & BIT_ULL(i))
			n += snprintf(v->name + n, sizeof(v->name) - (size_t)n, " %s",
				      jit_pass_names[i]);
	}
}

static void random_options(struct jit_options *o, const struct fast_prog *p, u64 *state)
{
	*o = (struct jit_options){
		.facts = p->result.facts, .masks = p->result.masks, .passes = JIT_PASSES_ALL};
	switch (gen_random(state) % 5) {
	case 0: /* without one */
		o->passes &= ~BIT_ULL(gen_random(state) % JIT_PASS_CNT);
		break;
	case 1: /* with one alone */
		o->passes = BIT_ULL(gen_random(state) % JIT_PASS_CNT);
		break;
	case 2:
		o->passes &= gen_random(state);
		break;
	case 3:
		o->passes = gen_random(state) & 1 ? 0 : JIT_PASSES_ALL;
		break;
	default:
		break;
	}
	if (!(gen_random(state) % 4))
		o->facts = NULL;
	if (!(gen_random(state) % 3))
		o->features_off = (u32)(gen_random(state) & gen_random(state));
	o->blind = !(gen_random(state) % 8);
	o->aot = !(gen_random(state) % 8);
	o->limited = !(gen_random(state) % 8);
}

static int run_passes(struct ir_fn *fn, void *arg __unused, struct err *err __unused)
{
	return passes_run(fn);
}

/* 0, or why there is no code. */
static int compile(struct variant *v, const struct fast_prog *p, const struct jit_options *o)
{
	struct err err = {0};
	int ret;

	v->options = *o;
	v->as_loaded = false;
	v->jit = NULL;
	v->there = false;
	name_variant(v);
	if (v->evaluated) {
		ret = eval_prog_add(p->prog, o, run_passes, NULL, &err);
		v->there = !ret;
	} else {
		ret = o->aot ? aot_compile(p->prog, o, &err) : jit_compile(p->prog, o, &err);
		if (!ret)
			keep_code(v, p->prog);
	}
	if (ret && bench.show)
		printf("# %s: %d %s\n", v->name, ret, err.text);
	return ret;
}

/* ---- one run ---- */

enum verdict { SAME, DIFFERENT, BY_CHANCE, TOO_LONG };

/* Loops that may_goto alone ends go round millions of times. */
static bool takes_long(struct bench *b, const struct fast_prog *p, u64 input)
{
	clock_t start = clock();

	fast_reset(&b->fast, p, &b->pool, input);
	fast_interpret(&b->fast, p);
	return clock() - start > CLOCKS_PER_SEC / 20;
}

/*
 * One input, in the interpreter and in the variant's code, which is in use. A
 * fault or want of an end counts as a difference.
 */
static enum verdict compare_run(struct bench *b, const struct fast_prog *p, u64 input, char *text,
				size_t size)
{
	static struct fast_outcome interpreted, compiled;
	struct fast *f = &b->fast;
	volatile bool in_code = false;
	int why;

	why = sigsetjmp(b->escape, 0);
	if (why) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, why);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		if (why == SIGALRM && (!in_code || takes_long(b, p, input)))
			return TOO_LONG;
		snprintf(text, size, "%s: %s", in_code ? "machine code" : "the interpreter",
			 escape_name(why));
		return DIFFERENT;
	}
	b->can_escape = true;
	fast_reset(f, p, &b->pool, input);
	fast_outcome(f, p, fast_interpret(f, p), &interpreted);
	fast_reset(f, p, &b->pool, input);
	in_code = true;
	fast_outcome(f, p, b->evaluate ? fast_run_by(f, p, eval_run) : fast_run(f, p), &compiled);
	if (!fast_differs(f, p, &interpreted, &compiled, text, size))
		return SAME;
	in_code = false;
	return fast_by_chance(f, p, &b->pool, input) ? BY_CHANCE : DIFFERENT;
}

/* Nothing is read twice that may change between; of what the intermediate form shows. */
static bool reads_too_often(struct bench *b, const struct fast_prog *p, u64 input, char *text)
{
	static struct reads most, evaluated;

	reads_start(&most, &b->fast);
	reads_start(&evaluated, &b->fast);
	fast_reset(&b->fast, p, &b->pool, input);
	reads_interpret(&most, &b->fast, p);
	fast_reset(&b->fast, p, &b->pool, input);
	reads_evaluate(&evaluated, &b->fast, p);
	return reads_exceed(&evaluated, &most, text);
}

static enum verdict compare(struct bench *b, const struct fast_prog *p, u64 input, char *text,
			    size_t size)
{
	enum verdict verdict = compare_run(b, p, input, text, size);

	b->can_escape = false;
	if (verdict == SAME && b->evaluate && reads_too_often(b, p, input, text))
		return DIFFERENT;
	return verdict;
}

/* The same when the code has been chosen already, for programs that are made smaller. */
static enum verdict compare_alone(struct bench *b, const struct fast_prog *p,
				  const struct variant *v, u64 input, char *text, size_t size)
{
	enum verdict verdict;

	use_code(v, p->prog);
	run_begin(&b->fast.run, b->fast.host);
	alarm(PATIENCE);
	verdict = compare(b, p, input, text, size);
	alarm(0);
	run_end(&b->fast.run);
	p->prog->jit = NULL;
	return verdict;
}

/* ---- a difference ---- */

struct suspect {
	struct bench *bench;
	struct jit_options options; /* .facts and .masks: any, or NULL */
	bool evaluated;
	u64 input;
};

static bool differs_with(struct bench *b, const struct fast_prog *p, struct jit_options o,
			 bool evaluated, u64 input)
{
	struct variant v = {.evaluated = evaluated};
	char text[256];
	bool differs = false;

	o.facts = o.facts ? p->result.facts : NULL;
	o.masks = o.masks ? p->result.masks : NULL;
	if (compile(&v, p, &o))
		return false;
	differs = compare_alone(b, p, &v, input, text, sizeof(text)) == DIFFERENT;
	drop_code(&v, p->prog);
	return differs;
}

/* For shrink(). */
static bool still_differs(void *arg, const struct gen *g)
{
	struct suspect *s = arg;
	struct fast_prog p;
	bool differs = false;

	if (!fast_load(&s->bench->fast, g, NULL, &p)) {
		jit_free(p.prog);
		differs = differs_with(s->bench, &p, s->options, s->evaluated, s->input);
	}
	fast_unload(&p);
	return differs;
}

/* Without which pass it is gone, and whether facts or passes have to do with it at all. */
static void name_guilty(struct suspect *s, const struct fast_prog *p)
{
	struct jit_options o = s->options;
	bool any = false;

	printf("# goes away without:");
	for (u32 i = 0; i < JIT_PASS_CNT; i++) {
		o.passes = s->options.passes & ~BIT_ULL(i);
		if (o.passes != s->options.passes &&
		    !differs_with(s->bench, p, o, s->evaluated, s->input)) {
			printf(" %s", jit_pass_names[i]);
			any = true;
		}
	}
	o = s->options;
	o.facts = NULL;
	if (s->options.facts && !differs_with(s->bench, p, o, s->evaluated, s->input)) {
		printf(" (all facts)");
		any = true;
	}
	o = s->options;
	o.passes = 0;
	printf("%s; with no pass at all it %s\n", any ? "" : " no single pass",
	       differs_with(s->bench, p, o, s->evaluated, s->input) ? "is there as well"
								    : "is gone");
}

static void dump(void *arg __unused, const char *when, const struct ir_fn *fn)
{
	struct buf text;

	buf_init(&text, &mem_libc);
	ir_print(&text, fn);
	printf("-- %s\n%s", when, buf_str(&text));
	buf_free(&text);
}

static void explain(struct bench *b, const struct gen *g, const struct variant *v, u64 input)
{
	struct suspect s = {
		.bench = b, .options = v->options, .evaluated = v->evaluated, .input = input};
	static struct gen small;
	struct fast_prog p;
	char text[256];
	struct variant again = {.evaluated = v->evaluated};

	if (v->as_loaded)
		s.options = (struct jit_options){.facts = (const void *)g,
						 .masks = (const void *)g,
						 .passes = JIT_PASSES_ALL};
	small = *g;
	if (still_differs(&s, &small))
		shrink(&small, still_differs, &s);
	else
		printf("# compiled once more it does the same: only as loaded it differs\n");
	if (!fast_load(&b->fast, &small, NULL, &p)) {
		jit_free(p.prog);
		gen_print(small.insns, small.cnt);
		s.options.facts = s.options.facts ? p.result.facts : NULL;
		s.options.masks = s.options.masks ? p.result.masks : NULL;
		if (b->dump) {
			s.options.dump = dump;
			s.options.dump_arg = NULL;
		}
		if (!compile(&again, &p, &s.options)) {
			if (compare_alone(b, &p, &again, input, text, sizeof(text)) == DIFFERENT)
				printf("# now: %s\n", text);
			drop_code(&again, p.prog);
		}
		s.options.dump = NULL;
		fast_reset(&b->fast, &p, &b->pool, input);
		fast_print_input(&b->fast, &p);
		name_guilty(&s, &p);
	}
	fast_unload(&p);
	fflush(stdout);
}

/* ---- programs ---- */

/* Inputs through one variant; the first that differs, or -1. */
static s64 run_inputs(struct bench *b, const struct fast_prog *p, struct variant *v, u64 seed,
		      char *text, size_t size)
{
	s64 bad = -1;

	use_code(v, p->prog);
	run_begin(&b->fast.run, b->fast.host);
	alarm(PATIENCE);
	for (u32 i = 0; i < (v->evaluated ? EVALUATIONS : b->inputs) && bad < 0; i++) {
		u64 input = seed << 20 | i;
		enum verdict verdict = compare(b, p, input, text, size);

		b->n.runs++;
		if (verdict == DIFFERENT)
			bad = (s64)i;
		b->n.by_chance += verdict == BY_CHANCE;
		b->n.too_long += verdict == TOO_LONG;
		if (verdict != SAME)
			break;
	}
	alarm(0);
	run_end(&b->fast.run);
	p->prog->jit = NULL;
	return bad;
}

static void count_step(void *arg, struct run *run __unused, const struct prog *prog __unused,
		       u32 index __unused, u64 *regs __unused)
{
	++*(u64 *)arg;
}

/* How much a run does, on one input: a generator whose programs leave at once tests little. */
static void count_steps(struct bench *b, const struct fast_prog *p, u64 seed)
{
	const struct interp_tracer tracer = {.insn = count_step, .arg = &b->n.steps};

	run_begin(&b->fast.run, b->fast.host);
	fast_reset(&b->fast, p, &b->pool, seed << 20);
	b->fast.run.ctx = &b->fast.ctx;
	b->fast.run.prog = p->prog;
	interp_run_traced(&b->fast.run, p->prog->subprogs, ptr_to_u64(&b->fast.ctx), &tracer);
	run_end(&b->fast.run);
}

static void run_program(struct bench *b, const struct gen *g, struct fast_prog *p, u64 seed)
{
	struct variant variants[VARIANTS] = {
		[AS_LOADED] = {.as_loaded = true}, [EVALUATED] = {.evaluated = true}};
	struct jit_options options;
	u64 state = seed;
	char text[256];

	variants[AS_LOADED].options.passes = JIT_PASSES_ALL;
	name_variant(&variants[AS_LOADED]);
	b->n.refused += !p->prog->jit;
	b->n.compiled += p->prog->jit != NULL;
	keep_code(&variants[AS_LOADED], p->prog);
	random_options(&options, p, &state);
	compile(&variants[OTHERWISE], p, &options);
	if (seed % 2) /* of what is loaded */
		options = (struct jit_options){.facts = p->result.facts,
					       .masks = p->result.masks,
					       .passes = JIT_PASSES_ALL};
	compile(&variants[EVALUATED], p, &options);
	for (u32 i = 0; i < VARIANTS; i++) {
		s64 bad;

		if (!variants[i].there)
			continue;
		bad = run_inputs(b, p, &variants[i], seed, text, sizeof(text));
		drop_code(&variants[i], p->prog);
		if (bad < 0)
			continue;
		b->n.different++;
		printf("# ---- seed %" PRIu64 ", input %u, %s: %s\n", seed, (u32)bad,
		       variants[i].name, text);
		tap_fail("seed %" PRIu64 ", input %u, %s: %s", seed, (u32)bad, variants[i].name,
			 text);
		if (b->n.different <= PRINTED)
			explain(b, g, &variants[i], seed << 20 | (u64)bad);
	}
}

/* The same in Linux, with all that is compiled here in two ways. */
static void ask_linux(struct bench *b, const struct gen *g, const struct fast_prog *p, u64 seed)
{
	struct jit_options options[2] = {0};
	u64 state = ~seed;
	char text[LINUX_TEXT];
	s32 runs;

	random_options(&options[0], p, &state);
	runs = linux_compare(b->linux_side, g, options, ARRAY_SIZE(options), text);
	if (runs >= 0) {
		b->n.in_linux += (u64)runs;
		return;
	}
	b->n.different++;
	printf("# ---- seed %" PRIu64 ": %s\n", seed, text);
	tap_fail("seed %" PRIu64 ": %s", seed, text);
}

static void test_program(struct bench *b, u64 seed)
{
	static struct gen g;
	struct fast_prog p;
	struct log log;

	b->seed = seed;
	if (seed % 8 == 3)
		gen_program_plain(&g, seed);
	else
		gen_program_shapes(&g, seed);
	log_init(&log, &mem_libc, b->show ? LOG_LEVEL1 : 0);
	if (b->show)
		gen_print(g.insns, g.cnt);
	b->n.programs++;
	if (!fast_load(&b->fast, &g, &log, &p) && p.prog->subprog_cnt <= SUBPROGS) {
		b->n.accepted++;
		fast_pool_make(&b->pool, &g);
		count_steps(b, &p, seed);
		run_program(b, &g, &p, seed);
		if (b->linux_side && seed % b->linux_every == 0)
			ask_linux(b, &g, &p, seed);
	}
	if (b->show)
		printf("%s", buf_str(&log.text));
	fast_unload(&p);
	log_free(&log);
}

static void report(const struct bench *b)
{
	printf("# jit: %" PRIu64 " programs, %" PRIu64 " accepted, %" PRIu64 " compiled, %" PRIu64
	       " refused by the compiler, %" PRIu64 " runs compared, %" PRIu64
	       " by chance, %" PRIu64 " too long, %" PRIu64 " different; %" PRIu64
	       " instructions a run; %" PRIu64 " runs compared with Linux\n",
	       b->n.programs, b->n.accepted, b->n.compiled, b->n.refused, b->n.runs, b->n.by_chance,
	       b->n.too_long, b->n.different, b->n.accepted ? b->n.steps / b->n.accepted : 0,
	       b->n.in_linux);
}

/* Tail calls from a program whose intermediate form is evaluated lead to such a one. */
static int add_target(const struct prog *target)
{
	return eval_prog_add(target, NULL, NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
	u64 runs = RUNS, seconds = 0, seed = 1, only = 0;
	struct bench *b = &bench;
	time_t start = time(NULL);
	int opt;

	b->inputs = INPUTS;
	while ((opt = getopt(argc, argv, "ds:n:i:l:p:")) != -1) {
		u64 value = optarg ? strtoull(optarg, NULL, 0) : 0;

		if (opt == 'd')
			b->dump = true;
		else if (opt == 's')
			seconds = value;
		else if (opt == 'n')
			runs = value;
		else if (opt == 'i')
			b->inputs = (u32)value;
		else if (opt == 'l')
			b->linux_every = value ? value : 1;
		else if (opt == 'p')
			only = value;
		else
			return 2;
	}
	if (optind < argc)
		seed = strtoull(argv[optind], NULL, 0);
	catch_faults();
	tap_begin("interpreter and machine code agree on random programs");
	if (!jit_present()) {
		tap_skip("no JIT for this machine");
		tap_end();
		return tap_done();
	}
	if (fast_open(&b->fast)) {
		printf("Bail out! no maps\n");
		return 1;
	}
	if (b->linux_every)
		b->linux_side = linux_open();
	if (b->linux_every && !b->linux_side)
		printf("# bpf() is refused: Linux is not asked\n");
	b->fast.made = add_target;
	b->fast.gone = eval_prog_drop;
	b->show = only;
	if (only) {
		test_program(b, only);
	} else {
		while (seconds ? (u64)(time(NULL) - start) < seconds : b->n.runs < runs)
			test_program(b, seed++);
		if (b->n.programs > 100 && b->n.accepted < b->n.programs / 3)
			tap_fail("%" PRIu64 " of %" PRIu64 " programs accepted: that tests little",
				 b->n.accepted, b->n.programs);
	}
	tap_end();
	linux_close(b->linux_side);
	fast_close(&b->fast);
	tap_done();
	report(b);
	return tap.failed ? 1 : 0;
}
