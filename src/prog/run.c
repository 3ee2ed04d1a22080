/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a prepared program, by machine code where there is some. */
#include "interp/interp.h"
#include "jit/jit.h"
#include "prog/internal.h"

u64 prog_execute(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	if (fn->entry)
		return jit_run(run, fn, r1, r2, r3, r4, r5);
	return interp_run(run, fn, r1, r2, r3, r4, r5);
}

static u64 execute(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
		   u64 r5)
{
	struct trampoline *t = atomic_load_explicit(&fn->trampoline, memory_order_relaxed);

	if (unlikely(t))
		return t->call(run, fn, r1, r2, r3, r4, r5);
	return prog_execute(run, fn, r1, r2, r3, r4, r5);
}

u64 prog_interpret(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	return interp_run(run, run->prog->subprogs, r1, r2, r3, r4, r5);
}

/* For helpers: what is not 0 ends their loops, and so does the end of the budget. */
static u64 invoke(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	u64 r0 = execute(run, fn, r1, r2, r3, r4, r5);

	return unlikely(run->budget.stopped) ? 1 : r0;
}

/* The callback sees nothing of what was under way; without one the number is the result. */
static u64 catch (struct run *run, const struct prog *prog)
{
	const struct subprog *end = prog->subprogs + prog->subprog_cnt;

	run->thrown = false;
	run->budget.stopped = false;
	run->prog = prog;
	for (const struct subprog *fn = prog->subprogs; fn < end; fn++)
		if (fn->is_exception_callback)
			return execute(run, fn, run->cookie, 0, 0, 0, 0);
	return run->cookie;
}

u64 prog_run_in(struct run *run, const struct prog *prog, void *ctx)
{
	u64 r0;

	run->prog = prog;
	run->ctx = ctx;
	run->tail_calls = 0;
	run->invoke = invoke;
	run->thrown = false;
	budget_begin(run);
	r0 = execute(run, prog->subprogs, ptr_to_u64(ctx), 0, 0, 0, 0);
	if (unlikely(run->thrown))
		r0 = catch (run, prog);
	if (unlikely(run->budget.stopped)) {
		budget_release_all(run);
		return prog->stopped_verdict;
	}
	return r0;
}

u64 prog_run(const struct prog *prog, void *ctx)
{
	struct run run;
	u64 r0;

	run_begin(&run, prog->obj.host);
	r0 = prog_run_in(&run, prog, ctx);
	run_end(&run);
	return r0;
}
