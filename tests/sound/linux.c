/* SPDX-License-Identifier: BSD-2-Clause */
/* Test runs of one program in Linux and in each engine here, see linux.h. */
#include "sound/linux.h"

#include <stdio.h>
#include <stdlib.h>

#include "sound/exec.h"

#define INPUTS 2

struct linux_side {
	struct exec here, other; /* the second one tells what results are worth */
	struct engine *kernel;
	struct world world; /* Linux's */
};

void linux_close(struct linux_side *l)
{
	if (!l)
		return;
	exec_close(&l->here);
	exec_close(&l->other);
	world_close(&l->world);
	engine_free(l->kernel);
	free(l);
}

struct linux_side *linux_open(void)
{
	struct linux_side *l = calloc(1, sizeof(*l));

	if (!l || engine_kernel_new(&mem_libc, &l->kernel)) {
		free(l);
		return NULL;
	}
	if (!exec_open(&l->here) && !exec_open(&l->other) && !world_open(&l->world, l->kernel))
		return l;
	linux_close(l);
	return NULL;
}

/* ---- runs ---- */

/* One program, loaded on both sides. */
struct pair {
	struct linux_side *l;
	const struct gen *g;
	int here, there;
	struct input in[INPUTS];
	struct outcome want[INPUTS];
};

static u64 seed_of(const struct pair *p, u32 i)
{
	return p->g->seed * INPUTS + i;
}

static void run_there(struct pair *p)
{
	for (u32 i = 0; i < INPUTS; i++) {
		struct input *in = &p->in[i];

		input_make(in, p->g, seed_of(p, i));
		/* What a test run gives XDP programs: the loopback device, its only queue. */
		if (p->g->type == BPF_PROG_TYPE_XDP) {
			in->mark = 1;
			in->priority = 0;
		}
		world_fill(&p->l->world, p->g, seed_of(p, i), false);
		world_run(&p->l->world, p->g, p->there, in, &p->want[i]);
	}
}

/* With the code that the program has now; the number of runs, or -1. */
static s32 run_here(struct pair *p, const char *engine, char text[LINUX_TEXT])
{
	static struct outcome got;
	char differs[OUTCOME_TEXT];
	s32 runs = 0;

	for (u32 i = 0; i < INPUTS; i++, runs++) {
		world_fill(&p->l->here.world, p->g, seed_of(p, i), false);
		world_run(&p->l->here.world, p->g, p->here, &p->in[i], &got);
		if (!outcome_differs(&p->want[i], &got, differs))
			continue;
		if (exec_by_chance(&p->l->here, &p->l->other, p->g, &p->in[i], seed_of(p, i)))
			return 0;
		snprintf(text, LINUX_TEXT, "Linux and %s, input %u: %s", engine, i, differs);
		return -1;
	}
	return runs;
}

static s32 run_all(struct pair *p, const struct jit_options *options, u32 n, char text[LINUX_TEXT])
{
	struct object *obj;
	struct prog *prog;
	s32 all = 0, runs;

	if (handle_get_kind(p->l->here.host, p->here, OBJECT_PROG, &obj))
		return 0;
	prog = prog_of(obj);
	run_there(p);
	runs = run_here(p, "the code as loaded", text);
	jit_free(prog);
	for (u32 i = 0; i <= n && runs > 0; i++) {
		struct jit_options o = i ? options[i - 1] : (struct jit_options){0};

		all += runs;
		o.aot = false;
		if (i && jit_compile(prog, &o, NULL))
			continue;
		runs = run_here(p, i ? "other code" : "the interpreter", text);
		jit_free(prog);
	}
	object_put(obj);
	return runs < 0 ? runs : all + runs;
}

s32 linux_compare(struct linux_side *l, const struct gen *g, const struct jit_options *options,
		  u32 n, char text[LINUX_TEXT])
{
	struct pair p = {.l = l, .g = g};
	s32 runs = 0;

	/* From 6.13 on it folds the sum of bpf_csum_diff(). */
	if (g->plain || gen_by_chance(g) || gen_calls(g, BPF_FUNC_csum_diff))
		return 0;
	world_fill(&l->here.world, g, g->seed, world_uses(g, GEN_RING));
	world_fill(&l->world, g, g->seed, world_uses(g, GEN_RING));
	p.here = world_load(&l->here.world, g, NULL, 0);
	p.there = world_load(&l->world, g, NULL, 0);
	if (p.here >= 0 && p.there >= 0)
		runs = run_all(&p, options, n, text);
	if (p.here >= 0)
		l->here.world.engine->ops->close(l->here.world.engine, p.here);
	if (p.there >= 0)
		l->kernel->ops->close(l->kernel, p.there);
	return runs;
}
