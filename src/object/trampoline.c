/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of a trampoline are one piece of memory that is replaced whole:
 * those who call hold a reference of what they found. The host's lock guards
 * changes.
 */
#include "object/trampoline.h"

#include <errno.h>
#include <string.h>

#include "object/prog.h"

struct attached {
	struct prog *prog; /* a reference */
	u64 cookie;
	_Atomic u32 kind; /* enum trampoline_kind; DETACHED: no more */
};

#define DETACHED (TRAMPOLINE_REPLACE + 1)

struct trampoline_progs {
	struct deferred deferred; /* until nobody is between finding it and taking a reference */
	struct host *host;
	_Atomic u32 refs;
	u32 n;
	struct attached at[]; /* the last that was attached first */
};

/* ---- references ---- */

static void progs_free(struct trampoline_progs *progs)
{
	struct host *host = progs->host;

	for (u32 i = 0; i < progs->n; i++)
		object_put(&progs->at[i].prog->obj);
	mem_free(host->mem, progs);
}

static void progs_put(struct trampoline_progs *progs)
{
	if (atomic_fetch_sub(&progs->refs, 1) == 1)
		progs_free(progs);
}

static void put_unseen(struct host *host, struct deferred *deferred)
{
	(void)host;
	progs_put(container_of(deferred, struct trampoline_progs, deferred));
}

/* In a slot. The trampoline's own reference is let go of after all slots have been left. */
static struct trampoline_progs *progs_get(struct trampoline *t)
{
	struct trampoline_progs *progs = atomic_load(&t->progs);

	if (progs)
		atomic_fetch_add(&progs->refs, 1);
	return progs;
}

static void replace_progs(struct host *host, struct trampoline *t, struct trampoline_progs *progs)
{
	struct trampoline_progs *old = atomic_exchange(&t->progs, progs);

	if (old)
		host_defer(host, 0, &old->deferred, put_unseen);
}

/* ---- attaching ---- */

static struct trampoline_progs *progs_new(struct host *host, u32 n)
{
	struct trampoline_progs *progs =
		mem_zalloc(host->mem, sizeof(*progs) + n * sizeof(progs->at[0]));

	if (!progs)
		return NULL;
	progs->host = host;
	progs->n = n;
	atomic_init(&progs->refs, 1);
	return progs;
}

static u32 count_attached(const struct trampoline_progs *progs)
{
	u32 n = 0;

	for (u32 i = 0; i < progs->n; i++)
		n += progs->at[i].kind != DETACHED;
	return n;
}

static int may_attach(const struct trampoline_progs *progs, enum trampoline_kind kind,
		      const struct prog *prog, bool again)
{
	u32 n = progs ? count_attached(progs) : 0;

	if (!n)
		return 0;
	if (kind == TRAMPOLINE_REPLACE)
		return -EBUSY;
	for (u32 i = 0; i < progs->n; i++)
		if (progs->at[i].kind == TRAMPOLINE_REPLACE)
			return -EBUSY;
	if (again)
		return 0;
	if (n >= TRAMPOLINE_MAX_PROGS)
		return -E2BIG;
	for (u32 i = 0; i < progs->n; i++)
		if (progs->at[i].kind == kind && progs->at[i].prog == prog)
			return -EBUSY;
	return 0;
}

/* With the host's lock held. */
static int attach(struct host *host, struct trampoline *t, const struct attached *new)
{
	const struct trampoline_progs *old = atomic_load(&t->progs);
	u32 n = old ? old->n : 0;
	struct trampoline_progs *progs = progs_new(host, n + 1);

	if (!progs)
		return -ENOMEM;
	progs->at[0] = *new;
	if (n)
		memcpy(progs->at + 1, old->at, n * sizeof(old->at[0]));
	for (u32 i = 0; i <= n; i++)
		object_get(&progs->at[i].prog->obj);
	replace_progs(host, t, progs);
	return 0;
}

/* Only what is attached. Out of memory the others stay, but do not run. */
static void compact(struct host *host, struct trampoline *t)
{
	struct trampoline_progs *old = atomic_load(&t->progs), *progs = NULL;
	u32 left = count_attached(old), n = 0;

	if (left) {
		progs = progs_new(host, left);
		if (!progs)
			return;
	}
	for (u32 i = 0; i < old->n; i++) {
		if (old->at[i].kind == DETACHED)
			continue;
		progs->at[n] = old->at[i];
		object_get(&progs->at[n++].prog->obj);
	}
	replace_progs(host, t, progs);
}

/* ---- the host's ---- */

struct trampolines {
	struct host_part part;
	_Atomic(struct trampoline *) first; /* of a list that only grows */
	pthread_mutex_t lock;		    /* who adds to it, and who attaches anywhere */
	pthread_mutex_t subprogs_lock;	    /* who makes trampolines of programs */
	_Atomic u64 sessions;
};

void trampoline_free(struct host *host, struct trampoline *t)
{
	struct trampoline_progs *progs;

	if (!t)
		return;
	progs = atomic_load(&t->progs);
	if (progs)
		progs_put(progs);
	mem_free(host->mem, t);
}

static void part_free(struct host *host, struct host_part *part)
{
	struct trampolines *all = container_of(part, struct trampolines, part);
	struct trampoline *next;

	for (struct trampoline *t = atomic_load(&all->first); t; t = next) {
		next = t->next;
		trampoline_free(host, t);
	}
	pthread_mutex_destroy(&all->lock);
	pthread_mutex_destroy(&all->subprogs_lock);
	mem_free(host->mem, all);
}

static struct host_part *part_make(struct host *host)
{
	struct trampolines *all = mem_zalloc(host->mem, sizeof(*all));

	if (!all)
		return NULL;
	all->part.free = part_free;
	pthread_mutex_init(&all->lock, NULL);
	pthread_mutex_init(&all->subprogs_lock, NULL);
	return &all->part;
}

static struct trampolines *all_of(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_TRAMPOLINES, part_make);

	return part ? container_of(part, struct trampolines, part) : NULL;
}

static struct trampoline *find(const struct trampolines *all, const char *name)
{
	for (struct trampoline *t = atomic_load(&all->first); t; t = t->next)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

struct trampoline *trampoline_find(struct host *host, const char *name)
{
	struct host_part *part = atomic_load(&host->parts[HOST_PART_TRAMPOLINES]);

	return part ? find(container_of(part, struct trampolines, part), name) : NULL;
}

static struct trampoline *add(struct host *host, struct trampolines *all, const char *name)
{
	size_t len = strlen(name) + 1;
	struct trampoline *t = mem_zalloc(host->mem, sizeof(*t) + len);

	if (!t)
		return NULL;
	t->name = memcpy(t + 1, name, len);
	t->next = atomic_load(&all->first);
	atomic_store(&all->first, t);
	return t;
}

struct trampoline *trampoline_get(struct host *host, const char *name)
{
	struct trampolines *all = all_of(host);
	struct trampoline *t;

	if (!all)
		return NULL;
	pthread_mutex_lock(&all->lock);
	t = find(all, name);
	if (!t)
		t = add(host, all, name);
	pthread_mutex_unlock(&all->lock);
	return t;
}

int trampoline_attach(struct host *host, struct trampoline *t, enum trampoline_kind kind,
		      struct prog *prog, u64 cookie, bool again)
{
	const struct attached new = {prog, cookie, kind};
	struct trampolines *all = all_of(host);
	int err;

	if (!all)
		return -ENOMEM;
	pthread_mutex_lock(&all->lock);
	err = may_attach(atomic_load(&t->progs), kind, prog, again);
	if (!err)
		err = attach(host, t, &new);
	pthread_mutex_unlock(&all->lock);
	return err;
}

void trampoline_detach(struct host *host, struct trampoline *t, enum trampoline_kind kind,
		       struct prog *prog)
{
	struct trampolines *all = all_of(host);
	struct trampoline_progs *progs;

	pthread_mutex_lock(&all->lock);
	progs = atomic_load(&t->progs);
	for (u32 i = 0; progs && i < progs->n; i++) {
		if (progs->at[i].kind != kind || progs->at[i].prog != prog)
			continue;
		progs->at[i].kind = DETACHED;
		compact(host, t);
		break;
	}
	pthread_mutex_unlock(&all->lock);
}

int trampolines_lock(struct host *host)
{
	struct trampolines *all = all_of(host);

	if (!all)
		return -ENOMEM;
	pthread_mutex_lock(&all->subprogs_lock);
	return 0;
}

void trampolines_unlock(struct host *host)
{
	pthread_mutex_unlock(&all_of(host)->subprogs_lock);
}

struct trampoline *trampoline_of_subprog(struct host *host, u32 nargs,
					 u64 (*call)(struct run *run, const struct subprog *fn,
						     u64 r1, u64 r2, u64 r3, u64 r4, u64 r5))
{
	struct trampoline *t = mem_zalloc(host->mem, sizeof(*t));

	if (!t)
		return NULL;
	t->nargs = nargs;
	t->call = call;
	return t;
}

u64 trace_session(struct host *host)
{
	struct trampolines *all = all_of(host);

	return all ? atomic_fetch_add(&all->sessions, 1) + 1 : 0;
}

/* ---- calling ---- */

/* The run of one program: part of @outer's, or one with a slot of its own. */
static void begin(struct run *run, struct run *outer, struct host *host)
{
	if (outer) {
		*run = *outer;
		run->tracer = NULL;
	} else {
		run_begin(run, host);
	}
}

static void end(struct run *run, const struct run *outer)
{
	if (!outer)
		run_end(run);
}

static bool is_running(const struct trace_ctx *ctx, const struct prog *prog)
{
	for (; ctx; ctx = ctx->outer)
		if (ctx->prog == prog)
			return true;
	return false;
}

static u64 run_one(struct run *run, const struct prog *prog, struct trace_ctx *ctx)
{
	u64 r0;

	if (is_running(ctx->outer, prog))
		return 0;
	ctx->prog = prog;
	run->trace = ctx;
	r0 = prog->run(run, prog, ctx->args);
	run->trace = ctx->outer;
	return r0;
}

void trampoline_run(struct host *host, struct run *outer, const struct prog *prog,
		    struct trace_ctx *ctx, u64 *r0)
{
	struct run run;

	begin(&run, outer, host);
	ctx->outer = outer ? outer->trace : NULL;
	*r0 = run_one(&run, prog, ctx);
	end(&run, outer);
}

/* One kind of programs in order; true: one of them gave the result, nothing more is called. */
static bool run_kind(struct run *run, const struct trampoline_progs *progs,
		     enum trampoline_kind kind, struct trace_ctx *ctx)
{
	for (u32 i = 0; i < progs->n; i++) {
		u64 r0;

		if (progs->at[i].kind != kind)
			continue;
		ctx->cookie = progs->at[i].cookie;
		r0 = run_one(run, progs->at[i].prog, ctx);
		if (kind != TRAMPOLINE_MODIFY)
			continue;
		ctx->args[ctx->nargs] = r0;
		if (r0)
			return true;
	}
	return false;
}

static void ctx_init(struct trace_ctx *ctx, struct run *outer, struct trampoline *t,
		     const u64 *args, u32 n)
{
	*ctx = (struct trace_ctx){.ip = ptr_to_u64(t), .nargs = n};
	ctx->outer = outer ? outer->trace : NULL;
	memcpy(ctx->args, args, n * sizeof(args[0]));
}

/* No slot is held while the function runs: it may want one. */
static void call_around(struct host *host, struct run *outer, const struct trampoline_progs *progs,
			struct trace_ctx *ctx, trampoline_fn fn, void *fn_arg)
{
	struct run run;
	bool decided;

	begin(&run, outer, host);
	run_kind(&run, progs, TRAMPOLINE_ENTRY, ctx);
	ctx->has_result = true;
	decided = run_kind(&run, progs, TRAMPOLINE_MODIFY, ctx);
	end(&run, outer);
	if (!decided)
		ctx->args[ctx->nargs] = fn(fn_arg, ctx->args);
	begin(&run, outer, host);
	run_kind(&run, progs, TRAMPOLINE_EXIT, ctx);
	end(&run, outer);
}

/* What is attached, with a reference; NULL: nothing. */
static struct trampoline_progs *find_progs(struct host *host, struct run *outer,
					   struct trampoline *t)
{
	struct trampoline_progs *progs;
	struct run run;

	if (!t || !atomic_load_explicit(&t->progs, memory_order_relaxed))
		return NULL;
	if (outer)
		return progs_get(t);
	run_begin(&run, host);
	progs = progs_get(t);
	run_end(&run);
	return progs;
}

u64 trampoline_call(struct host *host, struct run *outer, struct trampoline *t, const u64 *args,
		    u32 n, trampoline_fn fn, void *fn_arg)
{
	struct trampoline_progs *progs = find_progs(host, outer, t);
	struct trace_ctx ctx;
	u64 result;

	if (!progs)
		return fn(fn_arg, args);
	ctx_init(&ctx, outer, t, args, n);
	call_around(host, outer, progs, &ctx, fn, fn_arg);
	result = ctx.args[n];
	progs_put(progs);
	return result;
}

/* What replaces the function, or NULL. */
static const struct prog *replacement(const struct trampoline_progs *progs)
{
	return progs->n && progs->at[0].kind == TRAMPOLINE_REPLACE ? progs->at[0].prog : NULL;
}

u64 trampoline_call_subprog(struct run *run, struct trampoline *t, const u64 *args,
			    trampoline_fn fn, void *fn_arg)
{
	struct trampoline_progs *progs = progs_get(t);
	const struct prog *instead;
	struct trace_ctx ctx;
	u64 result;

	if (!progs)
		return fn(fn_arg, args);
	instead = replacement(progs);
	if (instead) {
		result = run->invoke(run, instead->subprogs, args[0], args[1], args[2], args[3],
				     args[4]);
	} else {
		ctx_init(&ctx, run, t, args, 5);
		ctx.nargs = t->nargs;
		call_around(run->host, run, progs, &ctx, fn, fn_arg);
		result = ctx.args[t->nargs];
	}
	progs_put(progs);
	return result;
}

void trampoline_trace(struct host *host, struct run *outer, struct trampoline *t, const u64 *args,
		      u32 n)
{
	struct trampoline_progs *progs = find_progs(host, outer, t);
	struct trace_ctx ctx;
	struct run run;

	if (!progs)
		return;
	ctx_init(&ctx, outer, t, args, n);
	begin(&run, outer, host);
	run_kind(&run, progs, TRAMPOLINE_ENTRY, &ctx);
	end(&run, outer);
	progs_put(progs);
}
