/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of programs that other programs are attached to: fentry and fexit
 * around them, freplace instead of them. Until something is attached to it
 * for the first time a program knows nothing of this; then its code is made again,
 * in which nothing is built into its callers that has a trampoline, and calls go
 * by way of that.
 */
#include <errno.h>

#include "jit/jit.h"
#include "object/trampoline.h"
#include "prog/internal.h"

struct traced_call {
	struct run *run;
	const struct subprog *fn;
};

static u64 call_itself(void *arg, const u64 *args)
{
	const struct traced_call *call = arg;

	return prog_execute(call->run, call->fn, args[0], args[1], args[2], args[3], args[4]);
}

static u64 call_traced(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
		       u64 r5)
{
	const u64 args[] = {r1, r2, r3, r4, r5};
	struct traced_call call = {run, fn};

	return trampoline_call_subprog(run, fn->trampoline, args, call_itself, &call);
}

/* How many registers the function takes; of one that its BTF does not tell, all. */
static u32 count_args(const struct prog *prog, u32 subprog)
{
	const struct btf *btf = prog->btf->btf;
	const struct btf_type *func = btf_type_by_id(btf, prog->func_info[subprog].type_id);

	if (prog->subprogs[subprog].unreliable)
		return 5;
	return btf_vlen(btf_type_by_id(btf, func->type));
}

static int compile_again(struct prog *prog)
{
	const struct host *host = prog->obj.host;
	const struct jit_options options = {
		.passes = JIT_PASSES_ALL & ~host->jit.passes_off,
		.features_off = host->jit.features_off,
		.limited = host->limits.steps || host->limits.ns,
		.blind = host->jit.harden > 1,
	};
	struct err err = {0};

	return jit_compile_again(prog, &options, &err);
}

static int make(struct prog *prog, u32 subprog, struct trampoline **t)
{
	struct subprog *fn = &prog->subprogs[subprog];
	struct host *host = prog->obj.host;
	int err;

	*t = atomic_load(&fn->trampoline);
	if (*t)
		return 0;
	/* Code of files is not made here; and what keeps secrets from its loader stays as it is. */
	if (!prog->jit || host->jit.files || host->jit.writer || prog->masked)
		return -EOPNOTSUPP;
	*t = trampoline_of_subprog(host, count_args(prog, subprog), call_traced);
	if (!*t)
		return -ENOMEM;
	atomic_store(&fn->trampoline, *t);
	err = compile_again(prog);
	if (!err)
		return 0;
	/* Nobody has seen it do anything. */
	atomic_store(&fn->trampoline, NULL);
	host_synchronize(host);
	trampoline_free(host, *t);
	return err;
}

int prog_trampoline(struct prog *prog, u32 subprog, struct trampoline **t)
{
	struct host *host = prog->obj.host;
	int err = trampolines_lock(host);

	if (err)
		return err;
	err = make(prog, subprog, t);
	trampolines_unlock(host);
	return err;
}
