/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program in all the ways that it can be executed: interpreter,
 * intermediate form, and machine code of several makes. Each is run on the
 * same context; what it leaves there must be what the interpreter left.
 */
#ifndef ANYBPF_TESTS_JIT_VARIANTS_H
#define ANYBPF_TESTS_JIT_VARIANTS_H

#include "engine.h"
#include "interp/interp.h"
#include "ir_eval.h"
#include "jit/jit.h"
#include "jit/pass/pass.h"

struct make {
	const char *name;
	struct jit_options options;
	bool evaluate; /* the intermediate form, which is slow */
};

static const struct make makes[] = {
	{"all passes", {.passes = JIT_PASSES_ALL}, false},
	{"no pass", {.passes = 0}, false},
	{"a baseline machine", {.passes = JIT_PASSES_ALL, .features_off = ~0u}, false},
	{"blinded", {.passes = JIT_PASSES_ALL, .blind = true}, false},
	{"intermediate form", {.passes = JIT_PASSES_ALL}, true},
};

/* Of a program under test: fills in the context before each run, judges it after. */
struct trial {
	void *ctx, *want; /* of .size bytes */
	size_t size;
	void (*fill)(void *arg, void *ctx, u32 run);
	u32 runs, evaluations;
	/* Says of the first byte that differs what it is about. */
	void (*report)(void *arg, const char *make, u32 run, size_t at);
	void *arg;
};

static inline bool trial_run(const struct trial *t, const struct prog *prog, engine_fn engine,
			     const struct make *make)
{
	u32 runs = make->evaluate ? t->evaluations : t->runs;

	for (u32 run = 0; run < runs; run++) {
		t->fill(t->arg, t->ctx, run);
		engine_run(interp_run, prog, t->ctx, NULL);
		memcpy(t->want, t->ctx, t->size);
		t->fill(t->arg, t->ctx, run);
		engine_run(engine, prog, t->ctx, NULL);
		if (!memcmp(t->want, t->ctx, t->size))
			continue;
		for (size_t i = 0; i < t->size; i++) {
			if (((const u8 *)t->want)[i] == ((const u8 *)t->ctx)[i])
				continue;
			t->report(t->arg, make->name, run, i);
			return false;
		}
	}
	return true;
}

static inline int run_passes(struct ir_fn *fn, void *arg __unused, struct err *err __unused)
{
	return passes_run(fn);
}

/* Each of the first @n makes, or all of them. False at the first difference. */
static inline bool trial(const struct trial *t, struct prog *prog, u32 n)
{
	struct err err = {0};
	bool same = true;

	for (u32 i = 0; i < ARRAY_SIZE(makes) && i < n && same; i++) {
		const struct make *make = &makes[i];
		int ret;

		if (make->evaluate)
			ret = eval_prog_add(prog, &make->options, run_passes, NULL, &err);
		else if (jit_present())
			ret = jit_compile(prog, &make->options, &err);
		else
			continue;
		if (ret) {
			tap_fail("%s: %s", make->name, err.text);
			return false;
		}
		same = trial_run(t, prog, make->evaluate ? eval_run : jit_run, make);
		if (make->evaluate)
			eval_prog_drop(prog);
		else
			jit_free(prog);
	}
	return same;
}

#endif
